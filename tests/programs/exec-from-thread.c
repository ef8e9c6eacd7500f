/* execve from a thread that is not the leader: it takes the leader's id. */
#include <pthread.h>
#include <unistd.h>

static int ready[2];

static void *run(void *arg) {
    char byte, *argv[] = {"/bin/true", 0};
    read(ready[0], &byte, 1);
    execv(argv[0], argv);
    return arg;
}

int main(void) {
    pthread_t t;
    pipe(ready);
    pthread_create(&t, 0, run, 0);
    write(ready[1], "x", 1);
    pause();
}
