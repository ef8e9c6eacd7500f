/* A thread that makes many calls and tells on how few CPUs it may run at least. With an argument, its parent is interrupted meanwhile. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ROUNDS = 1000, CALLS = 20, EARLY = 100 };

static int least = CPU_SETSIZE;
static pthread_barrier_t begun;

static void *call(void *unused)
{
	for (int round = 0; round < ROUNDS; round++) {
		cpu_set_t cpus;

		for (int i = 0; i < CALLS; i++)
			syscall(SYS_getppid);
		if (sched_getaffinity(0, sizeof cpus, &cpus) == 0 && CPU_COUNT(&cpus) < least)
			least = CPU_COUNT(&cpus);
		if (round == EARLY)
			pthread_barrier_wait(&begun);
	}
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	(void)argv;
	pthread_barrier_init(&begun, NULL, 2);
	pthread_create(&thread, NULL, call, NULL);
	pthread_barrier_wait(&begun);
	if (argc > 1)
		kill(getppid(), SIGINT);
	pthread_join(thread, NULL);
	printf("%d\n", least);
	return 0;
}
