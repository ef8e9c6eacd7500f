// Installs a filter for all threads (SECCOMP_FILTER_FLAG_TSYNC) while they are in the middle of calls: of some that a signal
// interrupts for good, and of some that go on. None may notice; and what the filter fails is a call like any other.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int told[2], event_pipe[2], computing = 1;

static void *waits_for_events(void *unused)
{
	struct epoll_event event = {.events = EPOLLIN};
	int poll = epoll_create1(0);
	epoll_ctl(poll, EPOLL_CTL_ADD, event_pipe[0], &event);
	int events = epoll_wait(poll, &event, 1, -1);
	syscall(SYS_getppid);
	printf("%d event\n", events);
	return NULL;
}

static int semaphore;

static void *waits_for_a_semaphore(void *unused)
{
	struct sembuf down = {.sem_op = -1};
	int result = semop(semaphore, &down, 1);
	syscall(SYS_getppid);
	printf("semaphore: %d\n", result);
	return NULL;
}

static void *reads(void *unused)
{
	char byte;
	int len = read(told[0], &byte, 1);
	syscall(SYS_getppid);
	printf("%d byte\n", len);
	return NULL;
}

static void *computes(void *unused)
{
	while (__atomic_load_n(&computing, __ATOMIC_ACQUIRE))
		;
	syscall(SYS_getppid);
	return NULL;
}

// Waits until a thread sleeps in a call, or with none, until it runs.
static void until(int tid, const char *call)
{
	char name[64], text[256];
	sprintf(name, "/proc/self/task/%d/syscall", tid);
	for (;;) {
		FILE *file = fopen(name, "r");
		size_t len = fread(text, 1, sizeof text - 1, file);
		text[len] = 0;
		fclose(file);
		if (!strncmp(text, call, strlen(call)))
			return;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
}

struct start {
	void *(*function)(void *);
	int tid;
};

static void *begin(void *arg)
{
	struct start *start = arg;
	__atomic_store_n(&start->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	return start->function(NULL);
}

int main(void)
{
	struct start starts[] = {{reads}, {waits_for_events}, {waits_for_a_semaphore}, {computes}};
	const char *calls[] = {"0 ", "232 ", "220 ", "running"};
	pthread_t threads[4];
	pipe(told);
	pipe(event_pipe);
	semaphore = semget(IPC_PRIVATE, 1, 0600);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	for (int i = 0; i < 4; i++) {
		pthread_create(&threads[i], NULL, begin, &starts[i]);
		while (!__atomic_load_n(&starts[i].tid, __ATOMIC_ACQUIRE))
			sched_yield();
		until(starts[i].tid, calls[i]);
	}
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof *code, code};
	syscall(SYS_getppid);
	syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
	// One after the other, so that the order of calls is always the same.
	write(told[1], "", 1);
	pthread_join(threads[0], NULL);
	write(event_pipe[1], "", 1);
	pthread_join(threads[1], NULL);
	semctl(semaphore, 0, SETVAL, 1);
	pthread_join(threads[2], NULL);
	__atomic_store_n(&computing, 0, __ATOMIC_RELEASE);
	pthread_join(threads[3], NULL);
	semctl(semaphore, 0, IPC_RMID);
	syscall(SYS_getppid);
	return 0;
}
