/* Lists and structures that end in memory that is not there, and values at the edges of what is known. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "refuse.h"
#define CALL(nr, a, b, c, d, e, f) syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define TAIL(value) tail(&(value), sizeof(value))

static char *end;

/* A copy behind which there is nothing. */
static void *tail(const void *from, size_t size)
{
	return memcpy(end - size, from, size);
}

static void lists(void)
{
	static char data[4096];
	struct iovec piece = {"abc", 3};
	long words[4] = {1, 2, 3, 4}, times[4] = {1, 0x3fffffff, 2, 0x3ffffffe};
	struct pollfd fds[2] = {{-1, POLLIN, 0}, {-1, POLLOUT, 0}};
	for (long count = 0; count < 4; count++) {
		CALL(SYS_writev, -1, TAIL(piece), count, 0, 0, 0);
		CALL(SYS_readv, -1, TAIL(piece), count, 0, 0, 0);
		CALL(SYS_pwritev, -1, TAIL(piece), count, 1, 0, 0);
		CALL(SYS_process_vm_readv, 424242, TAIL(piece), count, data, 0, 0);
		CALL(SYS_move_pages, 424242, count, TAIL(words[0]), 0, 0, 2);
		CALL(SYS_poll, TAIL(fds[0]), count, 0, 0, 0, 0);
		CALL(SYS_setgroups, count ? count : 70000, TAIL(words[0]), 0, 0, 0, 0);
		CALL(SYS_mbind, 0, 4096, 2, TAIL(words[0]), count * 65, 0);
		CALL(SYS_semop, -1, TAIL(words[0]), count, 0, 0, 0);
	}
	CALL(SYS_poll, end - 4, 1, 0, 0, 0, 0);
	CALL(SYS_writev, -1, end - 16, -1, 0, 0, 0);
	CALL(SYS_sendmmsg, -1, memset(end - 64, 0, 64), 2, 0, 0, 0);
	CALL(SYS_utimensat, AT_FDCWD, "/nonexistent", times, 0, 0, 0);
	for (int size = 16; size <= 32; size += 16) {
		CALL(SYS_utimensat, AT_FDCWD, "/nonexistent", tail(words, size), 0, 0, 0);
		CALL(SYS_utimes, "/nonexistent", tail(words, size), 0, 0, 0, 0);
		CALL(SYS_futimesat, AT_FDCWD, "/nonexistent", tail(words, size), 0, 0, 0);
	}
	CALL(SYS_utimes, "/nonexistent", 8, 0, 0, 0, 0);
}

static void numbers(void)
{
	struct { int signo, error, code, pad; uint64_t words[14]; } info = {.words = {0x12345000041, 0x55, 0x66}};
	static const int kinds[][2] = {{29, 1}, {29, 2}, {11, 3}, {11, 4}, {11, 9}, {7, 4}, {7, 5}, {5, 1}, {17, 1}};
	for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		info.signo = kinds[i][0], info.code = kinds[i][1];
		CALL(SYS_rt_sigqueueinfo, 1 << 30, info.signo, &info, 0, 0, 0);
	}
	static const unsigned operations[] = {0xf1002003, 0x51002003, 0x06002003, 0x0f002003, 0x70000000, 0xffffffff, 0x11000000};
	for (unsigned i = 0; i < sizeof operations / sizeof *operations; i++)
		CALL(SYS_futex, end - 8, 5, 1, 1, end - 4, operations[i]);
	struct { uint64_t value; int signo, notify; uint64_t function, attribute; char rest[32]; } event = {0x1234, 10, 0, 5, 6, ""};
	for (int notify = 0; notify < 6; notify++) {
		event.notify = notify;
		CALL(SYS_mq_notify, -1, &event, 0, 0, 0, 0);
	}
	CALL(SYS_mq_notify, -1, tail(&event, 32), 0, 0, 0, 0);
	CALL(SYS_timer_create, 0, tail(&event, 32), end, 0, 0, 0);
	CALL(SYS_prctl, 62, 0, 1, 2, 0, 0);
	CALL(SYS_prctl, 50, 0x1234500000001, 0, 0, 0, 0);
	CALL(SYS_prctl, 63, 0x7fffffff12340005, 0, 0, 0, 0);
	unsigned attr[25] = {4};
	for (unsigned size = 4; size <= 100; size += 48) {
		attr[0] = size;
		memset(attr + 14, size == 100, 44);
		CALL(SYS_sched_setattr, 0, attr, 0, 0, 0, 0);
	}
	uint64_t limit[2] = {-1, 8192};
	CALL(SYS_setrlimit, 99, limit, 0, 0, 0, 0);
	uint64_t clone[11] = {1ull << 40 | 0x80 | 0x400000 | 1u << 31, 0, 0, 0, 10, 0, 0, 0, (uintptr_t)limit, 33, 0};
	CALL(SYS_clone3, clone, 88, 0, 0, 0, 0);
	static const int notes[] = {1, 2, 3};
	for (int i = 0; i < 3; i++)
		for (long size = 0; size < 9; size += 7) {
			struct iovec set = {limit, size};
			CALL(SYS_ptrace, 0x4205, 424242, notes[i], &set, 0, 0);
		}
}

static void names(void)
{
	static char name[400];
	memset(name, 'x', 300);
	static const int lengths[] = {300, 256, 255, 254, 250, 249};
	for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		name[lengths[i]] = 0;
		CALL(SYS_memfd_create, name, 0x20, 0, 0, 0, 0);
		CALL(SYS_reboot, 1, 2, 0xa1b2c3d4, name, 0, 0);
		CALL(SYS_fsconfig, -1, 1, name, name, 0, 0);
	}
}

static void waits(void)
{
	uint64_t none[2] = {0}, all[2] = {7, 7};
	CALL(SYS_select, 3, 0, 0, 0, 0, 0);
	CALL(SYS_select, 3, none, 0, 0, 0, 0);
	CALL(SYS_select, 3, all, none, 0, 0, 0);
	CALL(SYS_select, 3, all, 0, 0, all, 0);
	CALL(SYS_pselect6, 3, 8, 0, 0, 0, 0);
}

static void messages(void)
{
	struct { uint32_t id, lengths[9]; } key = {1, {2, 3}};
	CALL(SYS_keyctl, 25, tail(&key, 40), "info", "input", "output", 0);
	CALL(SYS_keyctl, 25, tail(&key, 39), "info", "input", "output", 0);
	uint64_t text[2] = {7, 0x64636261};
	for (int length = 4; length <= 16; length += 4)
		CALL(SYS_msgsnd, -1, tail(text, length), 3, 0, 0, 0);
	for (int op = 1; op < 9; op += 6)
		for (int i = 0; i < 2; i++) {
			/* Operation and descriptor, buffer, number of bytes, flags. */
			uint64_t block[8] = {1, 0, op | 3ull << 32, i ? 0 : (uintptr_t)text, -1, 5, 0, i ? 2 : 0};
			uint64_t *blocks[] = {block};
			CALL(SYS_io_submit, 1, 1, blocks, 0, 0, 0);
		}
	CALL(SYS_memfd_secret, 0x80, 0, 0, 0, 0, 0);
	CALL(SYS_personality, 0xff00, 0, 0, 0, 0, 0);
	uint64_t clone[10] = {0, 0, 0, 0, 65, 0, 0, 0, (uintptr_t)tail((int[]){1, 2}, 8), 3};
	CALL(SYS_clone3, clone, 80, 0, 0, 0, 0);
}

static void others(void)
{
	int file = open("/dev/null", O_RDONLY), own = CALL(SYS_pidfd_open, getpid(), 0, 0, 0, 0, 0);
	unsigned slot[3] = {0, 99, 1};
	CALL(SYS_kcmp, getpid(), getpid(), 0, file, file, 0);
	CALL(SYS_kcmp, 1, 1, 7, 0, slot, 0);
	CALL(SYS_pidfd_getfd, own, file, 1, 0, 0, 0);
	CALL(SYS_pidfd_getfd, own, 99, 1, 0, 0, 0);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		waits();
		return 0;
	}
	static const int never[] = {SYS_reboot};
	char *pages = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(pages + 4096, 4096);
	end = pages + 4096;
	refuse(never, sizeof never / sizeof *never);
	lists();
	numbers();
	names();
	others();
	messages();
}
