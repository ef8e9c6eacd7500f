/* Makes a child that is to be traced as its parent is (CLONE_PTRACE), and ends as it does. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	int status = 0;
	long child = syscall(SYS_clone, CLONE_PTRACE | SIGCHLD, 0, 0, 0, 0);

	if (child == 0) {
		getppid();
		_exit(3);
	}
	return waitpid(child, &status, 0) == child ? WEXITSTATUS(status) : 1;
}
