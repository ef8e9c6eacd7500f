/* Calls that a signal interrupts: restarted, or not. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int fds[2];

/* Writes when it comes for the second time, so that a restarted read ends. */
static void handler(int signal) {
    static int count;
    if (++count == 2 && write(fds[1], "x", 1) < 0) _exit(9);
}

static void alarm_soon(int again) {
    struct itimerval t = {{0, again ? 60000 : 0}, {0, 60000}};
    setitimer(ITIMER_REAL, &t, NULL);
}

static void alarm_off(void) {
    struct itimerval t = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &t, NULL);
}

int main(void) {
    char byte;
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    if (pipe(fds)) return 1;
    alarm_soon(1);
    if (read(fds[0], &byte, 1) != 1) return 2;
    alarm_off();
    struct pollfd p = {fds[0], POLLIN, 0};
    alarm_soon(0);
    poll(&p, 1, 10000);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fds[0], &set);
    alarm_soon(0);
    select(fds[0] + 1, &set, NULL, NULL, NULL);
    int epoll = epoll_create1(0);
    struct epoll_event event = {EPOLLIN, {.u64 = 7}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event);
    alarm_soon(0);
    epoll_wait(epoll, &event, 1, 10000);
    alarm_soon(0);
    pause();
    action.sa_flags = 0;
    sigaction(SIGALRM, &action, NULL);
    alarm_soon(0);
    read(fds[0], &byte, 1);
    return 0;
}
