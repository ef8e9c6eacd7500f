/* Accesses memory in ways that its arguments name, one after the other. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

volatile int counter = 10;
volatile long long wide;
static volatile short hidden;
char line[64] __attribute__((aligned(64)));
static __thread volatile int own;

static volatile int traps;
static void trapped(int signal) { (void)signal, traps++; }

static void __attribute__((noinline)) write_counter(int value) { counter = value; }

static void *in_thread(void *value)
{
    write_counter((int)(long)value);
    return NULL;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *how = argv[i];
        if (!strcmp(how, "write")) {
            write_counter(counter + 1);
        } else if (!strcmp(how, "same")) {
            write_counter(10);
        } else if (!strcmp(how, "read")) {
            int value = counter;
            (void)value;
        } else if (!strcmp(how, "wide")) {
            wide = 0x123456789abcdef0;
        } else if (!strcmp(how, "hidden")) {
            hidden = -1;
        } else if (!strcmp(how, "byte")) {
            line[17] = 'x';
            line[18] = 'y';
        } else if (!strcmp(how, "own")) {
            own = 1;
        } else if (!strcmp(how, "thread")) {
            pthread_t thread;
            pthread_create(&thread, NULL, in_thread, (void *)77L);
            pthread_join(thread, NULL);
        } else if (!strcmp(how, "fork")) {
            if (!fork()) {
                write_counter(88);
                _exit(0);
            }
            wait(NULL);
        } else if (!strcmp(how, "vfork")) {
            if (!vfork()) {
                counter = 99;
                _exit(0);
            }
            wait(NULL);
        } else if (!strcmp(how, "kernel")) {
            int pipes[2], value = 5;
            if (pipe(pipes) || write(pipes[1], &value, sizeof value) != sizeof value
                || read(pipes[0], (void *)&counter, sizeof counter) != sizeof counter)
                return 9;
        } else if (!strcmp(how, "handle")) {
            signal(SIGTRAP, trapped);
        } else if (!strcmp(how, "int3")) {
            __asm__ volatile("int3");
        } else if (!strcmp(how, "raise")) {
            raise(SIGTRAP);
        } else if (!strcmp(how, "step")) {
            /* The trap flag on, a write, and off again. */
#ifdef __x86_64__
            __asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq; movl $55, %0; pushfq; andl $~0x100, (%%rsp); popfq"
                             : "=m"(counter)::"cc", "memory");
#endif
        } else if (!strcmp(how, "traps")) {
            printf("%d traps\n", traps);
        } else if (!strcmp(how, "exec")) {
            execv("/proc/self/exe", argv + i);
        }
    }
    fflush(stdout);
    return 0;
}
