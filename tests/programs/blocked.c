/* Blocks in a call until a byte comes on standard input, or for a while, and tells what the call returned. With
   "threads", three threads do so, or as many as the next argument says. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

static void *reader(void *unused) {
    char byte;
    errno = 0;
    long n = read(0, &byte, 1);
    printf("read %ld %s\n", n, strerror(errno));
    return unused;
}

int main(int argc, char **argv) {
    const char *how = argc > 1 ? argv[1] : "read";
    if (!strcmp(how, "read")) reader(NULL);
    if (!strcmp(how, "poll")) {
        struct pollfd p = {0, POLLIN, 0};
        printf("poll %d %d\n", poll(&p, 1, 100000), errno);
    }
    if (!strcmp(how, "select")) {
        fd_set set;
        FD_ZERO(&set);
        FD_SET(0, &set);
        printf("select %d %d\n", select(1, &set, NULL, NULL, NULL), errno);
    }
    if (!strcmp(how, "nanosleep")) {
        /* Long enough to be found asleep, and left so, on any machine. */
        struct timespec t = {8, 0};
        printf("nanosleep %d %d\n", nanosleep(&t, NULL), errno);
    }
    if (!strcmp(how, "threads")) {
        int count = argc > 2 ? atoi(argv[2]) : 3;
        pthread_t threads[count];
        for (int i = 0; i < count; i++) pthread_create(&threads[i], NULL, reader, NULL);
        for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
    }
    return 5;
}
