/* The first thread ends before the other. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_t leader;

static void *work(void *arg) {
    pthread_join(leader, 0);
    exit(7);
}

int main(void) {
    pthread_t t;
    leader = pthread_self();
    pthread_create(&t, 0, work, 0);
    pthread_exit(0);
}
