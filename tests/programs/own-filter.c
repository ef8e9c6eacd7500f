// Installs filters of its own: one for a thread's own calls, which a child inherits, and one for all threads.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void answer(unsigned nr, unsigned verdict, int flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, verdict),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof *code, code};
	syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void calls(void)
{
	syscall(SYS_getppid);
	syscall(SYS_getpgid, 0);
	syscall(SYS_getsid, 0);
	syscall(SYS_getuid);
}

static int told[2], ready[2];

static void *thread(void *unused)
{
	char byte;
	calls();
	write(ready[1], "", 1);
	read(told[0], &byte, 1);
	calls();
	return NULL;
}

int main(void)
{
	pthread_t id;
	char byte;
	pipe(told);
	pipe(ready);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	calls();
	answer(SYS_getppid, SECCOMP_RET_ERRNO | EPERM, 0);
	calls();
	if (!fork()) {
		calls();
		answer(SYS_getuid, SECCOMP_RET_TRACE | 7, 0);
		calls();
		_exit(0);
	}
	wait(NULL);
	pthread_create(&id, NULL, thread, NULL);
	read(ready[0], &byte, 1);
	answer(SYS_getpgid, SECCOMP_RET_ERRNO | ENOTTY, SECCOMP_FILTER_FLAG_TSYNC);
	write(told[1], "", 1);
	pthread_join(id, NULL);
	struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {1, code};
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
	calls();
}
