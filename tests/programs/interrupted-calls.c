// Calls of threads that are in progress when another thread's begin, one after the other.
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int ends[2], listener;
static pid_t started;

static void *reads(void *unused) {
    char byte[4];
    started = syscall(SYS_gettid);
    read(ends[0], byte, sizeof byte);
    return unused;
}

static void *accepts(void *unused) {
    started = syscall(SYS_gettid);
    accept(listener, NULL, NULL);
    return unused;
}

// Starts a thread and waits till it sleeps in its call.
static pthread_t asleep_in(int call, void *(*body)(void *)) {
    pthread_t thread;
    started = 0;
    pthread_create(&thread, NULL, body, NULL);
    for (int number = -1; number != call;) {
        pid_t tid = *(volatile pid_t *)&started;
        char path[64], text[256] = "";
        if (tid == 0)
            continue;
        sprintf(path, "/proc/self/task/%d/syscall", tid);
        int file = open(path, O_RDONLY);
        pread(file, text, sizeof text - 1, 0);
        close(file);
        if (sscanf(text, "%d", &number) != 1)
            number = -1;
    }
    return thread;
}

int main(void) {
    struct sockaddr_in any = {.sin_family = AF_INET};
    pipe(ends);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    bind(listener, (struct sockaddr *)&any, sizeof any);
    listen(listener, 1);
    pthread_t reader = asleep_in(SYS_read, reads);
    asleep_in(SYS_accept, accepts);
    write(ends[1], "x", 1);
    pthread_join(reader, NULL);
    return 0;
}
