/* Threads that block in calls which return early when a tracer attaches and leaves, and in others. Prints a line when all
   of them sleep; at the end of its standard input prints which calls have returned, and who has traced it. */
#include "situation.h"
#include <linux/aio_abi.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

static struct timespec long_time = {5000};
static const struct timeval long_timeout = {5000};

static int semaphores[2], queue;

static int pair(int timed) {
    int ends[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    if (timed)
        setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &long_timeout, sizeof long_timeout);
    return ends[0];
}

static void by_epoll_wait(void) {
    struct epoll_event event;
    epoll_wait(epoll_create1(0), &event, 1, -1);
}
static void by_epoll_pwait2(void) {
    struct epoll_event event;
    syscall(SYS_epoll_pwait2, epoll_create1(0), &event, 1, &long_time, NULL, 0);
}
static void by_semop(void) {
    struct sembuf down = {0, -1, 0};
    semop(semaphores[0] = semget(IPC_PRIVATE, 1, 0600), &down, 1);
}
static void by_semtimedop(void) {
    struct sembuf down = {0, -1, 0};
    semtimedop(semaphores[1] = semget(IPC_PRIVATE, 1, 0600), &down, 1, &long_time);
}
static void by_sigtimedwait(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigtimedwait(&set, NULL, &long_time);
}
static void by_io_getevents(void) {
    aio_context_t context = 0;
    struct io_event event;
    syscall(SYS_io_setup, 1, &context);
    syscall(SYS_io_getevents, context, 1, 1, &event, NULL);
}
static void by_timed_recv(void) {
    char byte;
    recv(pair(1), &byte, 1, 0);
}
static void by_timed_recvmsg(void) {
    struct msghdr message = {0};
    recvmsg(pair(1), &message, 0);
}
static void by_timed_accept(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &long_timeout, sizeof long_timeout);
    listen(fd, 1);
    accept(fd, NULL, NULL);
}
static void by_large_write(void) {
    int ends[2];
    pipe(ends);
    write(ends[1], calloc(1, 200000), 200000);
}
static void by_read(void) {
    int ends[2];
    char byte;
    pipe(ends);
    read(ends[0], &byte, 1);
}
static void by_poll(void) {
    struct pollfd one = {pair(0), POLLIN, 0};
    poll(&one, 1, 5000000);
}
static void by_nanosleep(void) { nanosleep(&long_time, NULL); }
static void by_futex(void) {
    int word = 0;
    syscall(SYS_futex, &word, 0, 0, &long_time, NULL, 0);
}
static void by_msgrcv(void) {
    struct {
        long type;
        char text[8];
    } message;
    msgrcv(queue = msgget(IPC_PRIVATE, 0600), &message, sizeof message.text, 0, 0);
}
static void by_wait(void) {
    if (child() == 0)
        stay();
    wait(NULL);
}

static void (*const calls[])(void) = {
    by_epoll_wait,   by_epoll_pwait2,  by_semop,        by_semtimedop,  by_sigtimedwait, by_io_getevents,
    by_timed_recv,   by_timed_recvmsg, by_timed_accept, by_large_write, by_read,         by_poll,
    by_nanosleep,    by_futex,         by_msgrcv,       by_wait,
};
#define COUNT (int)(sizeof calls / sizeof *calls)

static volatile int ids[COUNT], returned[COUNT];

static void *block(void *index) {
    int i = (intptr_t)index;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    ids[i] = self();
    calls[i]();
    returned[i] = 1;
    return NULL;
}

int main(void) {
    for (intptr_t i = 0; i < COUNT; i++) {
        start(block, (void *)i);
        while (!ids[i])
            usleep(1000);
        until_state(ids[i], 'S');
    }
    expect("{\"pid\":%d}", getpid());
    char byte;
    while (read(0, &byte, 1) > 0)
        ;
    int count = 0;
    for (int i = 0; i < COUNT; i++)
        count += returned[i];
    semctl(semaphores[0], 0, IPC_RMID);
    semctl(semaphores[1], 0, IPC_RMID);
    msgctl(queue, IPC_RMID, NULL);
    char text[4096] = {0}, *tracer;
    read(open("/proc/self/status", O_RDONLY), text, sizeof text - 1);
    tracer = strstr(text, "TracerPid:\t");
    printf("%d of %d returned, traced by %d\n", count, COUNT, tracer ? atoi(tracer + 11) : -1);
    return 0;
}
