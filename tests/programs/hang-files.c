/* Processes that wait for pipes, sockets, locks of files, terminals, queues and several descriptors at once. */
#include "situation.h"
#include <arpa/inet.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>

static char buffer[1 << 20];
static int ends[2], back[2];

/* The situation of one process whose only thread waits: the verdict, its nature, the kind of the wait, who could end
 * it, in ascending order. */
static void alone(const char *verdict, const char *nature, const char *kind, const char *enders) {
    expect("{\"ask\":[%d],\"verdict\":\"%s\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"%s\",\"kind\":\"%s\",\"enders\":[%s]}]}",
           getpid(), verdict, getpid(), nature, kind, enders);
}

static char *id(pid_t pid) {
    static char text[2][16];
    static int which;
    which = !which;
    sprintf(text[which], "%d", pid);
    return text[which];
}

/* A temporary file without a name that others could meet. */
static int file(char *path) {
    strcpy(path, "/tmp/situation.XXXXXX");
    int fd = mkstemp(path);
    if (fd < 0)
        _exit(1);
    return fd;
}

/* Two processes, each of which writes to the other and reads later. */
static void both_write(void) {
    pipe(ends);
    pipe(back);
    pid_t parent = getpid(), pid = child();
    if (pid == 0) {
        close(ends[1]);
        close(back[0]);
        write(back[1], buffer, sizeof buffer);
        read(ends[0], buffer, sizeof buffer);
        _exit(0);
    }
    close(ends[0]);
    close(back[1]);
    expect("{\"ask\":[%d],\"verdict\":\"deadlock\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"pipe-write\",\"enders\":[%d]},"
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"pipe-write\",\"enders\":[%d]}]}",
           parent, parent, pid, pid, parent);
    write(ends[1], buffer, sizeof buffer);
}

static void fifo_without_writer(void) {
    char path[64];
    close(file(path));
    unlink(path);
    mkfifo(path, 0600);
    alone("blocked", "blocked", "fifo-open", "");
    open(path, O_RDONLY);
}

static void socket_pair(void) {
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    pid_t pid = child();
    if (pid == 0) {
        close(ends[0]);
        stay();
    }
    close(ends[1]);
    alone("blocked", "blocked", "receive", id(pid));
    recv(ends[0], buffer, 1, 0);
}

/* Both sides of a conversation believe that it is the other's turn. */
static void both_receive(void) {
    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends);
    pid_t parent = getpid(), pid = child();
    if (pid == 0) {
        close(ends[0]);
        recv(ends[1], buffer, 1, 0);
        _exit(0);
    }
    close(ends[1]);
    expect("{\"ask\":[%d],\"verdict\":\"deadlock\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"receive\",\"enders\":[%d]},"
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"receive\",\"enders\":[%d]}]}",
           parent, parent, pid, pid, parent);
    recv(ends[0], buffer, 1, 0);
}

static void full_socket(void) {
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    pid_t pid = child();
    if (pid == 0) {
        close(ends[0]);
        stay();
    }
    close(ends[1]);
    alone("blocked", "blocked", "send", id(pid));
    for (;;)
        send(ends[0], buffer, sizeof buffer, 0);
}

static void datagrams(void) {
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    bind(fd, (struct sockaddr *)&name, sizeof(sa_family_t));
    alone("idle", "idle", "receive", "");
    recv(fd, buffer, 1, 0);
}

static socklen_t abstract(struct sockaddr_un *name) {
    *name = (struct sockaddr_un){.sun_family = AF_UNIX};
    return offsetof(struct sockaddr_un, sun_path) + 1 + sprintf(name->sun_path + 1, "situation-%d", getpid());
}

/* A listener that does not accept, and more clients than its backlog holds. */
static void full_backlog(void) {
    struct sockaddr_un name;
    socklen_t length = abstract(&name);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    bind(listener, (struct sockaddr *)&name, length);
    listen(listener, 0);
    pid_t pid = child();
    if (pid == 0) {
        stay();
    }
    close(listener);
    connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&name, length);
    alone("blocked", "blocked", "connect", id(pid));
    connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&name, length);
}

static void never_accepted(void) {
    struct sockaddr_un name;
    socklen_t length = abstract(&name);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd = socket(AF_UNIX, SOCK_STREAM, 0);
    bind(listener, (struct sockaddr *)&name, length);
    listen(listener, 1);
    connect(fd, (struct sockaddr *)&name, length);
    alone("deadlock", "deadlocked", "receive", id(getpid()));
    recv(fd, buffer, 1, 0);
}

static int tcp(struct sockaddr_in *address, int backlog) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bind(fd, (struct sockaddr *)address, sizeof *address);
    listen(fd, backlog);
    socklen_t length = sizeof *address;
    getsockname(fd, (struct sockaddr *)address, &length);
    return fd;
}

static void tcp_never_accepted(void) {
    struct sockaddr_in address;
    tcp(&address, 1);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    connect(fd, (struct sockaddr *)&address, sizeof address);
    alone("deadlock", "deadlocked", "receive", id(getpid()));
    recv(fd, buffer, 1, 0);
}

static void silent_peer(void) {
    struct sockaddr_in address;
    int listener = tcp(&address, 1);
    pid_t pid = child();
    if (pid == 0) {
        close(listener);
        connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address);
        stay();
    }
    int fd = accept(listener, NULL, NULL);
    alone("blocked", "blocked", "receive", id(pid));
    recv(fd, buffer, 1, 0);
}

static void peer_that_does_not_read(void) {
    struct sockaddr_in address;
    int listener = tcp(&address, 1);
    pid_t pid = child();
    if (pid == 0) {
        close(listener);
        connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address);
        stay();
    }
    int fd = accept(listener, NULL, NULL);
    alone("blocked", "blocked", "send", id(pid));
    for (;;)
        send(fd, buffer, sizeof buffer, 0);
}

static void server(void) {
    struct sockaddr_in address;
    int listener = tcp(&address, 1);
    alone("idle", "idle", "accept", "");
    accept(listener, NULL, NULL);
}

static void udp_server(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    bind(fd, (struct sockaddr *)&address, sizeof address);
    alone("idle", "idle", "receive", "");
    recv(fd, buffer, 1, 0);
}

static void file_lock(void) {
    char path[64];
    int fd = file(path);
    pid_t pid = child();
    if (pid == 0) {
        flock(open(path, O_RDWR), LOCK_EX);
        raise(SIGSTOP);
        stay();
    }
    waitpid(pid, NULL, WUNTRACED);
    kill(pid, SIGCONT);
    alone("blocked", "blocked", "file-lock", id(pid));
    flock(fd, LOCK_EX);
}

/* Who took the lock is gone; an heir of the descriptor keeps it without knowing. */
static void lock_of_an_heir(void) {
    char path[64];
    int fd = file(path), ids[2];
    pipe(ids);
    pid_t pid = child();
    if (pid == 0) {
        flock(open(path, O_RDWR), LOCK_EX);
        pid_t heir = fork();
        if (heir == 0)
            stay();
        write(ids[1], &heir, sizeof heir);
        _exit(0);
    }
    pid_t heir;
    read(ids[0], &heir, sizeof heir);
    waitpid(pid, NULL, 0);
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"file-lock\",\"enders\":[%d],\"says\":\"inherited\"}]}",
           getpid(), getpid(), heir);
    flock(fd, LOCK_SH);
}

static void lock_part(int fd, int command, int type, off_t start, off_t length) {
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    fcntl(fd, command, &lock);
}

static void record_lock(int command) {
    char path[64];
    int fd = file(path);
    pid_t pid = child();
    if (pid == 0) {
        lock_part(open(path, O_RDWR), command, F_WRLCK, 10, 5);
        raise(SIGSTOP);
        stay();
    }
    waitpid(pid, NULL, WUNTRACED);
    kill(pid, SIGCONT);
    alone("blocked", "blocked", "file-lock", id(pid));
    lock_part(fd, command, F_WRLCK, 14, 1);
}

static void posix_lock(void) { record_lock(F_SETLKW); }
static void description_lock(void) { record_lock(F_OFD_SETLKW); }

/* Two processes that lock two files crosswise. */
static void crossed_file_locks(void) {
    char path[64], other[64];
    close(file(path));
    close(file(other));
    int ids[2];
    pipe(ids);
    pipe(back);
    pid_t parent = getpid(), pid = child();
    int one = open(path, O_RDWR), two = open(other, O_RDWR);
    if (pid == 0) {
        flock(two, LOCK_EX);
        write(ids[1], buffer, 1);
        read(back[0], buffer, 1);
        flock(one, LOCK_EX);
        _exit(0);
    }
    flock(one, LOCK_EX);
    read(ids[0], buffer, 1);
    write(back[1], buffer, 1);
    expect("{\"ask\":[%d],\"verdict\":\"deadlock\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"file-lock\",\"enders\":[%d]},"
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"file-lock\",\"enders\":[%d]}]}",
           parent, parent, pid, pid, parent);
    flock(two, LOCK_EX);
}

/* A parent gathers the output of a child that says nothing. */
static void polls_output(void) {
    pipe(ends);
    pid_t pid = child();
    if (pid == 0) {
        close(ends[0]);
        stay();
    }
    close(ends[1]);
    alone("blocked", "blocked", "poll", id(pid));
    struct pollfd one = {ends[0], POLLIN};
    poll(&one, 1, -1);
}

static void selects_output(void) {
    pipe(ends);
    pid_t pid = child();
    if (pid == 0) {
        close(ends[0]);
        stay();
    }
    close(ends[1]);
    alone("blocked", "blocked", "poll", id(pid));
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    select(ends[0] + 1, &set, NULL, NULL, NULL);
}

static void polls_with_time(void) {
    pipe(ends);
    expect("{\"ask\":[%d],\"threads\":[{\"tid\":%d,\"kind\":\"poll\",\"timed\":true}]}", getpid(), getpid());
    struct pollfd one = {ends[0], POLLIN};
    poll(&one, 1, 1000000);
}

static void sleeps_in_poll(void) {
    expect("{\"ask\":[%d],\"verdict\":\"sleeping\",\"threads\":[{\"tid\":%d,\"kind\":\"sleep\",\"timed\":true}]}",
           getpid(), getpid());
    poll(NULL, 0, 1000000);
}

static void event_loop(void) {
    int inner = epoll_create1(0), outer = epoll_create1(0);
    struct epoll_event event = {EPOLLIN};
    struct sockaddr_in address;
    epoll_ctl(inner, EPOLL_CTL_ADD, tcp(&address, 1), &event);
    epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event);
    expect("{\"ask\":[%d],\"verdict\":\"idle\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"idle\",\"kind\":\"epoll\",\"what\":\"a connection to TCP\"}]}",
           getpid(), getpid());
    epoll_wait(outer, &event, 1, -1);
}

/* Event loops at both ends of a connection have nothing to say. */
static void loops_that_are_connected(void) {
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    pid_t parent = getpid(), pid = child();
    struct pollfd one = {ends[pid != 0], POLLIN};
    close(ends[pid == 0]);
    if (pid)
        expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"threads\":["
               "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"poll\",\"enders\":[%d]}]}",
               parent, parent, pid);
    poll(&one, 1, -1);
}

static void event_counter(void) {
    int fd = eventfd(0, 0);
    pid_t pid = child();
    if (pid == 0)
        stay();
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"eventfd\",\"some\":[%d]}]}",
           getpid(), getpid(), pid);
    read(fd, buffer, 8);
}

static void timer(void) {
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    struct itimerspec then = {.it_value.tv_sec = 1000};
    timerfd_settime(fd, 0, &then, NULL);
    expect("{\"ask\":[%d],\"verdict\":\"sleeping\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"sleeping\",\"kind\":\"timer\",\"timed\":true}]}",
           getpid(), getpid());
    read(fd, buffer, 8);
}

static void signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int fd = signalfd(-1, &set, 0);
    expect("{\"ask\":[%d],\"verdict\":\"idle\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"idle\",\"kind\":\"signal\",\"what\":\"SIGUSR1\"}]}",
           getpid(), getpid());
    read(fd, buffer, sizeof(struct signalfd_siginfo));
}

static void file_events(void) {
    int fd = inotify_init();
    inotify_add_watch(fd, "/", IN_CREATE);
    alone("idle", "idle", "file-event", "");
    read(fd, buffer, 4096);
}

/* A pseudoterminal whose other side is ours: what runs in it waits for input. */
static void terminal(void) {
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    grantpt(master);
    unlockpt(master);
    const char *name = ptsname(master);
    pid_t pid = child();
    if (pid == 0) {
        int fd = open(name, O_RDONLY | O_NOCTTY);
        close(master);
        read(fd, buffer, 1);
        _exit(0);
    }
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"terminal-read\",\"some\":[%d],\"outside\":\"person\"}]}",
           pid, pid, getpid());
    stay();
}

/* A background job that reads from its terminal: SIGTTIN stops it. */
static void background_job(void) {
    int *job = shared(4096), master = posix_openpt(O_RDWR | O_NOCTTY);
    grantpt(master);
    unlockpt(master);
    pid_t leader = child();
    if (leader == 0) {
        setsid();
        int terminal = open(ptsname(master), O_RDWR);
        tcsetpgrp(terminal, getpid());
        pid_t pid = child();
        if (pid == 0) {
            setpgid(0, 0);
            *job = getpid();
            read(terminal, buffer, 1);
        }
        stay();
    }
    while (!*(volatile int *)job)
        usleep(1000);
    until_state(*job, 'T');
    expect("{\"ask\":[%d],\"verdict\":\"stopped\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"stopped\",\"kind\":\"stopped\",\"says\":\"SIGTTIN\",\"outside\":\"signal\"}]}",
           *job, *job);
}

static void posix_queue(void) {
    char name[32];
    struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 8};
    sprintf(name, "/situation-%d", getpid());
    mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
    mq_unlink(name);
    expect("{\"ask\":[%d],\"threads\":[{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"message-receive\"}]}", getpid(),
           getpid());
    mq_receive(queue, buffer, 8, NULL);
}

static void full_posix_queue(void) {
    char name[32];
    struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 8};
    sprintf(name, "/situation-%d", getpid());
    mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
    mq_unlink(name);
    mq_send(queue, buffer, 8, 0);
    expect("{\"ask\":[%d],\"threads\":[{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"message-send\"}]}", getpid(),
           getpid());
    mq_send(queue, buffer, 8, 0);
}

static void system_v_queue(void) {
    int queue = msgget(IPC_PRIVATE, 0600);
    struct {
        long type;
        char text[8];
    } message = {1};
    pid_t pid = child();
    if (pid == 0) {
        msgsnd(queue, &message, 8, 0);
        raise(SIGSTOP);
        stay();
    }
    waitpid(pid, NULL, WUNTRACED);
    kill(pid, SIGCONT);
    msgrcv(queue, &message, 8, 0, 0);
    alone("blocked", "blocked", "message-receive", id(pid));
    msgrcv(queue, &message, 8, 0, 0);
}

static void system_v_semaphore(void) {
    int set = semget(IPC_PRIVATE, 1, 0600);
    pid_t pid = child();
    if (pid == 0) {
        struct sembuf give[] = {{0, 1, 0}, {0, -1, 0}};
        semop(set, &give[0], 1);
        semop(set, &give[1], 1);
        raise(SIGSTOP);
        stay();
    }
    waitpid(pid, NULL, WUNTRACED);
    kill(pid, SIGCONT);
    alone("blocked", "blocked", "sysv-semaphore", id(pid));
    struct sembuf take = {0, -1, 0};
    semop(set, &take, 1);
}

int main(int argc, char **argv) {
    static const struct situation situations[] = {
        {"both-write", both_write},
        {"fifo-without-writer", fifo_without_writer},
        {"socket-pair", socket_pair},
        {"both-receive", both_receive},
        {"full-socket", full_socket},
        {"datagrams", datagrams},
        {"full-backlog", full_backlog},
        {"never-accepted", never_accepted},
        {"tcp-never-accepted", tcp_never_accepted},
        {"silent-peer", silent_peer},
        {"peer-that-does-not-read", peer_that_does_not_read},
        {"server", server},
        {"udp-server", udp_server},
        {"file-lock", file_lock},
        {"lock-of-an-heir", lock_of_an_heir},
        {"posix-lock", posix_lock},
        {"description-lock", description_lock},
        {"crossed-file-locks", crossed_file_locks},
        {"polls-output", polls_output},
        {"selects-output", selects_output},
        {"polls-with-time", polls_with_time},
        {"sleeps-in-poll", sleeps_in_poll},
        {"event-loop", event_loop},
        {"loops-that-are-connected", loops_that_are_connected},
        {"event-counter", event_counter},
        {"timer", timer},
        {"signals", signals},
        {"file-events", file_events},
        {"terminal", terminal},
        {"background-job", background_job},
        {"posix-queue", posix_queue},
        {"full-posix-queue", full_posix_queue},
        {"system-v-queue", system_v_queue},
        {"system-v-semaphore", system_v_semaphore},
        {0},
    };
    return run(situations, argc, argv);
}
