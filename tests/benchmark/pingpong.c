// Two threads wake each other in turn, so many times.
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int turn;
static long rounds;

static void *player(void *number)
{
	int me = (long)number;
	for (long i = 0; i < rounds; i++) {
		while (turn != me)
			syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, !me, NULL, NULL, 0);
		turn = !me;
		syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t other;
	rounds = argc > 1 ? atol(argv[1]) : 1;
	pthread_create(&other, NULL, player, (void *)1L);
	player((void *)0L);
	pthread_join(other, NULL);
}
