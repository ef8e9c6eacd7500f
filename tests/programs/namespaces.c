/* A process in a PID namespace of its own, with a child: what it calls 1 and 2 has other ids outside. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	if (unshare(CLONE_NEWPID) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0)
		return 1;
	if (fork() != 0)
		return wait(0) < 0;
	setsid();
	getpgrp();
	getsid(0);
	getpgid(1);
	kill(-1, 0);
	syscall(SYS_gettid);
	syscall(SYS_tgkill, 1, 1, 0);
	getppid();
	int child = fork();
	if (child == 0)
		for (;;)
			pause();
	setpgid(child, child);
	kill(-child, 0);
	kill(77, 0);
	getpriority(PRIO_PGRP, child);
	int fd = open("/dev/null", O_RDONLY);
	struct f_owner_ex owner = {F_OWNER_PGRP, child};
	fcntl(fd, F_SETOWN_EX, &owner);
	fcntl(fd, F_SETOWN, -child);
	syscall(SYS_pidfd_open, child, 0);
	kill(child, SIGKILL);
	waitpid(child, 0, 0);
	return 0;
}
