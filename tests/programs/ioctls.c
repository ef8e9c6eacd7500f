/* Makes every request of a file of numbers with an argument of the kind asked for, on a descriptor that is none. A seccomp
   filter answers in the kernel's place, so that nothing happens: ioctls FILE ERRNO KIND */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BASE = 0x30000000, SIZE = 0x10000, ROOM = 0x2000 };

static void answer(int error) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_ioctl, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {4, code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
        exit(1);
}

static unsigned long long state;

static unsigned next(unsigned below) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(state >> 33) % below;
}

/* Numbers as structures have them: small ones, bits, letters, pointers. */
static void mix(unsigned *words) {
    unsigned i;
    for (i = 0; i < ROOM / 4; i++) {
        switch (next(8)) {
        case 0:
        case 1: words[i] = next(20); break;
        case 2: words[i] = 1u << next(32); break;
        case 3: words[i] = next(-1u); break;
        case 4: words[i] = -1; break;
        case 5: words[i] = BASE + 0x1000 + next(0x8000); break;
        case 6: words[i] = 0x61626360 + next(12); break;
        default: words[i] = 0;
        }
        if (words[i] >= BASE && words[i] < BASE + SIZE && i % 2 == 0)
            words[++i] = 0;
    }
}

static void fill(unsigned char *memory, const char *kind) {
    unsigned *words = (unsigned *)memory;
    unsigned long *longs = (unsigned long *)memory;
    unsigned i;
    for (i = 0; i < ROOM; i++)
        memory[i] = strcmp(kind, "ones") == 0 ? 0xff : strcmp(kind, "count") == 0 ? i + 1 : strcmp(kind, "text") == 0 ? (i % 7 == 6 ? 0 : 'a' + i % 7) : 0;
    if (strcmp(kind, "small") == 0)
        for (i = 0; i < ROOM / 4; i++)
            words[i] = 1 + (i & 7);
    /* Numbers and pointers by turns. */
    if (strcmp(kind, "pointers") == 0)
        for (i = 0; i < ROOM / sizeof(long); i++)
            longs[i] = i % 2 ? (unsigned long)memory + 512 * (i / 2 % 4) : 2;
}

int main(int argc, char **argv) {
    unsigned char *memory = mmap((void *)BASE, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    FILE *file = fopen(argv[1], "r");
    const char *kind = argv[3];
    unsigned request;
    unsigned long argument = (unsigned long)(memory + SIZE - ROOM);
    if (strcmp(kind, "null") == 0)
        argument = 0;
    if (strcmp(kind, "unmapped") == 0)
        argument = BASE - 4096;
    if (strcmp(kind, "number") == 0)
        argument = 0x12345678;
    if (strcmp(kind, "negative") == 0)
        argument = -1;
    fill(memory + SIZE - ROOM, kind);
    setvbuf(file, NULL, _IOFBF, SIZE);
    answer(atoi(argv[2]));
    if (strncmp(kind, "random", 6) == 0) {
        unsigned char *part;
        state = atoi(kind + 6);
        for (part = memory + 0x1000; part < memory + SIZE - ROOM; part += ROOM)
            mix((unsigned *)part);
    }
    while (fread(&request, sizeof request, 1, file) == 1) {
        if (state != 0)
            mix((unsigned *)(memory + SIZE - ROOM));
        syscall(__NR_ioctl, -1, request, argument);
    }
    return 0;
}
