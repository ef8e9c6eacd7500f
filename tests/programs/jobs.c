/* Job control: a child stops itself three ways, and its parent continues it; one call is interrupted by a stop. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    int stops[] = {SIGSTOP, SIGTSTP, SIGTTIN};
    int child = fork();
    if (child == 0) {
        setpgid(0, 0);
        for (int i = 0; i < 3; i++) kill(getpid(), stops[i]);
        _exit(3);
    }
    int status;
    for (int i = 0; i < 3; i++) {
        waitpid(child, &status, WUNTRACED);
        kill(child, SIGCONT);
    }
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}
