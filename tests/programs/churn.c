/* Threads that make threads, for ever. */
#include <pthread.h>
#include <unistd.h>

static void *nothing(void *arg) { return arg; }

static void *work(void *arg) {
    for (;;) {
        pthread_t t;
        if (!pthread_create(&t, 0, nothing, 0))
            pthread_join(t, 0);
    }
    return arg;
}

int main(void) {
    pthread_t t;
    for (int i = 0; i < 4; i++)
        pthread_create(&t, 0, work, 0);
    for (;;)
        pause();
}
