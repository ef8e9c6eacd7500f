/* A situation: a process gets itself, and perhaps its children, into it, prints one line of JSON that says what a report
 * must find, and stays there until it is killed or its standard input ends.
 *
 *   {"ask": [pid, ...], "verdict": word, "threads": [{"tid": id, "nature": word, "kind": word, ...}, ...]}
 *
 * Of each thread the fields are compared that are given; "enders" are the ids, in ascending order, of all who could end
 * its wait, "some" are ids that must be among them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

struct situation {
    const char *name;
    void (*enter)(void);
};

static int self(void) {
    return syscall(SYS_gettid);
}

/* Prints what must be found. */
__attribute__((format(printf, 1, 2))) static void expect(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char line[8192];
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    line[length++] = '\n';
    if (write(1, line, length) != length)
        _exit(1);
    va_end(arguments);
}

/* Waits, without a limit, for something that is never going to be. */
static void stay(void) {
    for (;;)
        pause();
}

static pthread_t start(void *(*run)(void *), void *argument) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, argument))
        _exit(1);
    return thread;
}

/* Memory that children share. */
static void *shared(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        _exit(1);
    return memory;
}

/* A child that does not outlive its parent. */
static pid_t child(void) {
    pid_t pid = fork();
    if (pid < 0)
        _exit(1);
    if (pid == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return pid;
}

/* Waits until a thread has the state: a letter of /proc/PID/stat. */
static void until_state(int tid, char state) {
    for (;;) {
        char path[64], text[512];
        snprintf(path, sizeof path, "/proc/%d/stat", tid);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        int length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
        if (fd >= 0)
            close(fd);
        if (length > 0) {
            text[length] = 0;
            char *end = strrchr(text, ')');
            if (end && end[2] == state)
                return;
        }
        usleep(1000);
    }
}

static int run(const struct situation *situations, int argc, char **argv) {
    for (const struct situation *one = situations; one->name; one++) {
        if (argc < 2)
            puts(one->name);
        else if (!strcmp(one->name, argv[1])) {
            one->enter();
            stay();
        }
    }
    return argc < 2 ? 0 : 2;
}
