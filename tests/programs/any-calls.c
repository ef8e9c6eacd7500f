/* Calls of any number with any registers, on memory that holds anything: any-calls SEED COUNT. Where the kernel has them, some are
   32-bit calls. A filter of its own has the kernel refuse every one of them, so that none has an effect. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned long state;

static unsigned long any(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

/* Whether the kernel has 32-bit calls: a process that makes one without dies. */
static int has_narrow_calls(void)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        long result = 20;
        asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
        _exit(result < 0);
    }
    return waitpid(child, &status, 0) == child && status == 0;
}

int main(int argc, char **argv)
{
    (void)argc;
    state = strtoul(argv[1], 0, 0) * 0x9e3779b97f4a7c15 + 1;
    long count = atol(argv[2]);
    /* Pages with a hole behind them, and endless zeros. */
    unsigned long *pages = mmap(0, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    int narrow = has_narrow_calls();
    munmap((char *)pages + 4 * 4096, 4096);
    char *zeros = mmap(0, 1ul << 36, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    /* Only exit_group with a word that no other call here has passes. */
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[5])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x600d, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
    };
    struct sock_fprog filter = {sizeof code / sizeof *code, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
        return 1;
    for (long i = 0; i < count; i++) {
        for (int k = 0; k < 2048; k++) {
            unsigned long kind = any() % 8;
            pages[k] = kind == 0 ? any() : kind == 1 ? (unsigned long)pages + any() % (4 * 4096) : kind == 2 ? (unsigned long)zeros
                     : kind == 3 ? any() % 64 : kind == 4 ? 0x2f2f2f2f61610a1b : kind == 5 ? -(any() % 4) : 0;
        }
        unsigned long a[6];
        for (int k = 0; k < 6; k++) {
            unsigned long kind = any() % 9;
            a[k] = kind == 0 ? any() : kind == 1 ? any() % 16 : kind == 2 ? (unsigned long)zeros : kind == 3 ? -(any() % 16)
                 : kind == 4 ? (unsigned long)pages + 4 * 4096 - any() % 64 : kind == 5 ? 1ul << any() % 64
                 : (unsigned long)pages + any() % (4 * 4096);
        }
        a[5] = a[5] == 0x600d ? 0 : a[5];
        long nr = any() % 16 == 0 ? (long)any() : (long)(any() % 480);
        /* uretprobe(2) and uprobe(2), which no filter refuses: whoever calls them by himself dies of SIGILL. */
        nr = nr == 335 || nr == 336 ? 0 : nr;
        if (narrow && any() % 4 == 0) {
            /* rbx, ecx, edx, esi, edi, ebp; the last one stays what it is, and the filter sees it. */
            long result = any() % 16 == 0 ? (long)any() : (long)(any() % 480);
            asm volatile("xchg %%rbx, %1; int $0x80; xchg %%rbx, %1" : "+a"(result), "+r"(a[0])
                         : "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4]) : "memory", "r8", "r9", "r10", "r11");
            continue;
        }
        register long r10 asm("r10") = a[3];
        register long r8 asm("r8") = a[4];
        register long r9 asm("r9") = a[5];
        long result = nr;
        asm volatile("syscall" : "+a"(result) : "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    }
    syscall(SYS_exit_group, 0, 0, 0, 0, 0, 0x600d);
    return 1;
}
