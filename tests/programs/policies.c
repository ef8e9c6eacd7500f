// Takes scheduling policies between many quick calls, for itself and for another thread, and has a child inherit them.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static void be_quick(void)
{
	for (int i = 0; i < 100; i++)
		syscall(SYS_getppid);
}

/* SCHED_DEADLINE is for threads that may run on all CPUs. */
static void deadline(const char *whose, pid_t tid)
{
	struct attributes a = {sizeof a, 6, 0, 0, 0, 1000000, 10000000, 10000000};
	struct sched_param other = {0};
	be_quick();
	int result = syscall(SYS_sched_setattr, tid, &a, 0) ? errno : 0;
	printf("%s, deadline: %s\n", whose, strerror(result));
	be_quick();
	result = sched_setscheduler(tid, SCHED_OTHER, &other) ? errno : 0;
	printf("%s, other: %s\n", whose, strerror(result));
	fflush(stdout);
}

static int ready[2], done[2];

static void *thread(void *tid)
{
	char byte;
	be_quick();
	*(pid_t *)tid = syscall(SYS_gettid);
	write(ready[1], "", 1);
	read(done[0], &byte, 1);
	return NULL;
}

int main(void)
{
	pthread_t id;
	pid_t tid;
	char byte;
	pipe(ready);
	pipe(done);
	deadline("oneself", 0);
	pthread_create(&id, NULL, thread, &tid);
	read(ready[0], &byte, 1);
	deadline("a thread", tid);
	write(done[1], "", 1);
	pthread_join(id, NULL);
	if (!fork()) {
		deadline("a child", 0);
		_exit(0);
	}
	wait(NULL);
}
