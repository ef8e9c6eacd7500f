/* 32-bit calls from 64-bit code. */
int main(void) {
    long r;
    __asm__ volatile("int $0x80" : "=a"(r) : "a"(20));
    __asm__ volatile("int $0x80" : "=a"(r) : "a"(4), "b"(1), "c"(0x1000), "d"(3));
    return 0;
}
