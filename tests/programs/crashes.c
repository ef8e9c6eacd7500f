/* Crashes in the way that its argument names, after saying what it is about to do, as `field=value` of the report. */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct node {
    void *key[2];
    struct node *next;
};

static void say(const char *signal, const char *cause)
{
    printf("signal=%s cause=%s", signal, cause);
}

static void at(const char *kind, const volatile void *address, int size)
{
    if (size)
        printf(" size=%d", size);
    printf(" kind=%s address=%p\n", kind, (void *)address);
    fflush(stdout);
}

static void ready(void)
{
    printf("\n");
    fflush(stdout);
}

static volatile int *volatile pointer;
static volatile long sink;

static long page(void) { return sysconf(_SC_PAGESIZE); }

static void *map(size_t len, int protection)
{
    void *p = mmap(NULL, len, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        exit(9);
    return p;
}

static void __attribute__((noinline)) write_int(void) { *pointer = 42; }
static void __attribute__((noinline)) read_int(void) { sink = *pointer; }

static int __attribute__((noinline)) deep(volatile char *above)
{
    volatile char here[512];
    here[0] = above[0];
    return deep(here) + here[0];
}

static void *overflow(void *unused)
{
    char c = 0;
    sink = deep(&c);
    return unused;
}

/* Returns once a thread of ours waits in a system call. */
static void await_call(int tid, int nr)
{
    char path[64], text[64] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/syscall", tid);
    while (atoi(text) != nr || text[0] == 'r') {
        int fd = open(path, O_RDONLY);
        text[fd < 0 ? 0 : read(fd, text, sizeof text - 1)] = 0;
        close(fd);
    }
}

static volatile int waiter;

static void *crash_in_thread(void *unused)
{
    while (!waiter)
        sched_yield();
    while (!waiter)
        sched_yield();
    await_call(waiter, SYS_pause);
    await_call(getpid(), SYS_futex);
    write_int();
    return unused;
}

static void *wait_forever(void *unused)
{
    waiter = gettid();
    pause();
    return unused;
}

static void raise_again(int signal)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(signal, &action, NULL);
    raise(signal);
}

static void do_nothing(int signal) { (void)signal; }


static volatile int caught;

/* The page can be written from now on, and the instruction is made again. */
static void allow(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    caught++;
    mprotect((void *)((long)info->si_addr & -page()), page(), PROT_READ | PROT_WRITE);
}

static void refuse(int nr, unsigned verdict)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, verdict),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        exit(9);
}

static void __attribute__((noinline, optimize("no-stack-protector", "stack-protector-all"))) smash(int len)
{
    char buffer[8];
    volatile char *p = buffer;
    for (int i = 0; i < len; i++)
        p[i] = 'A';
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    if (!strcmp(how, "null-read")) {
        pointer = NULL;
        say("SIGSEGV", "null_pointer"), at("read", NULL, 4);
        read_int();
    } else if (!strcmp(how, "null-member")) {
        volatile struct node *volatile node = NULL;
        say("SIGSEGV", "null_pointer"), at("write", (void *)offsetof(struct node, next), sizeof(void *));
        node->next = NULL;
    } else if (!strcmp(how, "null-index")) {
        int *volatile array = NULL;
        say("SIGSEGV", "null_pointer"), at("read", (void *)(4 * 1000000L), 4);
        sink = array[1000000];
    } else if (!strcmp(how, "minus-one")) {
        pointer = MAP_FAILED;
        say("SIGSEGV", "null_pointer"), at("write", (char *)pointer, 4);
        write_int();
    } else if (!strcmp(how, "wild")) {
        char *p = map(3 * page(), PROT_READ | PROT_WRITE);
        munmap(p + page(), page());
        pointer = (int *)(p + page() + 8);
        say("SIGSEGV", "unmapped"), at("write", pointer, 4);
        write_int();
    } else if (!strcmp(how, "freed")) {
        /* So large that malloc maps it, and unmaps it again. */
        char *p = malloc(1 << 22);
        p[0] = 1;
        free(p);
        pointer = (int *)(p + 4096);
        say("SIGSEGV", "unmapped"), at("read", pointer, 4);
        read_int();
    } else if (!strcmp(how, "non-canonical")) {
        pointer = (int *)0x4141414141414141;
        say("SIGSEGV", "non_canonical"), at("read", pointer, 4);
        read_int();
    } else if (!strcmp(how, "non-canonical-jump")) {
        void (*volatile f)(void) = (void (*)(void))0x8000000000000000;
        say("SIGSEGV", "non_canonical"), at("execute", f, 0);
        f();
    } else if (!strcmp(how, "kernel")) {
        pointer = (int *)0xffffffff81000000;
        say("SIGSEGV", "kernel_address"), at("read", pointer, 4);
        read_int();
    } else if (!strcmp(how, "read-only")) {
        pointer = (int *)"a constant, which nobody may change";
        say("SIGSEGV", "not_writable"), at("write", pointer, 4);
        write_int();
    } else if (!strcmp(how, "increment")) {
        pointer = (int *)map(page(), PROT_READ);
        say("SIGSEGV", "not_writable"), at("read-write", pointer, 4);
        __asm__ volatile("incl (%0)" ::"r"(pointer));
    } else if (!strcmp(how, "inaccessible")) {
        char *p = map(2 * page(), PROT_READ);
        mprotect(p, page(), PROT_NONE);
        pointer = (int *)p;
        say("SIGSEGV", "inaccessible"), at("read", pointer, 4);
        read_int();
    } else if (!strcmp(how, "no-exec")) {
        unsigned char *p = map(page(), PROT_READ | PROT_WRITE);
        *p = 0xc3;
        say("SIGSEGV", "not_executable"), at("execute", p, 0);
        ((void (*)(void))p)();
    } else if (!strcmp(how, "null-call")) {
        void (*volatile f)(void) = NULL;
        say("SIGSEGV", "null_call"), at("execute", NULL, 0);
        f();
    } else if (!strcmp(how, "stack-overflow")) {
        say("SIGSEGV", "stack_overflow"), ready();
        overflow(NULL);
    } else if (!strcmp(how, "thread-stack-overflow")) {
        pthread_t thread;
        say("SIGSEGV", "stack_overflow"), ready();
        pthread_create(&thread, NULL, overflow, NULL);
        pthread_join(thread, NULL);
    } else if (!strcmp(how, "handler-without-room")) {
        struct sigaction action = {.sa_handler = do_nothing};
        sigaction(SIGSEGV, &action, NULL);
        say("SIGSEGV", "stack_overflow"), ready();
        overflow(NULL);
    } else if (!strcmp(how, "guard-page")) {
        char *p = map(3 * page(), PROT_READ | PROT_WRITE);
        mprotect(p, page(), PROT_NONE);
        pointer = (int *)(p + page() - 4);
        say("SIGSEGV", "guard_page"), at("write", pointer, 4);
        write_int();
    } else if (!strcmp(how, "double-free")) {
        say("SIGABRT", "double_free"), ready();
        char *volatile p = malloc(64);
        free(p);
        free(p);
    } else if (!strcmp(how, "bad-free")) {
        say("SIGABRT", "heap_corruption"), ready();
        free((void *)((long)&sink & -16));
    } else if (!strcmp(how, "assert")) {
        say("SIGABRT", "assertion"), ready();
        assert(argc == 0);
    } else if (!strcmp(how, "abort")) {
        say("SIGABRT", "abort"), ready();
        abort();
    } else if (!strcmp(how, "smash")) {
        say("SIGABRT", "stack_smashing"), ready();
        smash(40);
    } else if (!strcmp(how, "division")) {
        volatile int zero = 0;
        say("SIGFPE", "division_by_zero"), ready();
        sink = argc / zero;
    } else if (!strcmp(how, "quotient")) {
        volatile int least = -2147483647 - 1, minus = -1;
        say("SIGFPE", "division_overflow"), ready();
        sink = least / minus;
    } else if (!strcmp(how, "ud2")) {
        say("SIGILL", "trap_instruction"), ready();
        __builtin_trap();
    } else if (!strcmp(how, "bad-opcode")) {
        say("SIGILL", "invalid_instruction"), ready();
        __asm__ volatile(".byte 0xc4, 0xff, 0xff, 0xff, 0xff");
    } else if (!strcmp(how, "privileged")) {
        say("SIGSEGV", "privileged_instruction"), ready();
        __asm__ volatile("hlt");
    } else if (!strcmp(how, "beyond-end")) {
        char name[] = "/tmp/trapline-crashes-XXXXXX";
        int fd = mkstemp(name);
        unlink(name);
        if (fd < 0 || ftruncate(fd, 100))
            exit(9);
        char *p = mmap(NULL, 2 * page(), PROT_READ, MAP_SHARED, fd, 0);
        pointer = (int *)(p + page());
        say("SIGBUS", "beyond_end_of_file"), at("read", pointer, 4);
        read_int();
    } else if (!strcmp(how, "misaligned")) {
        char *p = map(page(), PROT_READ | PROT_WRITE);
        say("SIGSEGV", "misaligned"), at("read", p + 1, 16);
        __asm__ volatile("movaps (%0), %%xmm0" ::"r"(p + 1));
    } else if (!strcmp(how, "seccomp-trap")) {
        say("SIGSYS", "seccomp"), ready();
        refuse(SYS_getppid, SECCOMP_RET_TRAP);
        getppid();
    } else if (!strcmp(how, "seccomp-kill")) {
        say("SIGSYS", "seccomp"), ready();
        refuse(SYS_getppid, SECCOMP_RET_KILL_PROCESS);
        getppid();
    } else if (!strcmp(how, "int3")) {
        say("SIGTRAP", "breakpoint"), ready();
        __asm__ volatile("int3");
    } else if (!strcmp(how, "raise")) {
        say("SIGSEGV", "sent_by_itself"), ready();
        raise(SIGSEGV);
    } else if (!strcmp(how, "kill")) {
        say("SIGSEGV", "sent_by_process"), ready();
        if (!fork()) {
            kill(getppid(), SIGSEGV);
            _exit(0);
        }
        pause();
    } else if (!strcmp(how, "blocked")) {
        struct sigaction action = {.sa_handler = do_nothing};
        sigset_t set;
        sigaction(SIGSEGV, &action, NULL);
        sigemptyset(&set);
        sigaddset(&set, SIGSEGV);
        sigprocmask(SIG_BLOCK, &set, NULL);
        pointer = NULL;
        say("SIGSEGV", "null_pointer"), at("write", NULL, 4);
        write_int();
    } else if (!strcmp(how, "ignored")) {
        signal(SIGSEGV, SIG_IGN);
        pointer = NULL;
        say("SIGSEGV", "null_pointer"), at("write", NULL, 4);
        write_int();
    } else if (!strcmp(how, "again")) {
        signal(SIGSEGV, raise_again);
        pointer = NULL;
        say("SIGSEGV", "sent_by_itself"), ready();
        write_int();
    } else if (!strcmp(how, "thread")) {
        pthread_t thread;
        pointer = (int *)16;
        pthread_create(&thread, NULL, wait_forever, NULL);
        say("SIGSEGV", "null_pointer"), at("write", pointer, 4);
        pthread_create(&thread, NULL, crash_in_thread, NULL);
        pthread_join(thread, NULL);
    } else if (!strcmp(how, "child")) {
        int status;
        pointer = NULL;
        say("SIGSEGV", "null_pointer"), at("write", NULL, 4);
        if (!fork()) {
            write_int();
        }
        wait(&status);
        /* What the parent learns. */
        printf("signal %d, core %d\n", WTERMSIG(status), WCOREDUMP(status) != 0);
        return 7;
    } else if (!strcmp(how, "file-limit")) {
        struct rlimit limit = {1, 1};
        FILE *file = tmpfile();
        say("SIGXFSZ", "limit"), ready();
        setrlimit(RLIMIT_FSIZE, &limit);
        write(fileno(file), "a", 1);
        write(fileno(file), "c", 1);
    } else if (!strcmp(how, "caught")) {
        struct sigaction action = {.sa_sigaction = allow, .sa_flags = SA_SIGINFO};
        sigaction(SIGSEGV, &action, NULL);
        for (int i = 0; i < 100; i++) {
            char *p = map(page(), PROT_READ);
            *p = 1;
        }
        printf("caught %d\n", caught);
        return caught != 100;
    } else {
        return 9;
    }
    return 8;
}
