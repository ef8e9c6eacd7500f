// A thread that gets its name from another one, and one that writes its own file.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static int ready[2];

static void *work(void *unused) {
	char byte;
	read(ready[0], &byte, 1);
	getppid();
	return 0;
}

int main(void) {
	pthread_t thread;
	pipe(ready);
	pthread_create(&thread, 0, work, 0);
	pthread_setname_np(thread, "worker");
	write(ready[1], "x", 1);
	pthread_join(thread, 0);
	int file = open("/proc/self/comm", O_WRONLY);
	getuid();
	write(file, "renamed", 7);
	close(file);
	getgid();
	return 0;
}
