/* Addresses of the rarer families of sockets. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void address(const void *bytes, int len) {
    static unsigned char aligned[256];
    memcpy(aligned, bytes, len);
    syscall(SYS_bind, -1, aligned, len);
}

/* A call sign: each character a bit to the left. */
static void call_sign(unsigned char *to, const char *sign, int station) {
    memset(to, ' ' << 1, 6);
    for (int i = 0; sign[i]; i++) to[i] = sign[i] << 1;
    to[6] = station << 1;
}

int main(void) {
    unsigned char b[128] = {0};
    unsigned short *halves = (unsigned short *)b;
    unsigned *words = (unsigned *)b;

    const char *signs[] = {"ABCDEF", "N0CALL", "", "ab", "\1"};
    for (int i = 0; i < 5; i++) {
        memset(b, 0, sizeof b);
        halves[0] = AF_AX25;
        call_sign(b + 2, signs[i], i & 1 ? 15 : 0);
        address(b, 16);
    }
    memset(b, 0, sizeof b);
    halves[0] = AF_AX25;
    call_sign(b + 2, "AB", 1);
    words[3] = 2;
    call_sign(b + 16, "CD", 2);
    address(b, 23);
    address(b, 25);
    words[3] = -1;
    address(b, 17);

    unsigned short services[] = {1, 7, 2503};
    for (int i = 0; i < 3; i++) {
        memset(b, 0, sizeof b);
        halves[0] = AF_RXRPC;
        halves[1] = services[i];
        halves[2] = SOCK_DGRAM;
        halves[3] = 16;
        halves[4] = i == 1 ? AF_INET6 : AF_INET;
        halves[5] = htons(7001);
        b[12] = 127, b[15] = 1;
        address(b, 36);
    }
    halves[3] = 5;
    address(b, 36);

    for (int type = 0; type < 4; type++) {
        memset(b, 0, sizeof b);
        halves[0] = AF_IEEE802154;
        words[1] = type;
        halves[4] = 0xffff;
        halves[5] = type == 3 ? 0x1234 : 0xfffe;
        address(b, 20);
    }
    for (int type = 0; type < 4; type++) {
        memset(b, 0, sizeof b);
        halves[0] = AF_TIPC;
        b[2] = type, b[3] = type;
        words[1] = 18888, words[2] = 17, words[3] = 99;
        address(b, 16);
    }
    memset(b, 0, sizeof b);
    halves[0] = AF_NFC;
    words[1] = 0, words[3] = 5;
    b[16] = 0, b[17] = 4;
    strcpy((char *)b + 18, "urn:nfc:sn:snep");
    words[22] = 15;
    address(b, 96);
    memset(b, 0, sizeof b);
    halves[0] = AF_XDP;
    words[3] = 5;
    address(b, 16);
    b[2] = 1;
    address(b, 16);
    return 0;
}
