/* Performs the system calls that a script lists, without any of them being carried out: the kernel's seccomp filter
   answers each with an error or a result that the script chose. The script (see tests/differential/script.rs) also says
   what memory holds before each call, at addresses that are the same in every run. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SCRIPT 0x30000000ul
#define AREAS 0x20000000ul
#define AREA_STEP 0x10000ul
#define AREA_SIZE 0x8000ul
#define AREA_COUNT 16
#define STACK 0x28000000ul
#define STACK_SIZE 0x10000ul

struct call {
    uint32_t nr;
    uint32_t how; /* 0: ENOSYS, 1: returns 0, 2: returns `result` */
    int64_t result;
    uint64_t args[6];
    uint32_t images;
    uint32_t pad;
};

struct image {
    uint64_t address;
    uint32_t size;
    uint32_t pad;
};

/* The registers of a call: its number and the arguments; one routine for each way in which it is answered, for the filter
   tells them apart by the address of the instruction. The stack is elsewhere, so that it holds the same in every run. */
long registers[7] __attribute__((visibility("hidden")));
void perform_failing(void);
void perform_empty(void);
void perform_answered(void);
extern char after_failing[], after_empty[], after_answered[];

#ifdef __x86_64__
#define ROUTINE(name) \
    ".globl perform_" name ", after_" name "\n" \
    "perform_" name ":\n" \
    "push %rbx\n mov %rsp, %rbx\n mov $0x28008000, %esp\n" \
    "mov registers(%rip), %rax\n mov registers+8(%rip), %rdi\n mov registers+16(%rip), %rsi\n" \
    "mov registers+24(%rip), %rdx\n mov registers+32(%rip), %r10\n mov registers+40(%rip), %r8\n" \
    "mov registers+48(%rip), %r9\n" \
    "syscall\n" \
    "after_" name ": mov %rbx, %rsp\n pop %rbx\n ret\n"
#else
#define ROUTINE(name) \
    ".globl perform_" name ", after_" name "\n" \
    "perform_" name ":\n" \
    "push %ebx\n push %esi\n push %edi\n push %ebp\n call 1f\n 1: pop %eax\n" \
    "lea registers-1b(%eax), %eax\n mov %esp, saved_stack-registers(%eax)\n mov $0x28008000, %esp\n" \
    "mov 4(%eax), %ebx\n mov 8(%eax), %ecx\n mov 12(%eax), %edx\n mov 16(%eax), %esi\n mov 20(%eax), %edi\n" \
    "mov 24(%eax), %ebp\n mov (%eax), %eax\n" \
    "int $0x80\n" \
    "after_" name ": call 2f\n 2: pop %eax\n lea saved_stack-2b(%eax), %eax\n mov (%eax), %esp\n" \
    "pop %ebp\n pop %edi\n pop %esi\n pop %ebx\n ret\n"
long saved_stack __attribute__((visibility("hidden")));
#endif
__asm__(".text\n" ROUTINE("failing") ROUTINE("empty") ROUTINE("answered"));

static volatile int listener = -1;
static volatile int64_t answer;

/* Another process with the same memory and descriptors, which nobody traces, answers what the filter asks it. */
static int supervise(void *unused) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (listener < 0)
        usleep(100);
    for (;;) {
        struct seccomp_notif asked;
        memset(&asked, 0, sizeof asked);
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked))
            continue;
        struct seccomp_notif_resp reply = {.id = asked.id};
        int64_t value = answer;
        if (value < 0 && value > -4096)
            reply.error = value;
        else
            reply.val = value;
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
    }
}

static void filter(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(uintptr_t)after_failing, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(uintptr_t)after_empty, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(uintptr_t)after_answered, 3, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 38),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    int fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    if (fd < 0)
        _exit(3);
    listener = fd;
}

static void *map(unsigned long at, unsigned long size, int fd) {
    void *got = mmap((void *)at, size, PROT_READ | PROT_WRITE,
                     MAP_FIXED_NOREPLACE | MAP_PRIVATE | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
    if (got != (void *)at)
        _exit(2);
    return got;
}

int main(int argc, char **argv) {
    int fd = open(argv[1], O_RDONLY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st))
        return 1;
    char *at = map(SCRIPT, st.st_size, fd), *end = at + st.st_size;
    for (int i = 0; i < AREA_COUNT; i++)
        map(AREAS + i * AREA_STEP, AREA_SIZE, -1);
    map(STACK, STACK_SIZE, -1);
    static char stack[65536];
    if (clone(supervise, stack + sizeof stack, CLONE_VM | CLONE_FILES | SIGCHLD, NULL) < 0)
        return 4;
    close(fd);
    filter();
    while (at < end) {
        struct call *call = (struct call *)at;
        at += sizeof *call;
        for (uint32_t i = 0; i < call->images; i++) {
            struct image *image = (struct image *)at;
            at += sizeof *image;
            memcpy((void *)(uintptr_t)image->address, at, image->size);
            at += (image->size + 7) & ~7u;
        }
        registers[0] = call->nr;
        for (int i = 0; i < 6; i++)
            registers[i + 1] = call->args[i];
        answer = call->result;
        if (call->how == 0)
            perform_failing();
        else if (call->how == 1)
            perform_empty();
        else
            perform_answered();
    }
    _exit(0);
}
