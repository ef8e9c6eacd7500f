// Several messages at once, with timeouts, and sockets of all families with their protocols.
#define _GNU_SOURCE
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int main(void) {
	int pair[2];
	char buffers[4][10];
	struct iovec out[4] = { { "one", 3 }, { "two!", 4 }, { "three", 5 }, { "", 0 } }, in[4];
	struct mmsghdr messages[4];
	struct timespec time = { 1, 5 };
	memset(messages, 0, sizeof messages);
	for (int i = 0; i < 4; i++) {
		messages[i].msg_hdr.msg_iov = &out[i];
		messages[i].msg_hdr.msg_iovlen = 1;
		in[i].iov_base = buffers[i];
		in[i].iov_len = sizeof buffers[i];
	}
	socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair);
	sendmmsg(pair[0], messages, 4, 0);
	sendmmsg(pair[0], messages, 0, 0);
	sendmmsg(-1, messages, 2, MSG_DONTWAIT);
	sendmmsg(pair[0], (void *)8, 2, 0);
	for (int i = 0; i < 4; i++)
		messages[i].msg_hdr.msg_iov = &in[i];
	recvmmsg(pair[1], messages, 2, MSG_DONTWAIT, &time);
	recvmmsg(pair[1], messages, 4, MSG_DONTWAIT, 0);
	recvmmsg(pair[1], messages, 4, MSG_DONTWAIT, &time);
	recvmmsg(pair[1], messages, 0, MSG_DONTWAIT, &time);
	// The C library looks at the time itself where it has another one than the kernel.
	if (sizeof(long) == 8)
		recvmmsg(-1, messages, 2, 0, (void *)8);
	time.tv_nsec = 2000000000;
	recvmmsg(pair[1], messages, 2, MSG_DONTWAIT, &time);
	for (int family = 0; family < 47; family++)
		for (int protocol = 0; protocol < 9; protocol++)
			// IrDA has the names of CAN in strace 6.1.
			if (family != AF_IRDA)
				socketpair(family, SOCK_STREAM, protocol, (void *)8);
	socket(AF_UNIX, 0x1234, 99);
	socket(AF_UNIX, 0x123e | SOCK_CLOEXEC, 99);
	return 0;
}
