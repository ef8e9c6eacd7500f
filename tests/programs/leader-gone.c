/* The leader exits when it reads a byte; another thread waits for the end of standard input. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static int go[2];

static void *work(void *arg) {
    char c;
    while (read(go[0], &c, 1) == 1)
        ;
    exit(7);
    return arg;
}

int main(void) {
    char c;
    pthread_t t;
    go[0] = dup(0);
    read(0, &c, 1);
    pthread_create(&t, 0, work, 0);
    pthread_exit(0);
}
