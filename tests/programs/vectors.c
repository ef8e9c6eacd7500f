/* Calls whose arguments lie in many pages. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PIECES = 8, PAGE = 4096 };

/* In a page of their own, wherever the stack is. */
static struct {
	struct iovec pieces[PIECES];
	struct msghdr message;
	char *arguments[PIECES + 1];
} lists __attribute__((aligned(4096)));

int main(int argc, char **argv)
{
	char *pages = mmap(NULL, PIECES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec *pieces = lists.pieces;
	char **arguments = lists.arguments;

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
	lists.message = (struct msghdr){ .msg_iov = pieces, .msg_iovlen = PIECES };
	sendmsg(-1, &lists.message, 0);
	execve("/nonexistent", arguments, arguments);
	return 0;
}
