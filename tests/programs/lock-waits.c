/* Waits for a lock that its child holds while that makes calls. */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char byte;
	int lock = open(argv[1], O_CREAT | O_RDWR, 0600), held[2];
	pipe(held);
	if (!fork()) {
		int own = open(argv[1], O_RDWR);
		flock(own, LOCK_EX);
		write(held[1], "", 1);
		for (int i = 0; i < 20; i++) {
			usleep(10000);
			getppid();
		}
		_exit(0);
	}
	read(held[0], &byte, 1);
	flock(lock, LOCK_EX);
	getuid();
	wait(NULL);
	return 0;
}
