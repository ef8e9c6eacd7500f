/* Threads that block in all kinds of calls, among them those that return early when a tracer attaches and leaves. Prints a line when all
   of them do: how many cannot be had here, and which. At the end of its standard input prints which calls have returned, and who has
   traced it. */
/* Their stacks cannot be told for certain without stopping them. */
#pragma GCC optimize("no-omit-frame-pointer")
#include "situation.h"
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>

static struct timespec long_time = {5000};
static const struct timeval long_timeout = {5000};
static struct itimerspec long_timer = {{0}, {5000}};

/* What is to be removed at the end. */
static int semaphores[3] = {-1, -1, -1}, queues[2] = {-1, -1};
static char directory[] = "/tmp/hang-undisturbed-XXXXXX";
static char big[1 << 20];

static int pair_of(int domain, int type, int which) {
    int ends[2];
    return socketpair(domain, type, 0, ends) ? -1 : ends[which];
}
static int timed(int fd) {
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &long_timeout, sizeof long_timeout);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &long_timeout, sizeof long_timeout);
    return fd;
}
static int stream(void) { return pair_of(AF_UNIX, SOCK_STREAM, 0); }
static int pipe_end(int which) {
    int ends[2];
    return pipe(ends) ? -1 : ends[which];
}
static int full_pipe(void) {
    int end = pipe_end(1);
    fcntl(end, F_SETFL, O_NONBLOCK);
    while (write(end, big, 4096) > 0)
        ;
    fcntl(end, F_SETFL, 0);
    return end;
}
static int listener(int backlog, struct sockaddr_in *address) {
    socklen_t length = sizeof *address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    listen(fd, backlog);
    getsockname(fd, (struct sockaddr *)address, &length);
    return fd;
}
static int tcp(int which) {
    struct sockaddr_in address;
    int listens = listener(1, &address), ends[2] = {socket(AF_INET, SOCK_STREAM, 0)};
    connect(ends[0], (struct sockaddr *)&address, sizeof address);
    ends[1] = accept(listens, NULL, NULL);
    return ends[which];
}
static int file(const char *name, int flags) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return open(path, flags | O_CREAT, 0600);
}
static const char *fifo(const char *name) {
    static __thread char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    mkfifo(path, 0600);
    return path;
}
static int epoll_on(int fd) {
    int set = epoll_create1(0);
    struct epoll_event event = {EPOLLIN};
    epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    return set;
}
static int futex(void *word, int operation, int value, void *time) {
    return syscall(SYS_futex, word, operation, value, time, NULL, -1);
}
static int terminal(void) {
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    grantpt(master);
    unlockpt(master);
    return open(ptsname(master), O_RDWR | O_NOCTTY);
}
static char *guarded(void) {
    int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
    /* That much is allowed to all: pages that are not touched in calls. */
    if (fd < 0)
        fd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
    struct uffdio_api api = {UFFD_API};
    if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
        return NULL;
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register range = {{(uintptr_t)page, 4096}, UFFDIO_REGISTER_MODE_MISSING};
    return ioctl(fd, UFFDIO_REGISTER, &range) ? NULL : page;
}

/* Each returns a number below 0 where the call cannot be had, and does not return while it blocks. */
#define CALL(name) static long name(void)
#define NEEDS(what)                                                                                                    \
    if (!(what))                                                                                                       \
    return -1
static struct epoll_event event;
static char byte;

/* These fail with EINTR when a tracer attaches and leaves. */
CALL(by_epoll_wait) { return epoll_wait(epoll_create1(0), &event, 1, -1) | 1; }
CALL(by_epoll_pwait) { return epoll_pwait(epoll_on(stream()), &event, 1, 5000000, NULL) | 1; }
CALL(by_epoll_pwait2) { return syscall(SYS_epoll_pwait2, epoll_create1(0), &event, 1, &long_time, NULL, 0) | 1; }
CALL(by_nested_epoll) { return epoll_wait(epoll_on(epoll_on(stream())), &event, 1, -1) | 1; }
CALL(by_semop) {
    struct sembuf down = {0, -1, 0};
    NEEDS((semaphores[0] = semget(IPC_PRIVATE, 1, 0600)) >= 0);
    return semop(semaphores[0], &down, 1) | 1;
}
CALL(by_semtimedop) {
    struct sembuf down = {0, -1, 0};
    NEEDS((semaphores[1] = semget(IPC_PRIVATE, 1, 0600)) >= 0);
    return semtimedop(semaphores[1], &down, 1, &long_time) | 1;
}
CALL(by_semop_for_zero) {
    struct sembuf up = {0, 1, 0}, zero = {0, 0, 0};
    NEEDS((semaphores[2] = semget(IPC_PRIVATE, 1, 0600)) >= 0);
    semop(semaphores[2], &up, 1);
    return semop(semaphores[2], &zero, 1) | 1;
}
static sigset_t usr1(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    return set;
}
CALL(by_sigtimedwait) {
    sigset_t set = usr1();
    return sigtimedwait(&set, NULL, &long_time) | 1;
}
CALL(by_sigwaitinfo) {
    sigset_t set = usr1();
    return sigwaitinfo(&set, NULL) | 1;
}
CALL(by_io_getevents) {
    aio_context_t context = 0;
    struct io_event one;
    NEEDS(!syscall(SYS_io_setup, 1, &context));
    return syscall(SYS_io_getevents, context, 1, 1, &one, NULL) | 1;
}
CALL(by_io_uring_enter) {
    struct io_uring_params parameters = {0};
    int ring = syscall(SYS_io_uring_setup, 4, &parameters);
    NEEDS(ring >= 0);
    return syscall(SYS_io_uring_enter, ring, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0) | 1;
}
CALL(by_timed_recv) { return recv(timed(stream()), &byte, 1, 0) | 1; }
CALL(by_timed_read) { return read(timed(stream()), &byte, 1) | 1; }
CALL(by_timed_recvmsg) {
    struct msghdr message = {0};
    return recvmsg(timed(stream()), &message, 0) | 1;
}
CALL(by_timed_accept) {
    struct sockaddr_in address;
    return accept(timed(listener(1, &address)), NULL, NULL) | 1;
}
CALL(by_timed_send) {
    int fd = timed(stream());
    for (;;)
        NEEDS(send(fd, big, 4096, 0) == 4096);
}
/* These end with less than they were asked for. */
CALL(by_large_write) { return write(pipe_end(1), big, 200000) | 1; }
CALL(by_large_writev) {
    struct iovec parts[2] = {{big, 100000}, {big, 100000}};
    return writev(pipe_end(1), parts, 2) | 1;
}
CALL(by_large_tcp_write) {
    int fd = tcp(0);
    for (;;)
        NEEDS(write(fd, big, sizeof big) == sizeof big);
}
CALL(by_getrandom) {
    static char numbers[16 << 20];
    while (getrandom(numbers, sizeof numbers, 0) == sizeof numbers)
        ;
    return 1;
}
/* These go on, or do not stop. */
CALL(by_read) { return read(pipe_end(0), &byte, 1) | 1; }
CALL(by_readv) {
    struct iovec part = {&byte, 1};
    return readv(pipe_end(0), &part, 1) | 1;
}
CALL(by_write) { return write(full_pipe(), big, 1) | 1; }
CALL(by_splice) { return splice(pipe_end(0), NULL, pipe_end(1), NULL, 1, 0) | 1; }
CALL(by_tee) { return tee(pipe_end(0), pipe_end(1), 1, 0) | 1; }
CALL(by_vmsplice) {
    struct iovec part = {big, 1};
    return vmsplice(full_pipe(), &part, 1, 0) | 1;
}
CALL(by_sendfile) {
    int from = file("data", O_RDWR);
    write(from, big, 1);
    off_t offset = 0;
    return sendfile(full_pipe(), from, &offset, 1) | 1;
}
CALL(by_recv) { return recv(stream(), &byte, 1, 0) | 1; }
CALL(by_recvfrom) { return recvfrom(pair_of(AF_UNIX, SOCK_DGRAM, 0), &byte, 1, 0, NULL, NULL) | 1; }
CALL(by_recvmsg) {
    struct msghdr message = {0};
    return recvmsg(pair_of(AF_UNIX, SOCK_SEQPACKET, 0), &message, 0) | 1;
}
CALL(by_recvmmsg) {
    struct mmsghdr messages[2] = {0};
    return recvmmsg(pair_of(AF_UNIX, SOCK_DGRAM, 0), messages, 2, 0, NULL) | 1;
}
CALL(by_tcp_recv) { return recv(tcp(1), &byte, 1, 0) | 1; }
CALL(by_udp_recv) { return recv(socket(AF_INET, SOCK_DGRAM, 0), &byte, 1, 0) | 1; }
CALL(by_send) {
    int fd = stream();
    for (;;)
        NEEDS(send(fd, big, 4096, 0) == 4096);
}
CALL(by_datagram_send) {
    int fd = pair_of(AF_UNIX, SOCK_DGRAM, 0);
    for (;;)
        NEEDS(send(fd, big, 64, 0) == 64);
}
CALL(by_accept) {
    struct sockaddr_in address;
    return accept(listener(1, &address), NULL, NULL) | 1;
}
CALL(by_connect) {
    struct sockaddr_un name = {AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s/socket", directory);
    int listens = socket(AF_UNIX, SOCK_STREAM, 0);
    bind(listens, (struct sockaddr *)&name, sizeof name);
    listen(listens, 0);
    for (;;)
        NEEDS(!connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&name, sizeof name));
}
CALL(by_poll) {
    struct pollfd one = {stream(), POLLIN, 0};
    return poll(&one, 1, -1) | 1;
}
CALL(by_timed_poll) {
    struct pollfd one = {stream(), POLLIN, 0};
    return poll(&one, 1, 5000000) | 1;
}
CALL(by_ppoll) {
    struct pollfd one = {stream(), POLLIN, 0};
    sigset_t set = usr1();
    return ppoll(&one, 1, &long_time, &set) | 1;
}
CALL(by_select) {
    fd_set set;
    int fd = stream();
    FD_ZERO(&set);
    FD_SET(fd, &set);
    struct timeval time = long_timeout;
    return syscall(SYS_select, fd + 1, &set, NULL, NULL, &time) | 1;
}
CALL(by_pselect) {
    fd_set set;
    int fd = stream();
    FD_ZERO(&set);
    FD_SET(fd, &set);
    return pselect(fd + 1, &set, NULL, NULL, &long_time, NULL) | 1;
}
CALL(by_pidfd_poll) {
    pid_t pid = child();
    if (pid == 0)
        stay();
    struct pollfd one = {syscall(SYS_pidfd_open, pid, 0), POLLIN, 0};
    NEEDS(one.fd >= 0);
    return poll(&one, 1, -1) | 1;
}
CALL(by_nanosleep) { return syscall(SYS_nanosleep, &long_time, NULL) | 1; }
CALL(by_clock_nanosleep) { return clock_nanosleep(CLOCK_MONOTONIC, 0, &long_time, NULL) | 1; }
CALL(by_absolute_sleep) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    time.tv_sec += 5000;
    return clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &time, NULL) | 1;
}
CALL(by_pause) { return pause() | 1; }
CALL(by_sigsuspend) {
    sigset_t set = usr1();
    return sigsuspend(&set) | 1;
}
CALL(by_futex) {
    static int word;
    return futex(&word, FUTEX_WAIT_PRIVATE, 0, NULL) | 1;
}
CALL(by_timed_futex) {
    static int word;
    return futex(&word, FUTEX_WAIT, 0, &long_time) | 1;
}
CALL(by_bitset_futex) {
    static int word;
    return futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL) | 1;
}
CALL(by_pi_futex) {
    static int word;
    word = getpid();
    return futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL) | 1;
}
CALL(by_requeue_futex) {
    static int words[2];
    return syscall(SYS_futex, &words[0], FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, NULL, &words[1], 0) | 1;
}
CALL(by_mutex) {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    return pthread_mutex_lock(&mutex) | 1;
}
CALL(by_condition) {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    pthread_mutex_lock(&mutex);
    return pthread_cond_wait(&condition, &mutex) | 1;
}
CALL(by_semaphore) {
    static sem_t semaphore;
    return sem_wait(&semaphore) | 1;
}
CALL(by_flock) {
    flock(file("flock", O_RDWR), LOCK_EX);
    return flock(file("flock", O_RDWR), LOCK_EX) | 1;
}
CALL(by_posix_lock) {
    struct flock all = {.l_type = F_WRLCK};
    int to_child[2];
    pipe(to_child);
    if (child() == 0) {
        fcntl(file("posix", O_RDWR), F_SETLK, &all);
        write(to_child[1], "", 1);
        stay();
    }
    read(to_child[0], &byte, 1);
    return fcntl(file("posix", O_RDWR), F_SETLKW, &all) | 1;
}
CALL(by_ofd_lock) {
    struct flock all = {.l_type = F_WRLCK};
    NEEDS(!fcntl(file("ofd", O_RDWR), F_OFD_SETLK, &all));
    return fcntl(file("ofd", O_RDWR), F_OFD_SETLKW, &all) | 1;
}
CALL(by_wait) {
    if (child() == 0)
        stay();
    return syscall(SYS_wait4, -1, NULL, __WNOTHREAD, NULL) | 1;
}
CALL(by_waitid) {
    pid_t pid = child();
    if (pid == 0)
        stay();
    return waitid(P_PID, pid, NULL, WEXITED) | 1;
}
CALL(by_vfork) {
    if (syscall(SYS_vfork) == 0) {
        syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            syscall(SYS_pause);
    }
    return 1;
}
CALL(by_fifo_reader) { return open(fifo("read"), O_RDONLY) | 1; }
CALL(by_fifo_writer) { return open(fifo("write"), O_WRONLY) | 1; }
CALL(by_mq_receive) {
    struct mq_attr attributes = {0, 1, 8};
    char name[64], text[8];
    snprintf(name, sizeof name, "/hang-undisturbed-%d", self());
    mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
    NEEDS(queue != (mqd_t)-1);
    mq_unlink(name);
    return mq_receive(queue, text, sizeof text, NULL) | 1;
}
CALL(by_mq_send) {
    struct mq_attr attributes = {0, 1, 8};
    char name[64];
    snprintf(name, sizeof name, "/hang-undisturbed-%d", self());
    mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
    NEEDS(queue != (mqd_t)-1);
    mq_unlink(name);
    mq_send(queue, "", 1, 0);
    return mq_send(queue, "", 1, 0) | 1;
}
CALL(by_msgrcv) {
    struct {
        long type;
        char text[8];
    } message;
    NEEDS((queues[0] = msgget(IPC_PRIVATE, 0600)) >= 0);
    return msgrcv(queues[0], &message, sizeof message.text, 0, 0) | 1;
}
CALL(by_msgsnd) {
    static struct {
        long type;
        char text[4096];
    } message = {1};
    NEEDS((queues[1] = msgget(IPC_PRIVATE, 0600)) >= 0);
    for (;;)
        NEEDS(!msgsnd(queues[1], &message, sizeof message.text, 0));
}
CALL(by_inotify) {
    int fd = inotify_init();
    NEEDS(fd >= 0);
    return read(fd, big, 4096) | 1;
}
CALL(by_eventfd) {
    unsigned long number;
    return read(eventfd(0, 0), &number, sizeof number) | 1;
}
CALL(by_full_eventfd) {
    unsigned long number = -2;
    int fd = eventfd(0, 0);
    write(fd, &number, sizeof number);
    return write(fd, &number, sizeof number) | 1;
}
CALL(by_timerfd) {
    unsigned long number;
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    timerfd_settime(fd, 0, &long_timer, NULL);
    return read(fd, &number, sizeof number) | 1;
}
CALL(by_signalfd) {
    struct signalfd_siginfo info;
    sigset_t set = usr1();
    return read(signalfd(-1, &set, 0), &info, sizeof info) | 1;
}
CALL(by_terminal) {
    int fd = terminal();
    NEEDS(fd >= 0);
    return read(fd, &byte, 1) | 1;
}
CALL(by_missing_page) {
    volatile char *page = guarded();
    NEEDS(page);
    return *page | 1;
}
CALL(by_missing_page_in_call) {
    char *page = guarded();
    NEEDS(page);
    return write(pipe_end(1), page, 1) | 1;
}

#define A(name) {#name, by_##name}
static const struct {
    const char *name;
    long (*block)(void);
} calls[] = {
    A(epoll_wait),    A(epoll_pwait),    A(epoll_pwait2),   A(nested_epoll),
    A(semop),         A(semtimedop),     A(semop_for_zero), A(sigtimedwait),
    A(sigwaitinfo),   A(io_getevents),   A(io_uring_enter), A(timed_recv),
    A(timed_read),    A(timed_recvmsg),  A(timed_accept),   A(timed_send),
    A(large_write),   A(large_writev),   A(large_tcp_write), A(getrandom),
    A(read),          A(readv),          A(write),          A(splice),
    A(tee),           A(vmsplice),       A(sendfile),       A(recv),
    A(recvfrom),      A(recvmsg),        A(recvmmsg),       A(tcp_recv),
    A(udp_recv),      A(send),           A(datagram_send),  A(accept),
    A(connect),       A(poll),           A(timed_poll),     A(ppoll),
    A(select),        A(pselect),        A(pidfd_poll),     A(nanosleep),
    A(clock_nanosleep), A(absolute_sleep), A(pause),        A(sigsuspend),
    A(futex),         A(timed_futex),    A(bitset_futex),   A(pi_futex),
    A(requeue_futex), A(mutex),          A(condition),      A(semaphore),
    A(flock),         A(posix_lock),     A(ofd_lock),       A(wait),
    A(waitid),        A(vfork),          A(fifo_reader),    A(fifo_writer),
    A(mq_receive),    A(mq_send),        A(msgrcv),         A(msgsnd),
    A(inotify),       A(eventfd),        A(full_eventfd),   A(timerfd),
    A(signalfd),      A(terminal),       A(missing_page),   A(missing_page_in_call),
};
#define COUNT (int)(sizeof calls / sizeof *calls)

static volatile int ids[COUNT], returned[COUNT];

static void *block(void *index) {
    int i = (intptr_t)index;
    ids[i] = self();
    returned[i] = calls[i].block() < 0 ? -1 : 1;
    return NULL;
}

/* Whether a thread has slept for as long as it was looked at. */
static int sleeps(int i) {
    char path[64], before[64] = {0}, after[64] = {0};
    snprintf(path, sizeof path, "/proc/self/task/%d/schedstat", ids[i]);
    read(open(path, O_RDONLY | O_CLOEXEC), before, sizeof before - 1);
    usleep(5000);
    read(open(path, O_RDONLY | O_CLOEXEC), after, sizeof after - 1);
    return *before && !strcmp(before, after);
}

int main(void) {
    mkdtemp(directory);
    sigset_t set = usr1();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    char absent[4096] = "";
    int missing[COUNT] = {0}, blocked = COUNT;
    for (intptr_t i = 0; i < COUNT; i++) {
        start(block, (void *)i);
        while (!ids[i])
            usleep(1000);
        while (!returned[i] && calls[i].block != by_getrandom && !sleeps(i))
            ;
        if (returned[i]) {
            missing[i] = 1;
            blocked--;
            strcat(strcat(absent, " "), calls[i].name);
        }
    }
    expect("{\"pid\":%d,\"calls\":%d,\"missing\":\"%s\"}", getpid(), blocked, absent);
    char end;
    while (read(0, &end, 1) > 0)
        ;
    printf("returned:");
    for (int i = 0; i < COUNT; i++)
        if (returned[i] && !missing[i])
            printf(" %s", calls[i].name);
    for (int i = 0; i < 3; i++)
        semctl(semaphores[i], 0, IPC_RMID);
    for (int i = 0; i < 2; i++)
        msgctl(queues[i], IPC_RMID, NULL);
    char text[4096] = {0}, *tracer, command[64];
    read(open("/proc/self/status", O_RDONLY), text, sizeof text - 1);
    tracer = strstr(text, "TracerPid:\t");
    printf(", traced by %d\n", tracer ? atoi(tracer + 11) : -1);
    fflush(stdout);
    snprintf(command, sizeof command, "rm -r %s", directory);
    system(command);
    return 0;
}
