/* Old calls of i386, whose structures differ. */
int main(void) {
    char b[512];
    int r;
    asm volatile("int $0x80":"=a"(r):"a"(106),"b"("/etc/passwd"),"c"(b):"memory");
    asm volatile("int $0x80":"=a"(r):"a"(195),"b"("/etc/passwd"),"c"(b):"memory");
    asm volatile("int $0x80":"=a"(r):"a"(43),"b"(b):"memory");
    asm volatile("int $0x80":"=a"(r):"a"(99),"b"("/"),"c"(b):"memory");
    asm volatile("int $0x80":"=a"(r):"a"(106),"b"("/dev/null"),"c"(b):"memory");
    return 0;
}
