/* Makes calls that a tracer may tamper with, and tells what became of them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char usr[] = "/usr";

static void say(const char *what, long result)
{
	char text[80];
	int length = snprintf(text, sizeof text, "%s %ld %s\n", what, result, result == -1 ? strerrorname_np(errno) : "-");
	write(1, text, length);
}

static void calls(void)
{
	char buffer[8] = "";
	struct pollfd one = {.fd = 0, .events = POLLIN};
	say("chdir", syscall(SYS_chdir, "/"));
	say("chdir", syscall(SYS_chdir, usr));
	say("chdir", syscall(SYS_chdir, "/nonexistent"));
	say("chdir", syscall(SYS_chdir, NULL));
	say("chdir", syscall(SYS_chdir, "/tmp"));
	say("getcwd", syscall(SYS_getcwd, buffer, sizeof buffer));
	write(1, buffer, strlen(buffer));
	say("poll", poll(&one, 1, 0));
	say("fcntl", fcntl(0, F_GETFL));
	say("dup2", dup2(0, 9));
	say("close", close(9));
	say("umask", umask(022));
	say("number", syscall(1000, 0, 0, 0, 0, 0, 0));
	say("alarm", alarm(0));
#ifdef __i386__
	/* socket(2) through socketcall(2) */
	long arguments[] = {1, 1, 0};
	say("socket", syscall(102, 1, arguments));
#endif
}

int main(void)
{
	calls();
	if (fork() == 0) {
		calls();
		_exit(3);
	}
	wait(NULL);
	calls();
	return 0;
}
