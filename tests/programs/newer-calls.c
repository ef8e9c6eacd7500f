/* Calls, and parts of calls, that the strace of most systems does not know, or shows otherwise. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#define CALL(nr, a, b, c, d, e, f) syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

int main(void)
{
	static char room[4096];
	int priority = 7;
	syscall(SYS_getpgid, 424242);
	CALL(SYS_sched_setscheduler, 424242, 7, &priority, 0, 0, 0);
	CALL(SYS_sched_setparam, 424242, &priority, 0, 0, 0, 0);
	uint64_t range[2] = {4096, 1};
	CALL(451, -1, range, room, 0, 0, 0);
	CALL(SYS_execveat, -1, "x", 0, 0, 0x11000, 0);
	CALL(SYS_mremap, 0, 1, 2, 5, 0x5000, 0);
	CALL(SYS_mremap, 0, 1, 2, 1, 0x5000, 0);
	CALL(453, 0, 0, 2, 0, 0, 0);
	uint64_t how[3] = {1ull << 32, 0, 0};
	CALL(437, -1, "x", how, 24, 0, 0);
	CALL(SYS_prctl, 21, 2, 3, 4, 5, 0);
	CALL(SYS_prctl, 28, 0xf00 | 1u << 31, 0, 0, 0, 0);
	CALL(SYS_prctl, 59, 1, 2, -1, 8, 0);
	CALL(SYS_prctl, 62, 1, 1, 1, 0, 0);
	CALL(SYS_prctl, 66, 0, 0, 0, 0, 0);
	CALL(SYS_prctl, 69, 0x16, 0, 0, 0, 0);
	CALL(SYS_prctl, 71, 0, 1, 0, 0, 0);
	uint64_t clone[11] = {1ull << 40 | 0x80 | 0x400000 | 1u << 31, 0, 0, 0, 10, 0, 0, 0, 0, 0, 3};
	CALL(SYS_clone3, clone, 88, 0, 0, 0, 0);
	CALL(SYS_quotactl, 0x800002 << 8, "x", 77, "y", 0, 0);
	CALL(336, 0, 0, 0, 0, 0, 0);
	static struct { uint32_t type, size; uint64_t rest[511]; } event = {1, 4096, {[510] = 1}};
	CALL(SYS_perf_event_open, &event, 0, -1, -1, 0, 0);
	uint64_t mount[6] = {0, 3, 0, 5, 6, 7};
	static const unsigned sizes[] = {0, 15, 16, 24, 32, 40, 5000};
	static char large[8192];
	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		memcpy(large, mount, sizeof mount);
		memcpy(large, &sizes[i], 4);
		CALL(458, large, 0, 0, 0, 0, 0);
		CALL(470, large, 0, 0, 0, 0, 0);
		CALL(469, -1, "x", large, sizes[i], 0, 0);
	}
	char *pages = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(pages + 4096, 4096);
	mount[0] = 48;
	CALL(458, memcpy(pages + 4096 - 32, mount, 32), 0, 0, 0, 0, 0);
	CALL(458, memcpy(pages + 4096 - 24, mount, 24), 0, 0, 0, 0, 0);
	CALL(460, 100, mount, 31, 0, 0, 0);
	CALL(460, 100, mount, 32, 0, 0, 0);
	uint64_t offset = 5;
	int file = open("/proc/self/exe", O_RDONLY), null = open("/dev/null", O_WRONLY);
	CALL(SYS_sendfile, null, file, &offset, 0, 0, 0);
	CALL(SYS_sendfile, null, file, &offset, 3, 0, 0);
	exit(0);
}
