/* Prints the state that a program has from its caller. With arguments: makes that state an unusual one first
   ("unusual"), or not ("usual"), and executes the rest. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

extern char **environ;

static void prepare(void) {
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    sigaddset(&mask, SIGCHLD);
    sigaddset(&mask, SIGALRM);
    sigaddset(&mask, SIGRTMIN + 3);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    signal(SIGUSR2, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGTSTP, SIG_IGN);
    umask(027);
    if (nice(3) < 0) exit(2);
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(0, &cpus);
    sched_setaffinity(0, sizeof cpus, &cpus);
    dup2(open("/dev/null", O_RDONLY), 9);
    dup2(open("/etc/passwd", O_RDONLY | O_APPEND), 40);
    struct rlimit files = {200, 300};
    setrlimit(RLIMIT_NOFILE, &files);
    struct rlimit core = {0, 0};
    setrlimit(RLIMIT_CORE, &core);
    prctl(PR_SET_TIMERSLACK, 77777, 0, 0, 0);
    if (setpgid(0, 0)) exit(2);
    if (chdir("/usr")) exit(2);
}

static int by_name(const void *a, const void *b) {
    return atoi(*(char *const *)a) - atoi(*(char *const *)b);
}

static void descriptors(void) {
    char *names[256];
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    for (struct dirent *e; (e = readdir(dir));)
        if (e->d_name[0] != '.' && atoi(e->d_name) != dirfd(dir)) names[count++] = strdup(e->d_name);
    closedir(dir);
    qsort(names, count, sizeof *names, by_name);
    for (int i = 0; i < count; i++) {
        char link[64], target[4096];
        snprintf(link, sizeof link, "/proc/self/fd/%s", names[i]);
        int n = readlink(link, target, sizeof target - 1);
        target[n < 0 ? 0 : n] = 0;
        /* Pipes to the test are new ones each time. */
        if (!strncmp(target, "pipe:", 5)) target[5] = 0;
        int fd = atoi(names[i]);
        printf("fd %d %s %x %x\n", fd, target, fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
    }
}

int main(int argc, char **argv) {
    if (argc > 2) {
        if (!strcmp(argv[1], "unusual")) prepare();
        char group[16];
        snprintf(group, sizeof group, "%d", getpgrp());
        setenv("GROUP", group, 1);
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        return 127;
    }
    descriptors();
    sigset_t mask, pending;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    sigpending(&pending);
    for (int signal = 1; signal < 65; signal++) {
        struct sigaction action;
        if (sigaction(signal, NULL, &action)) continue;
        const char *what = action.sa_handler == SIG_IGN ? "ignored" : action.sa_handler == SIG_DFL ? "default" : "caught";
        printf("signal %d %s%s%s\n", signal, what, sigismember(&mask, signal) ? " blocked" : "",
               sigismember(&pending, signal) ? " pending" : "");
    }
    printf("the caller's group: %d, session %d\n", getpgrp() == atoi(getenv("GROUP")), getsid(0));
    unsetenv("GROUP");
    mode_t mode = umask(0);
    printf("umask %o nice %d policy %d\n", mode, getpriority(PRIO_PROCESS, 0), sched_getscheduler(0));
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    sched_getaffinity(0, sizeof cpus, &cpus);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &cpus)) printf("cpu %d\n", cpu);
    for (int limit = 0; limit < RLIM_NLIMITS; limit++) {
        struct rlimit l;
        if (!getrlimit(limit, &l)) printf("limit %d %lx %lx\n", limit, (long)l.rlim_cur, (long)l.rlim_max);
    }
    for (int timer = ITIMER_REAL; timer <= ITIMER_PROF; timer++) {
        struct itimerval t;
        getitimer(timer, &t);
        printf("timer %d %d\n", timer, t.it_value.tv_sec || t.it_value.tv_usec || t.it_interval.tv_sec);
    }
    int death = -1;
    prctl(PR_GET_PDEATHSIG, &death);
    printf("personality %x dumpable %d death signal %d no new privileges %d seccomp %d subreaper-slack %d keepcaps %d\n",
           personality(0xffffffff), prctl(PR_GET_DUMPABLE), death, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
           prctl(PR_GET_SECCOMP), prctl(PR_GET_TIMERSLACK), prctl(PR_GET_KEEPCAPS));
    char cwd[4096];
    printf("in %s as %d %d %d %d\n", getcwd(cwd, sizeof cwd), getuid(), geteuid(), getgid(), getegid());
    for (char **e = environ; *e; e++) printf("env %s\n", *e);
    return 0;
}
