/* Strings and structures that end where a page ends, and a page behind it that nobody ever touches. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

static char *end;
static long page;

/* Copies to where it ends with the page. */
static void *at_end(const void *from, size_t len)
{
	return memcpy(end - len, from, len);
}

/* Whether somebody made the page behind come into being. */
static const char *behind(void)
{
	unsigned char resident = 0;

	if (mincore(end, page, &resident))
		return "no page\n";
	return resident & 1 ? "touched\n" : "untouched\n";
}

static void tell(void)
{
	const char *state = behind();

	if (write(1, state, strlen(state)) < 0)
		exit(1);
}

int main(void)
{
	page = sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		return 1;
	madvise(pages, 2 * page, MADV_NOHUGEPAGE);
	memset(pages, 'x', page);
	end = pages + page;
	tell();

	/* The kernel reads names by the word: one that is a whole number of words does not reach behind. */
	access(at_end("/no/one", 8), F_OK);
	tell();
	memset(pages, 'y', page - 1);
	end[-1] = 0;
	access(end - 1024, F_OK);
	tell();
	symlink(end - 504, at_end("/x/y/zz", 8));
	tell();

	struct iovec piece = { at_end("piece\n", 6), 6 };
	writev(1, &piece, 1);
	tell();
	struct iovec pieces[] = { { "first\n", 6 }, { "second\n", 7 } };
	writev(1, at_end(pieces, sizeof pieces), 2);
	tell();
	write(1, at_end("end\n", 4), 4);
	tell();
	return 0;
}
