// Structures of which people are not shown every field.
#define _GNU_SOURCE
#include <linux/openat2.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void ignore(int signal) {
}

int main(void) {
	int ends[2];
	char data[3] = "abc", name[4], control[64];
	struct iovec piece = { data, sizeof data };
	struct msghdr message = { .msg_name = name, .msg_namelen = sizeof name, .msg_iov = &piece, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof control };
	socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
	recvmsg(ends[0], &message, MSG_DONTWAIT);
	signal(SIGUSR1, ignore);
	sigqueue(getpid(), SIGUSR1, (union sigval){ 0 });
	struct sigevent event = { .sigev_notify = SIGEV_NONE };
	timer_t timer;
	timer_create(CLOCK_MONOTONIC, &event, &timer);
	struct open_how how = { 0 };
	syscall(SYS_openat2, -1, "", &how, sizeof how);
	return 0;
}
