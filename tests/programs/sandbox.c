/* sandbox ACTION NR[:ARG0]... -- COMMAND: runs a command under a seccomp filter that does ACTION at these calls, as container
   runtimes do. ACTION is an errno, `trap` or `kill`. Where it may, without PR_SET_NO_NEW_PRIVS. */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct sock_filter program[400];
static int len;

static void add(unsigned short code, unsigned k, int jt, int jf) {
    program[len++] = (struct sock_filter){code, jt, jf, k};
}

int main(int argc, char **argv) {
    unsigned action = SECCOMP_RET_ERRNO | atoi(argv[1]);
    if (!strcmp(argv[1], "trap")) action = SECCOMP_RET_TRAP;
    if (!strcmp(argv[1], "kill")) action = SECCOMP_RET_KILL_PROCESS;
    int i = 2;
    for (; i < argc && strcmp(argv[i], "--"); i++) {
        char *arg = strchr(argv[i], ':');
        add(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
        add(BPF_JMP | BPF_JEQ | BPF_K, strtoul(argv[i], 0, 0), 0, arg ? 3 : 1);
        if (arg) {
            add(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]), 0, 0);
            add(BPF_JMP | BPF_JEQ | BPF_K, strtoul(arg + 1, 0, 0), 0, 1);
        }
        add(BPF_RET | BPF_K, action, 0, 0);
    }
    add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    struct sock_fprog filter = {len, program};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter)) {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter)) return perror("seccomp"), 125;
    }
    execvp(argv[i + 1], argv + i + 1);
    return perror(argv[i + 1]), 127;
}
