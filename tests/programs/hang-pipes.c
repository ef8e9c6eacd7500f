/* Pipes and FIFOs whose other end is held by somebody who does nothing with it, or by nobody. */
#include "situation.h"
#include <sys/sendfile.h>
#include <sys/stat.h>

static void make(int ends[2]) {
    if (pipe(ends))
        _exit(1);
}

static void fill(int fd) {
    char block[4096] = {0};
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (write(fd, block, sizeof block) > 0)
        ;
    fcntl(fd, F_SETFL, 0);
}

/* The child holds the write end and sleeps. */
static void silent_writer(void) {
    int ends[2];
    make(ends);
    pid_t pid = child();
    if (pid == 0) {
        close(ends[0]);
        stay();
    }
    close(ends[1]);
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"roots\":[%d],\"threads\":["
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"pipe-read\",\"enders\":[%d]},{\"tid\":%d,\"kind\":\"signal\"}]}",
           getpid(), pid, getpid(), pid, pid);
    char byte;
    read(ends[0], &byte, 1);
}

/* A grandchild that has left its parent keeps a write end that nobody thinks of. */
static void forgotten_write_end(void) {
    int ends[2], ids[2];
    make(ends);
    make(ids);
    pid_t pid = child();
    if (pid == 0) {
        pid_t daemon = fork();
        if (daemon == 0) {
            setsid();
            prctl(PR_SET_PDEATHSIG, 0);
            close(ids[1]);
            while (getppid() != 1 && kill(getppid(), 0) == 0)
                usleep(1000);
            alarm(120);
            stay();
        }
        write(ids[1], &daemon, sizeof daemon);
        _exit(0);
    }
    pid_t daemon;
    read(ids[0], &daemon, sizeof daemon);
    waitpid(pid, NULL, 0);
    until_state(daemon, 'S');
    close(ends[1]);
    expect("{\"ask\":[%d],\"kill\":[%d],\"verdict\":\"blocked\",\"roots\":[%d],\"threads\":["
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"pipe-read\",\"enders\":[%d],\"says\":\"end of file\"}]}",
           getpid(), daemon, daemon, getpid(), daemon);
    char byte;
    read(ends[0], &byte, 1);
}

static void only_itself(void) {
    int ends[2];
    make(ends);
    expect("{\"ask\":[%d],\"verdict\":\"deadlock\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"pipe-read\",\"enders\":[%d],\"says\":\"nobody else\"}]}",
           getpid(), getpid(), getpid());
    char byte;
    read(ends[0], &byte, 1);
}

static void full_pipe_never_read(void) {
    int ends[2];
    make(ends);
    pid_t pid = child();
    if (pid == 0) {
        close(ends[1]);
        stay();
    }
    close(ends[0]);
    fill(ends[1]);
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"pipe-write\",\"enders\":[%d]}]}",
           getpid(), getpid(), pid);
    char block[4096] = {0};
    write(ends[1], block, sizeof block);
}

/* The parent waits for the child to end, the child for the parent to read what it prints. */
static void output_never_read(void) {
    int ends[2];
    make(ends);
    pid_t pid = child();
    if (pid == 0) {
        close(ends[0]);
        char block[4096] = {0};
        for (;;)
            write(ends[1], block, sizeof block);
    }
    close(ends[1]);
    until_state(pid, 'S');
    expect("{\"ask\":[%d],\"verdict\":\"deadlock\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"child\",\"enders\":[%d]},"
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"pipe-write\",\"enders\":[%d]}]}",
           getpid(), getpid(), pid, pid, getpid());
    waitpid(pid, NULL, 0);
}

/* Two processes that each read what the other is to write first. */
static void pipe_pair(void) {
    int there[2], back[2];
    make(there);
    make(back);
    pid_t pid = child();
    char byte;
    if (pid == 0) {
        close(there[1]);
        close(back[0]);
        read(there[0], &byte, 1);
        _exit(0);
    }
    close(there[0]);
    close(back[1]);
    expect("{\"ask\":[%d],\"verdict\":\"deadlock\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"pipe-read\",\"enders\":[%d]},"
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"pipe-read\",\"enders\":[%d]}]}",
           getpid(), getpid(), pid, pid, getpid());
    read(back[0], &byte, 1);
}

/* One thread holds a lock and writes to a full pipe; the reader of the pipe needs the lock. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int full[2], reader;

static void *lock_then_read(void *unused) {
    char byte;
    reader = self();
    pthread_mutex_lock(&mutex);
    read(full[0], &byte, 1);
    return NULL;
}

static void full_pipe_against_a_lock(void) {
    make(full);
    fill(full[1]);
    pthread_mutex_lock(&mutex);
    start(lock_then_read, NULL);
    while (!*(volatile int *)&reader)
        usleep(1000);
    expect("{\"ask\":[%d],\"verdict\":\"deadlock\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"pipe-write\",\"enders\":[%d]},"
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"mutex\",\"enders\":[%d]}]}",
           getpid(), getpid(), getpid(), reader, getpid());
    char block[4096] = {0};
    write(full[1], block, sizeof block);
}

/* A grandchild's pipe: parent and child both wait. */
static void grandchilds_pipe(void) {
    int ends[2];
    make(ends);
    int *pids = shared(4096);
    pid_t pid = child();
    if (pid == 0) {
        pid_t last = child();
        if (last == 0) {
            close(ends[0]);
            stay();
        }
        pids[0] = last;
        close(ends[0]);
        close(ends[1]);
        waitpid(last, NULL, 0);
    }
    close(ends[1]);
    while (!*(volatile int *)pids)
        usleep(1000);
    until_state(pid, 'S');
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"roots\":[%d],\"threads\":["
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"pipe-read\",\"enders\":[%d]}]}",
           getpid(), pids[0], getpid(), pids[0]);
    char byte;
    read(ends[0], &byte, 1);
}

static void fifo_reader(void) {
    char path[64];
    snprintf(path, sizeof path, "/tmp/trapline-fifo-%d", getpid());
    mkfifo(path, 0600);
    int fd = open(path, O_RDWR);
    pid_t pid = child();
    if (pid == 0)
        stay();
    int reader = open(path, O_RDONLY);
    close(fd);
    unlink(path);
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"pipe-read\",\"enders\":[%d],\"outside\":\"newcomer\"}]}",
           getpid(), getpid(), pid);
    char byte;
    read(reader, &byte, 1);
}

static void splice_from_pipe(void) {
    int ends[2], other[2];
    make(ends);
    make(other);
    pid_t pid = child();
    if (pid == 0) {
        close(ends[0]);
        stay();
    }
    close(ends[1]);
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"pipe-read\",\"call\":\"splice\",\"some\":[%d]}]}",
           getpid(), getpid(), pid);
    splice(ends[0], NULL, other[1], NULL, 4096, 0);
}

static void sendfile_to_full_pipe(void) {
    int ends[2];
    make(ends);
    pid_t pid = child();
    if (pid == 0) {
        close(ends[1]);
        stay();
    }
    close(ends[0]);
    fill(ends[1]);
    int fd = open("/proc/self/exe", O_RDONLY);
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"pipe-write\",\"call\":\"sendfile\",\"enders\":[%d]}]}",
           getpid(), getpid(), pid);
    sendfile(ends[1], fd, NULL, 4096);
}

int main(int argc, char **argv) {
    const struct situation situations[] = {
        {"silent-writer", silent_writer},
        {"forgotten-write-end", forgotten_write_end},
        {"only-itself", only_itself},
        {"full-pipe-never-read", full_pipe_never_read},
        {"output-never-read", output_never_read},
        {"pipe-pair", pipe_pair},
        {"full-pipe-against-a-lock", full_pipe_against_a_lock},
        {"grandchilds-pipe", grandchilds_pipe},
        {"fifo-reader", fifo_reader},
        {"splice-from-pipe", splice_from_pipe},
        {"sendfile-to-full-pipe", sendfile_to_full_pipe},
        {0},
    };
    return run(situations, argc, argv);
}
