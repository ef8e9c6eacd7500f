// Makes children without a pause, says when some are there, and goes on. When there is nothing more to read, each tells its mask.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 300

static void wait_and_tell(void)
{
	char byte, line[64];
	cpu_set_t mask;
	while (read(0, &byte, 1) > 0)
		;
	sched_getaffinity(0, sizeof mask, &mask);
	int len = sprintf(line, "%d CPUs\n", CPU_COUNT(&mask));
	write(1, line, len);
}

static void *thread(void *unused)
{
	wait_and_tell();
	return NULL;
}

int main(void)
{
	for (int i = 0; i < CHILDREN; i++) {
		if (i == CHILDREN / 10)
			write(1, "begun\n", 6);
		if (!fork()) {
			pthread_t id;
			pthread_create(&id, NULL, thread, NULL);
			wait_and_tell();
			pthread_join(id, NULL);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	return 0;
}
