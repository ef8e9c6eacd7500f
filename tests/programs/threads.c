/* Threads that take turns on a mutex and end one by one. */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *work(void *arg) {
    pthread_mutex_lock(&lock);
    write(1, arg, 1);
    pthread_mutex_unlock(&lock);
    return 0;
}

int main(void) {
    pthread_t t;
    const char *names[] = {"a", "b", "c"};
    for (int i = 0; i < 3; i++) {
        pthread_create(&t, 0, work, (void *)names[i]);
        pthread_join(t, 0);
    }
    return 5;
}
