// Makes children with CLONE_UNTRACED, whom no tracer may follow, and who have a child and a thread of their own; and says how
// they fared. "clone" or "clone3": by which call.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNTRACED 0x00800000

static void *thread(void *result)
{
	*(int *)result = syscall(SYS_getppid) <= 0;
	return NULL;
}

static int child(void)
{
	pthread_t id;
	int failed = 1, status;
	if (syscall(SYS_getppid) <= 0)
		return 1;
	pthread_create(&id, NULL, thread, &failed);
	pthread_join(id, NULL);
	if (failed)
		return 2;
	pid_t pid = fork();
	if (!pid)
		_exit(syscall(SYS_getppid) > 0 ? 7 : 8);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != 7)
		return 3;
	// Signals reach it, and one that stops it does.
	signal(SIGUSR1, SIG_IGN);
	raise(SIGUSR1);
	raise(SIGSTOP);
	syscall(SYS_getppid);
	return 0;
}

int main(int argc, char **argv)
{
	int by_clone3 = argc > 1 && !strcmp(argv[1], "clone3"), status;
	for (int i = 0; i < 5; i++) {
		struct clone_args args = {.flags = UNTRACED, .exit_signal = SIGCHLD};
		pid_t pid;
		if (by_clone3)
			pid = syscall(SYS_clone3, &args, sizeof args);
		else
			pid = syscall(SYS_clone, UNTRACED | SIGCHLD, 0, 0, 0, 0);
		if (args.flags != UNTRACED)
			puts("the arguments have changed");
		fflush(stdout);
		if (!pid)
			_exit(child());
		waitpid(pid, &status, WUNTRACED);
		printf("stopped: %d, ", WIFSTOPPED(status) ? WSTOPSIG(status) : -1);
		kill(pid, SIGCONT);
		waitpid(pid, &status, 0);
		printf("exited: %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
		fflush(stdout);
		syscall(SYS_getppid);
	}
	return 0;
}
