/* Waits in several calls, each for another time. */
#include <poll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
	struct timespec second = {.tv_nsec = 150000000};
	struct timeval first = {.tv_usec = 50000};
	nanosleep(&second, NULL);
	poll(NULL, 0, 100);
	poll(NULL, 0, 100);
	select(0, NULL, NULL, NULL, &first);
	close(-1);
	close(-1);
	close(-1);
	chdir("/nonexistent");
	return 0;
}
