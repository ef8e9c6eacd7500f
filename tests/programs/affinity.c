// Asks for CPU masks between many quick calls, which make it worth holding on the tracer's CPU.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned long mask[128];
static int with_status;

static void be_quick(void)
{
	for (int i = 0; i < 100; i++)
		syscall(SYS_getppid);
}

static void show(const char *whose, pid_t pid)
{
	be_quick();
	memset(mask, 0, sizeof mask);
	long len = syscall(SYS_sched_getaffinity, pid, sizeof mask, mask);
	printf("%s: %ld", whose, len);
	for (int cpu = 0; cpu < 1024; cpu++)
		if (mask[cpu / (8 * sizeof *mask)] >> cpu % (8 * sizeof *mask) & 1)
			printf(" %d", cpu);
	printf("\n");
	fflush(stdout);
}

/* What /proc tells of a thread's mask. */
static void show_status(const char *whose, const char *path)
{
	be_quick();
	char line[256];
	FILE *status = fopen(path, "r");
	while (status && fgets(line, sizeof line, status))
		if (!strncmp(line, "Cpus_allowed", 12))
			printf("%s, %s", whose, line);
	if (status)
		fclose(status);
	fflush(stdout);
}

static void *thread(void *parent)
{
	show("a thread", 0);
	show("its creator", *(pid_t *)parent);
	return NULL;
}

static void family(void)
{
	pid_t self = syscall(SYS_gettid);
	show("oneself", 0);
	show("oneself by id", self);
	if (with_status)
		show_status("oneself", "/proc/self/status");
	be_quick();
	pid_t child = fork();
	if (!child) {
		show("a child", 0);
		show("its parent", self);
		if (with_status) {
			char path[64];
			sprintf(path, "/proc/%d/status", self);
			show_status("its parent", path);
		}
		_exit(0);
	}
	waitpid(child, NULL, 0);
	be_quick();
	child = vfork();
	if (!child) {
		char *args[] = {"sh", "-c", ": ; : ; nproc", NULL};
		execv("/bin/sh", args);
		_exit(1);
	}
	waitpid(child, NULL, 0);
	be_quick();
	pthread_t id;
	pthread_create(&id, NULL, thread, &self);
	pthread_join(id, NULL);
}

int main(int argc, char **argv)
{
	with_status = argc > 1 && !strcmp(argv[1], "status");
	family();
	memset(mask, 0xff, sizeof mask);
	be_quick();
	printf("every bit: %ld\n", syscall(SYS_sched_setaffinity, 0, sizeof mask, mask));
	family();
	for (int cpu = 0; cpu < 2; cpu++) {
		memset(mask, 0, sizeof mask);
		mask[0] = 1 << cpu;
		be_quick();
		printf("CPU %d: %ld\n", cpu, syscall(SYS_sched_setaffinity, 0, sizeof mask, mask));
		family();
	}
	memset(mask, 0, sizeof mask);
	be_quick();
	printf("none: %ld\n", syscall(SYS_sched_setaffinity, 0, sizeof mask, mask));
	memset(mask, 0xff, sizeof mask);
	printf("every bit: %ld\n", syscall(SYS_sched_setaffinity, 0, sizeof mask, mask));
	show("at last", 0);
	if (argc > 1 && !with_status)
		for (;;) {
			be_quick();
			kill(getppid(), 0);
		}
}
