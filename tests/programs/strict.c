// Asks what filters there are, and goes into strict mode: prctl(2) PR_SET_SECCOMP, seccomp(2) SECCOMP_SET_MODE_STRICT.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <linux/filter.h>
#include <sched.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void asks(const char *who)
{
	printf("%s: mode %d, no new privileges %d\n", who, prctl(PR_GET_SECCOMP), prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	fflush(stdout);
}

static void says(const char *text)
{
	write(1, text, strlen(text));
}

static int by_prctl(void)
{
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
}

static int by_seccomp(void)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL);
}

static int wrongly(void)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, NULL);
}

static int by_filter(void)
{
	struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {1, code};
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int by_a_bad_filter(void)
{
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, 8);
}

static void child(const char *name, int (*enter)(void), int then)
{
	int status;
	if (!fork()) {
		if (enter() != 0) {
			printf("%s: %s\n", name, strerror(errno));
			asks(name);
		} else if (enter == by_filter) {
			asks(name);
			if (!fork()) {
				asks("its child");
				_exit(0);
			}
			wait(NULL);
			printf("strict after a filter: %d\n", by_prctl());
			fflush(stdout);
		} else {
			says(name);
			says(": strict\n");
		}
		if (then)
			syscall(then, 0);
		syscall(SYS_exit, 5);
	}
	wait(&status);
	printf("%s: status %#x\n", name, status);
	fflush(stdout);
}

static void *thread(void *unused)
{
	by_seccomp();
	says("a strict thread\n");
	syscall(SYS_getppid);
	says("is not reached\n");
	return NULL;
}

static int threads(void)
{
	DIR *all = opendir("/proc/self/task");
	int count = 0;
	while (all && readdir(all))
		count++;
	if (all)
		closedir(all);
	return count - 2;
}

int main(void)
{
	pthread_t id;
	asks("at first");
	child("prctl", by_prctl, 0);
	child("prctl", by_prctl, SYS_getppid);
	child("prctl", by_prctl, SYS_getuid);
	child("seccomp", by_seccomp, 0);
	child("seccomp", by_seccomp, SYS_fork);
	child("wrong flags", wrongly, SYS_getppid);
	child("filter", by_filter, SYS_getppid);
	child("bad filter", by_a_bad_filter, SYS_getppid);
	pthread_create(&id, NULL, thread, NULL);
	pthread_join(id, NULL);
	/* Until the thread was waited for, an end of the process would give it another status: wait4(2) tells that of the group. */
	while (threads() > 1)
		sched_yield();
	asks("at last");
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	asks("without privileges");
	return 0;
}
