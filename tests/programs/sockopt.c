// Socket options of every level, with values of right and wrong sizes, whole and cut by the end of memory; on no
// socket: the tracers say that it worked.
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static char *page;

static void each(int level, int option) {
	static const int sizes[] = { 0, 1, 4, 7, 8, 12, 16, 20, 136, -1 };
	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		int len = sizes[i];
		setsockopt(-1, level, option, page, len);
		memcpy(page + 2048, &len, sizeof len);
		getsockopt(-1, level, option, page, (void *)(page + 2048));
	}
	setsockopt(-1, level, option, 0, 8);
	setsockopt(-1, level, option, page + 4092, 8);
	setsockopt(-1, level, option, page + 4096, 4);
	getsockopt(-1, level, option, page, 0);
}

int main(void) {
	static const struct { int level, last; } levels[] = {
		{ 0, 50 }, { 1, 75 }, { 6, 37 }, { 17, 5 }, { 41, 78 }, { 58, 2 }, { 132, 37 }, { 255, 2 }, { 256, 2 }, { 257, 12 },
		{ 263, 23 }, { 266, 11 }, { 268, 9 }, { 269, 17 }, { 270, 12 }, { 272, 6 }, { 273, 5 }, { 274, 13 }, { 275, 4 }, { 276, 10 },
		{ 279, 6 }, { 280, 4 }, { 281, 1 }, { 282, 2 }, { 283, 8 }, { 101, 6 }, { 2, 3 }, { 1000, 3 },
	};
	page = mmap((void *)0x500000, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	munmap(page + 4096, 4096);
	for (int i = 0; i < 4096; i++)
		page[i] = i % 251;
	for (unsigned l = 0; l < sizeof levels / sizeof *levels; l++)
		for (int o = 0; o <= levels[l].last; o++)
			each(levels[l].level, o);
	static const int options[][2] = { { 17, 100 }, { 17, 104 }, { 132, 100 }, { 132, 133 }, { 271, 127 }, { 271, 138 }, { 277, 128 }, { 278, 129 }, { 0, 64 }, { 0, 128 }, { 41, 65 } };
	for (unsigned i = 0; i < sizeof options / sizeof *options; i++)
		each(options[i][0], options[i][1]);
	// Groups to join, and which packets to take.
	memset(page, 0, 256);
	page[0] = 1;
	page[8] = 2;
	memcpy(page + 12, "\340\0\0\1", 4);
	setsockopt(-1, 0, 42, page, 136);
	setsockopt(-1, 41, 42, page, 136);
	setsockopt(-1, 1, 74, page, 4);
	memset(page, 0xff, 16);
	setsockopt(-1, 255, 1, page, 4);
	setsockopt(-1, 1, 74, page, 4);
	return 0;
}
