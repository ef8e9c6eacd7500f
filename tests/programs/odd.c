// Values that are hard to write down.
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

int main(void)
{
	syscall(SYS_openat, AT_FDCWD, "0x1234", O_RDONLY);
	syscall(SYS_openat, AT_FDCWD, 0x1234, O_RDONLY);
	syscall(SYS_openat, AT_FDCWD, "line\nbreak\t\"q\" \\", O_RDONLY);
	syscall(SYS_openat, AT_FDCWD, "\xff\xfe bytes", O_RDONLY);
	syscall(SYS_openat, AT_FDCWD, "esc\x1b[31m", O_RDONLY);
	syscall(SYS_openat, AT_FDCWD, "x", O_RDONLY | O_CLOEXEC | 0x80000000);
	syscall(SYS_lseek, -1, 0x7fffffffffffffff, 77);
	prctl(PR_SET_NAME, "a\nb");
	syscall(SYS_getppid);
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(page + 4096, 4096);
	strcpy(page, "abc");
	struct iovec *vector = (struct iovec *)(page + 4096 - 24);
	vector->iov_base = page;
	vector->iov_len = 3;
	syscall(SYS_writev, -1, vector, 3);
}
