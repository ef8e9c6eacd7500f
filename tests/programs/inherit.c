/* Prints everything that a program inherits: it must be the same whether it is traced or not. */
#define _GNU_SOURCE
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv) {
    for (int i = 0; i < argc; i++)
        printf("arg %s\n", argv[i]);
    for (char **e = environ; *e; e++)
        printf("env %s\n", *e);
    for (int fd = 0; fd < 64; fd++) {
        char link[64], target[256];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        int n = readlink(link, target, sizeof target - 1);
        if (n > 0)
            printf("fd %d\n", fd);
    }
    for (int s = 1; s <= 64; s++) {
        struct sigaction sa;
        if (!sigaction(s, 0, &sa) && sa.sa_handler != SIG_DFL)
            printf("signal %d is ignored\n", s);
    }
    sigset_t set;
    sigprocmask(SIG_BLOCK, 0, &set);
    for (int s = 1; s <= 64; s++)
        if (sigismember(&set, s) == 1)
            printf("signal %d is blocked\n", s);
    cpu_set_t cpus;
    sched_getaffinity(0, sizeof cpus, &cpus);
    printf("cpus %d nice %d group %d\n", CPU_COUNT(&cpus), getpriority(PRIO_PROCESS, 0), getpgrp() == getpid());
    mode_t mask = umask(0);
    printf("umask %o\n", mask);
    char cwd[4096];
    printf("cwd %s\n", getcwd(cwd, sizeof cwd));
    struct rlimit limit;
    for (int r = 0; r < RLIM_NLIMITS; r++)
        if (!getrlimit(r, &limit))
            printf("limit %d %lu %lu\n", r, (unsigned long)limit.rlim_cur, (unsigned long)limit.rlim_max);
}
