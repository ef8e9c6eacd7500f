/* Children by clone(2) with CLONE_PARENT and with CLONE_UNTRACED. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int child(void *arg) {
    getppid();
    _exit(*(int *)arg);
}

int main(int argc, char **argv) {
    int flag = argc > 1 && !strcmp(argv[1], "parent") ? CLONE_PARENT : CLONE_UNTRACED;
    int status = 3;
    char *stack = (char *)malloc(65536) + 65536;
    int pid = fork();
    if (!pid) {
        int pid = clone(child, stack, flag | SIGCHLD, &status);
        if (flag == CLONE_UNTRACED)
            waitpid(-1, 0, 0);
        _exit(1);
    }
    waitpid(pid, 0, 0);
    while (wait(0) > 0)
        ;
    return 0;
}
