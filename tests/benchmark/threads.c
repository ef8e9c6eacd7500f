// So many threads call getppid(2) so many times each, all at once, and compute for so many rounds before each call.
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static long calls, rounds;

static void *thread(void *unused)
{
	for (long i = 0; i < calls; i++) {
		for (volatile long round = 0; round < rounds; round++)
			;
		syscall(SYS_getppid);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int count = argc > 2 ? atoi(argv[1]) : 1;
	calls = argc > 2 ? atol(argv[2]) : 1;
	rounds = argc > 3 ? atol(argv[3]) : 0;
	pthread_t *ids = calloc(count, sizeof *ids);
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 * 1024);
	for (int i = 0; i < count; i++)
		pthread_create(ids + i, &attributes, thread, NULL);
	for (int i = 0; i < count; i++)
		pthread_join(ids[i], NULL);
}
