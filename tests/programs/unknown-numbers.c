/* Calls numbers that no call has; with an argument, so many different ones. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc > 1)
		for (int i = atoi(argv[1]); i > 0; i--)
			syscall(2000 + i);
	for (int i = 0; i < 3; i++)
		syscall(1999);
	syscall(-5);
	syscall(0x40000000 + SYS_getpid);
	return 0;
}
