/* Signals caught, ignored, with a value, from a timer, from a fault. */
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static sigjmp_buf env;
static void on(int s) { (void)s; }
static void fault(int s) { siglongjmp(env, s); }

int main(void) {
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on;
    sigaction(SIGUSR1, &sa, 0);
    sigaction(SIGALRM, &sa, 0);
    sigaction(SIGRTMIN, &sa, 0);
    sa.sa_handler = fault;
    sa.sa_flags = SA_NODEFER | SA_RESTART;
    sigaction(SIGSEGV, &sa, 0);
    raise(SIGUSR1);
    union sigval v = {.sival_int = 42};
    sigqueue(getpid(), SIGRTMIN, v);
    struct itimerval it = {{0, 0}, {0, 10000}};
    setitimer(ITIMER_REAL, &it, 0);
    pause();
    if (!sigsetjmp(env, 1))
        *(volatile int *)16 = 1;
    sigset_t set;
    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, 0);
    sigemptyset(&set);
    sigprocmask(SIG_SETMASK, &set, 0);
    kill(getpid(), SIGTERM);
    pause();
}
