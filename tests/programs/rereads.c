// Reads its own masks in /proc/PID/status again and again, through one descriptor, between many quick calls.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

int main(void)
{
	char text[8192], last[256] = "";
	int fd = open("/proc/self/status", O_RDONLY);
	for (double start = now(); now() - start < 0.3;) {
		for (int i = 0; i < 100; i++)
			syscall(SYS_getppid);
		ssize_t len = pread(fd, text, sizeof text - 1, 0);
		text[len > 0 ? len : 0] = 0;
		char *mask = strstr(text, "Cpus_allowed:");
		char *end = mask ? strchr(mask, '\n') : NULL;
		if (!end)
			return 1;
		*end = 0;
		if (strcmp(mask, last))
			puts(strcpy(last, mask));
	}
	return 0;
}
