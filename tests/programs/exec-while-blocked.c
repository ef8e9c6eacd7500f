/* execve from a thread that is not the leader, while the leader is in a call, and when there is nothing more to read. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Waits until the leader sleeps in pause(2). */
static void until_paused(void)
{
	char text[64];
	size_t len;

	do {
		FILE *file = fopen("/proc/self/syscall", "r");
		len = fread(text, 1, sizeof text - 1, file);
		text[len] = 0;
		fclose(file);
	} while (strncmp(text, "34 ", 3));
}

static void *run(void *arg)
{
	char *argv[] = {"/bin/true", 0}, byte;
	until_paused();
	while (read(0, &byte, 1) > 0)
		;
	execv(argv[0], argv);
	return arg;
}

int main(void)
{
	pthread_t t;
	pthread_create(&t, 0, run, 0);
	pause();
}
