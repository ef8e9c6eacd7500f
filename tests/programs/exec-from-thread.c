/* execve from a thread that is not the leader: it takes the leader's id. */
#include <pthread.h>
#include <unistd.h>

static void *run(void *arg) {
    char *argv[] = {"/bin/true", 0};
    execv(argv[0], argv);
    return arg;
}

int main(void) {
    pthread_t t;
    pthread_create(&t, 0, run, 0);
    pause();
}
