// Addresses of all families and control messages, whole and cut, in messages that nobody gets.
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static char *page;

static void address(int family, const void *data, unsigned len, unsigned told) {
	memset(page, 0, 200);
	page[0] = family;
	memcpy(page + 2, data, len);
	connect(-1, (void *)page, told);
}

static void control(unsigned len, unsigned told) {
	struct msghdr m = { .msg_control = page, .msg_controllen = told };
	memcpy(page, (size_t[]){ len }, sizeof(size_t));
	sendmsg(-1, &m, 0);
	recvmsg(-1, &m, 0);
}

int main(void) {
	static const int lengths[] = { 1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 18, 20, 24, 28, 30, 128 };
	static const char zero[128];
	char bytes[128];
	page = mmap((void *)0x500000, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	munmap(page + 4096, 4096);
	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = i + 1;
	for (int family = 0; family < 50; family++)
		// Call signs in comments, RxRPC, netlink groups and the rest of nfc(7) are left out.
		for (unsigned l = 0; l < sizeof lengths / sizeof *lengths && family != 3 && family != 33; l++) {
			if (family == 39 && lengths[l] > 60)
				continue;
			address(family, zero, 126, lengths[l]);
			if (family != 16)
				address(family, bytes, 126, lengths[l]);
		}
	address(1, "/tmp/socket", 12, 14);
	address(1, "/tmp/socket", 12, 110);
	address(1, "\0name", 5, 7);
	address(1, "", 0, 3);
	address(3, "\0\0abcdefg\0\0\0\0\0", 14, 16);
	address(10, "\0\120\0\0\0\0\376\200\0\0\0\0\0\0\0\0\0\0\0\0\0\1\1\0\0\0", 26, 28);
	address(17, "\10\0\1\0\0\0\1\0\0\6\0\1\2\3\4\5", 16, 20);
	address(31, "\1\0\0\1\2\3\4\5\4\0\0", 11, 14);
	address(31, "\3\20\0\1\2\3\4\5\100\0\1", 11, 14);
	address(38, "skcipher\0\0\0\0\0\0\0\20\0\0\0\0\0\0cbc(aes)", 30, 88);
	address(40, "\0\0\377\377\377\377\2\0\0\0", 10, 16);
	address(44, "\1\0\1\0\0\0\2\0\0\0\3\0\0\0", 14, 16);
	connect(-1, (void *)(page + 4090), 16);
	connect(-1, 0, 16);
	connect(-1, (void *)page, -1);
	// The header of a control message has two ints behind its length.
	unsigned head = sizeof(size_t) + 8;
	static const int levels[] = { 0, 1, 2, 6, 41, 270 };
	static const int sizes[] = { 0, 1, 4, 8, 12, 16, 24, 32, 48, 60 };
	for (unsigned l = 0; l < sizeof levels / sizeof *levels; l++)
		for (int type = 0; type < 70; type++)
			for (unsigned s = 0; s < sizeof sizes / sizeof *sizes; s++) {
				if (levels[l] == 1 && type == 4)
					continue;
				memcpy(page + head - 8, (int[]){ levels[l], type }, 8);
				memcpy(page + head, bytes, 60);
				control(head + sizes[s], head + sizes[s]);
			}
	memcpy(page + head - 8, (int[]){ 1, 1 }, 8);
	for (unsigned told = 0; told < 40; told++)
		for (unsigned len = 0; len < 40; len += 3)
			control(len, told);
	control(-1, 40);
	struct msghdr m = { .msg_control = page + 4080, .msg_controllen = 100 };
	sendmsg(-1, &m, 0);
	return 0;
}
