/* Requests of ioctl(2) that are newer than strace 6.1, or whose names are. */
#include <string.h>
#include <sys/ioctl.h>

int main(void) {
    static unsigned char b[256] = {16, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p'};
    static unsigned int cap[4] = {3, 512 | 8 << 16 | 1u << 24, 7 | 1u << 24, 2 | 4 << 8};
    ioctl(-1, 0x80111500, b);
    ioctl(-1, 0x80811501, b);
    ioctl(-1, 0xc0101502, cap);
    for (unsigned how = 0; how < 4; how++) ioctl(-1, 0x8004587d, &how);
    ioctl(-1, 0xff01, 0);
    ioctl(-1, 0xff06, 1);
    ioctl(-1, 0x80082102, b);
    for (int request = 0x5402; request < 0x5405; request++) ioctl(-1, request, 1);
}
