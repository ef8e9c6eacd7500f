/* Processes that wait for each other, for time and for signals, or are kept from running. */
#include "situation.h"
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <time.h>

static void wait_for_child(void) {
    pid_t pid = child();
    if (pid == 0)
        stay();
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"roots\":[%d],\"threads\":["
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"child\",\"object\":\"process %d\",\"enders\":[%d]},"
           "{\"tid\":%d,\"kind\":\"signal\"}]}",
           getpid(), pid, getpid(), pid, pid, pid);
    waitpid(pid, NULL, 0);
}

static void wait_for_any_child(void) {
    pid_t one = child();
    if (one == 0)
        stay();
    pid_t other = child();
    if (other == 0)
        stay();
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"child\",\"enders\":[%d,%d]}]}",
           getpid(), getpid(), one, other);
    wait(NULL);
}

static void wait_by_waitid(void) {
    pid_t pid = child();
    if (pid == 0)
        stay();
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"child\",\"call\":\"waitid\",\"enders\":[%d]}]}",
           getpid(), getpid(), pid);
    siginfo_t info;
    waitid(P_PID, pid, &info, WEXITED);
}

static void wait_by_pidfd(void) {
    pid_t pid = child();
    if (pid == 0)
        stay();
    int fd = syscall(SYS_pidfd_open, pid, 0);
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"child\",\"enders\":[%d]}]}",
           getpid(), getpid(), pid);
    siginfo_t info;
    waitid(P_PIDFD, fd, &info, WEXITED);
}

static void stopped_child(void) {
    pid_t pid = child();
    if (pid == 0) {
        raise(SIGSTOP);
        stay();
    }
    until_state(pid, 'T');
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"roots\":[%d],\"threads\":["
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"child\",\"enders\":[%d]},"
           "{\"tid\":%d,\"nature\":\"stopped\",\"kind\":\"stopped\"}]}",
           getpid(), pid, getpid(), pid, pid);
    waitpid(pid, NULL, 0);
}

static void traced_child(void) {
    pid_t pid = child();
    if (pid == 0) {
        ptrace(PTRACE_TRACEME);
        raise(SIGUSR1);
        stay();
    }
    waitpid(pid, NULL, 0);
    expect("{\"ask\":[%d],\"verdict\":\"stopped\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"stopped\",\"kind\":\"traced\",\"enders\":[%d]}]}",
           pid, pid, getpid());
}

static void vfork_parent(void) {
    int pipes[2];
    if (pipe(pipes))
        _exit(1);
    pid_t parent = getpid();
    if (child() == 0) {
        /* Says what its sibling is in, once that can be seen. */
        char path[64], line[64];
        int pid = 0;
        until_state(parent, 'D');
        snprintf(path, sizeof path, "/proc/%d/task/%d/children", parent, parent);
        FILE *children = fopen(path, "r");
        while (fscanf(children, "%d", &pid) == 1 && pid == getpid())
            ;
        expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"threads\":["
               "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"vfork\",\"enders\":[%d]}]}",
               parent, parent, pid);
        stay();
    }
    if (vfork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
}

static void unreaped(void) {
    pid_t pid = child();
    if (pid == 0)
        _exit(3);
    until_state(pid, 'Z');
    expect("{\"ask\":[%d],\"threads\":[{\"tid\":%d,\"nature\":\"zombie\",\"kind\":\"reaped\",\"enders\":[%d]},"
           "{\"tid\":%d,\"kind\":\"signal\",\"nature\":\"idle\"}]}",
           pid, pid, getpid(), getpid());
}

static void grandchildren(void) {
    int *pids = shared(4096);
    pid_t pid = child();
    if (pid == 0) {
        pid_t next = child();
        if (next == 0) {
            pid_t last = child();
            if (last == 0)
                stay();
            pids[1] = getpid();
            pids[2] = last;
            pids[0] = 1;
            waitpid(last, NULL, 0);
        }
        waitpid(next, NULL, 0);
    }
    while (!*(volatile int *)pids)
        usleep(1000);
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"roots\":[%d],\"threads\":["
           "{\"tid\":%d,\"kind\":\"child\",\"enders\":[%d]},"
           "{\"tid\":%d,\"kind\":\"child\",\"enders\":[%d]},"
           "{\"tid\":%d,\"kind\":\"child\",\"enders\":[%d]},{\"tid\":%d,\"kind\":\"signal\"}]}",
           getpid(), pids[2], getpid(), pid, pid, pids[1], pids[1], pids[2], pids[2]);
    waitpid(pid, NULL, 0);
}

static void sleeps_once(void) {
    expect("{\"ask\":[%d],\"verdict\":\"sleeping\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"sleeping\",\"kind\":\"sleep\",\"timed\":true}]}",
           getpid(), getpid());
    struct timespec long_time = {5000};
    nanosleep(&long_time, NULL);
}

static void sleeps_until(void) {
    struct timespec then;
    clock_gettime(CLOCK_MONOTONIC, &then);
    then.tv_sec += 5000;
    expect("{\"ask\":[%d],\"verdict\":\"sleeping\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"sleeping\",\"kind\":\"sleep\",\"timed\":true}]}",
           getpid(), getpid());
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL);
}

static void sleeps_in_a_loop(void) {
    expect("{\"ask\":[%d],\"verdict\":\"ticking\",\"threads\":[{\"tid\":%d,\"nature\":\"ticking\"}]}", getpid(), getpid());
    for (;;)
        usleep(5000);
}

static void spins(void) {
    expect("{\"ask\":[%d],\"threads\":[{\"tid\":%d,\"natures\":[\"spinning\",\"ticking\",\"running\"]}]}", getpid(),
           getpid());
    for (volatile int i = 0;; i++)
        ;
}

static void yields(void) {
    expect("{\"ask\":[%d],\"threads\":[{\"tid\":%d,\"natures\":[\"spinning\",\"ticking\",\"running\"]}]}", getpid(),
           getpid());
    for (;;)
        sched_yield();
}

static void pauses(void) {
    expect("{\"ask\":[%d],\"verdict\":\"idle\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"idle\",\"kind\":\"signal\",\"outside\":\"signal\"}]}",
           getpid(), getpid());
    stay();
}

/* A 64-bit program's call of the i386 ABI: the number of pause(2) there is shmget(2)'s here. */
static int call_with_32_bits(int nr) {
    int result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(nr) : "memory");
    return result;
}

static void calls_with_32_bits(void) {
    enum { GETPID = 20, PAUSE = 29 };
    pid_t pid = child();
    if (pid == 0)
        _exit(call_with_32_bits(GETPID) != getpid());
    int status;
    waitpid(pid, &status, 0);
    if (status) {
        expect("{\"skip\":\"the kernel has no calls of the i386 ABI\"}");
        return;
    }
    pid = child();
    if (pid == 0)
        for (;;)
            call_with_32_bits(PAUSE);
    until_state(pid, 'S');
    expect("{\"ask\":[%d],\"verdict\":\"idle\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"idle\",\"kind\":\"signal\",\"call\":\"pause\"}]}",
           pid, pid);
}

static void waits_for_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    expect("{\"ask\":[%d],\"verdict\":\"idle\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"idle\",\"kind\":\"signal\",\"what\":\"SIGHUP or SIGTERM\"}]}",
           getpid(), getpid());
    int signal;
    sigwait(&set, &signal);
}

static void suspends(void) {
    sigset_t set;
    sigfillset(&set);
    sigdelset(&set, SIGUSR2);
    signal(SIGUSR2, _exit);
    expect("{\"ask\":[%d],\"verdict\":\"idle\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"idle\",\"kind\":\"signal\",\"what\":\"SIGUSR2\"}]}",
           getpid(), getpid());
    sigsuspend(&set);
}

/* Stopped and continued: the kernel shows restart_syscall in the place of the call. */
static void restarted(void) {
    pid_t pid = child();
    if (pid == 0) {
        struct timespec long_time = {5000};
        nanosleep(&long_time, NULL);
    }
    until_state(pid, 'S');
    kill(pid, SIGSTOP);
    until_state(pid, 'T');
    kill(pid, SIGCONT);
    until_state(pid, 'S');
    expect("{\"ask\":[%d],\"verdict\":\"sleeping\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"sleeping\",\"kind\":\"sleep\",\"call\":\"clock_nanosleep\"}]}",
           pid, pid);
}

/* A page that another process's thread is to provide, and does not. */
static volatile int *page;
static int faulting;

static void *touch(void *unused) {
    faulting = self();
    return (void *)(intptr_t)*page;
}

static void missing_page(void) {
    int fd = syscall(SYS_userfaultfd, O_CLOEXEC | 1 /* UFFD_USER_MODE_ONLY */);
    struct uffdio_api api = {UFFD_API};
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register range = {{(uintptr_t)page, 4096}, UFFDIO_REGISTER_MODE_MISSING};
    if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &range)) {
        expect("{\"skip\":\"userfaultfd is not to be had\"}");
        return;
    }
    start(touch, NULL);
    while (!*(volatile int *)&faulting)
        usleep(1000);
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"userfault\",\"some\":[%d]}]}",
           getpid(), faulting, getpid());
}

static void leader_ended(void) {
    pid_t pid = child();
    if (pid == 0) {
        start((void *(*)(void *))stay, NULL);
        pthread_exit(NULL);
    }
    until_state(pid, 'Z');
    expect("{\"ask\":[%d],\"verdict\":\"idle\",\"threads\":[{\"tid\":%d,\"nature\":\"zombie\"}]}", pid, pid);
}

int main(int argc, char **argv) {
    const struct situation situations[] = {
        {"wait-for-child", wait_for_child},
        {"wait-for-any-child", wait_for_any_child},
        {"wait-by-waitid", wait_by_waitid},
        {"wait-by-pidfd", wait_by_pidfd},
        {"stopped-child", stopped_child},
        {"traced-child", traced_child},
        {"vfork-parent", vfork_parent},
        {"unreaped", unreaped},
        {"grandchildren", grandchildren},
        {"sleeps-once", sleeps_once},
        {"sleeps-until", sleeps_until},
        {"sleeps-in-a-loop", sleeps_in_a_loop},
        {"spins", spins},
        {"yields", yields},
        {"pauses", pauses},
        {"calls-with-32-bits", calls_with_32_bits},
        {"waits-for-signals", waits_for_signals},
        {"suspends", suspends},
        {"restarted", restarted},
        {"missing-page", missing_page},
        {"leader-ended", leader_ended},
        {0},
    };
    return run(situations, argc, argv);
}
