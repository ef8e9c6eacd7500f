/* A thread that the system works for, and others that wait meanwhile. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WAITING = 8, ROUNDS = 20, SIZE = 64 << 20 };

static pthread_barrier_t begin, end;

static void *wait_for_it(void *unused)
{
	pthread_barrier_wait(&begin);
	/* Returns when all the work is done, and cost nothing itself. */
	syscall(SYS_getppid);
	pthread_barrier_wait(&end);
	return unused;
}

int main(void)
{
	pthread_t threads[WAITING];

	pthread_barrier_init(&begin, NULL, WAITING + 1);
	pthread_barrier_init(&end, NULL, WAITING + 1);
	for (int i = 0; i < WAITING; i++)
		pthread_create(&threads[i], NULL, wait_for_it, NULL);
	pthread_barrier_wait(&begin);
	for (int i = 0; i < ROUNDS; i++) {
		void *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (memory == MAP_FAILED)
			return 1;
		munmap(memory, SIZE);
	}
	pthread_barrier_wait(&end);
	for (int i = 0; i < WAITING; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
