/* Threads that make calls for ever, and an older one that makes some and ends them all. */
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *call_for_ever(void *unused)
{
	for (;;)
		syscall(SYS_getppid);
	return unused;
}

static void begin(int threads)
{
	pthread_t thread;

	for (int i = 0; i < threads; i++)
		pthread_create(&thread, NULL, call_for_ever, NULL);
	for (int i = 0; i < 50; i++)
		syscall(SYS_getpid);
	_exit(7);
}

int main(void)
{
	int status = 0;

	if (fork() == 0)
		begin(20);
	wait(&status);
	return WEXITSTATUS(status);
}
