/* Ids of processes, threads, groups and sessions, in arguments, results and signals. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static void *thread(void *unused)
{
	prctl(PR_SET_NAME, "thr<e>ad\n\"x");
	syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), 0);
	syscall(SYS_tkill, getpid(), 0);
	return unused;
}

int main(void)
{
	getpid();
	getppid();
	getpgid(0);
	getpgid(getpid());
	setpgid(getpid(), 0);
	kill(-getpgrp(), 0);
	kill(0, 0);
	kill(-1, -1);
	pthread_t other;
	pthread_create(&other, 0, thread, 0);
	pthread_join(other, 0);
	pid_t child = fork();
	if (child == 0)
		for (;;)
			pause();
	prctl(PR_SET_NAME, "renamed");
	getpriority(PRIO_PROCESS, child);
	getpriority(PRIO_PGRP, getpgrp());
	sched_getscheduler(child);
	prlimit(child, RLIMIT_CORE, 0, 0);
	syscall(SYS_ioprio_get, 1, child);
	syscall(SYS_pidfd_open, child, 0);
	struct f_owner_ex owner = {F_OWNER_PID, child};
	int fd = open("/dev/null", O_RDONLY), pair[2];
	fcntl(fd, F_SETOWN, child);
	fcntl(fd, F_SETOWN_EX, &owner);
	fcntl(fd, F_GETOWN_EX, &owner);
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &(struct ucred){0}, &(socklen_t){sizeof(struct ucred)});
	waitpid(child, 0, WNOHANG);
	kill(child, SIGKILL);
	siginfo_t info;
	waitid(P_PID, child, &info, WEXITED);
	setsid();
	raise(SIGCHLD);
	sigqueue(getpid(), SIGCHLD, (union sigval){0});
	return 0;
}
