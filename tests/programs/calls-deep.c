/* A call from deep inside, and one from a signal handler. */
#include <signal.h>
#include <unistd.h>

static void __attribute__((noinline)) inner(int more)
{
	if (more)
		inner(more - 1);
	else
		getppid();
	__asm__ volatile("");
}

static void handler(int unused)
{
	getppid();
	__asm__ volatile("");
}

int main(void)
{
	inner(2);
	signal(SIGUSR1, handler);
	raise(SIGUSR1);
	return 0;
}
