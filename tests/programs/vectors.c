/* Calls whose arguments lie in many pages. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PIECES = 8, PAGE = 4096 };

int main(int argc, char **argv)
{
	char *pages = mmap(NULL, PIECES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec pieces[PIECES];
	char *arguments[PIECES + 1] = { 0 };

	(void)argc, (void)argv;
	if (pages == MAP_FAILED)
		return 1;
	for (int i = 0; i < PIECES; i++) {
		char *piece = pages + i * PAGE + 64 * i;

		sprintf(piece, "piece %d", i);
		pieces[i] = (struct iovec){ piece, strlen(piece) };
		arguments[i] = piece;
	}
	writev(-1, pieces, PIECES);
	rename(pieces[0].iov_base, pieces[1].iov_base);
	struct msghdr message = { .msg_iov = pieces, .msg_iovlen = PIECES };
	sendmsg(-1, &message, 0);
	execve("/nonexistent", arguments, arguments);
	return 0;
}
