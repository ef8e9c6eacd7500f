/* Calls that the kernel emulates: time(2), gettimeofday(2), getcpu(2) by their fixed addresses, and true calls between them. */
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

int main(void)
{
	int (*get_time)(struct timeval *, void *) = (void *)0xffffffffff600000;
	long (*seconds)(long *) = (void *)0xffffffffff600400;
	int (*get_cpu)(unsigned *, unsigned *, void *) = (void *)0xffffffffff600800;
	struct timeval now;
	unsigned cpu;

	seconds(0);
	syscall(SYS_getppid);
	get_time(&now, 0);
	syscall(SYS_time, 0);
	get_cpu(&cpu, 0, 0);
	return 0;
}
