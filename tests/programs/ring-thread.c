/* Says on how many CPUs the threads of this process may run, among them the kernel's thread that polls a ring. */
#define _GNU_SOURCE
#include <dirent.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	for (int i = 0; i < 300; i++)
		syscall(SYS_getppid);
	struct io_uring_params params = {.flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 1000};
	if (syscall(SYS_io_uring_setup, 8, &params) < 0)
		return 0;
	DIR *threads = opendir("/proc/self/task");
	for (struct dirent *entry; (entry = readdir(threads));) {
		cpu_set_t mask;
		CPU_ZERO(&mask);
		if (atoi(entry->d_name) && !sched_getaffinity(atoi(entry->d_name), sizeof mask, &mask))
			printf("%d CPUs\n", CPU_COUNT(&mask));
	}
	return 0;
}
