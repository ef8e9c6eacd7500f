/* One file by its names and descriptors, in every place where a call has one. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>
#include <stdio.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/select.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/inotify.h>
#include <sys/uio.h>
int main(void)
{
	int d = open("/etc", O_RDONLY|O_DIRECTORY);
	int f = openat(d, "passwd", O_RDONLY);
	chdir("/etc");
	close(open("passwd", O_RDONLY));
	close(openat(AT_FDCWD, "passwd", O_RDONLY));
	close(open("./passwd", O_RDONLY));
	close(open("../etc/passwd", O_RDONLY));
	access("passwd", 0);
	stat("passwd", &(struct stat){0});
	readlink("passwd", (char[9]){0}, 9);
	linkat(d, "passwd", AT_FDCWD, "/nonexistent/g", 0);
	renameat(AT_FDCWD, "nonexistent", AT_FDCWD, "nonexistent2");
	symlink("passwd", "/nonexistent/s");
	dup2(f, 77);
	fcntl(f, F_DUPFD, 78);
	dup3(f, 79, 0);
	dup2(99, 77);
	mmap(0, 4096, 1, MAP_PRIVATE, f, 0);
	mmap(0, 4096, 1, MAP_PRIVATE|MAP_ANONYMOUS, f, 0);
	struct pollfd p[2] = {{0, 1}, {f, 1}};
	poll(p, 2, 0);
	poll(p, 1, 0);
	fd_set s;
	FD_ZERO(&s);
	FD_SET(f, &s);
	select(f+1, &s, 0, 0, &(struct timeval){0});
	select(f, &s, 0, 0, &(struct timeval){0});
	int e = epoll_create1(0);
	epoll_ctl(e, EPOLL_CTL_ADD, f, &(struct epoll_event){1});
	epoll_wait(e, &(struct epoll_event){1}, 1, 0);
	int q[2];
	pipe(q);
	splice(f, 0, q[1], 0, 1, 0);
	tee(q[0], f, 1, 0);
	sendfile(q[1], f, 0, 1);
	sendfile(f, q[0], 0, 1);
	copy_file_range(f, 0, f, 0, 0, 0);
	int i = inotify_init();
	inotify_add_watch(i, "passwd", 2);
	syscall(SYS_close_range, f, f+0, 4);
	fchdir(d);
	fstatat(d, "passwd", &(struct stat){0}, 0);
	fstatat(d, "", &(struct stat){0}, AT_EMPTY_PATH);
	faccessat(f, "x", 0, 0);
	utimensat(f, 0, 0, 0);
	chroot("nonex/passwd");
	int sv[2];
	socketpair(1, 1, 0, sv);
	char c[100] = {0};
	struct iovec io = {"x", 1};
	struct msghdr m = {0, 0, &io, 1, c, CMSG_SPACE(4)};
	struct cmsghdr*h = CMSG_FIRSTHDR(&m);
	h->cmsg_level = 1;
	h->cmsg_type = 1;
	h->cmsg_len = CMSG_LEN(4);
	*(int*)CMSG_DATA(h) = f;
	sendmsg(sv[0], &m, 0);
	char *a[] = {"passwd", 0};
	execve("passwd", a, a);
	syscall(SYS_execveat, d, "passwd", a, a, 0);
	syscall(SYS_execveat, f, "", a, a, AT_EMPTY_PATH);
	syscall(SYS_pread64, f, c, 1, 0);
	syscall(SYS_kcmp, getpid(), getpid(), 0, f, f);
	getcwd(c, 100);
	statfs("passwd", 0);
	mount("passwd", "passwd", "passwd", 0, 0);
	close(f);
	close(d);
	return 0;
}
