/* One name of a file in every place where a call has one, and a file that is gone. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#define X "/tmp/trapline-names/x"
#define O "/tmp/trapline-names/o"

int main(void)
{
	mkdir("/tmp/trapline-names", 0700);
	int fd = open(X, O_CREAT | O_RDWR, 0600);
	write(fd, "x", 1);
	unlink(X);
	write(fd, "x", 1);
	close(fd);
	rmdir("/tmp/trapline-names");
	rename(X, O);
	rename(O, X);
	link(X, O);
	link(O, X);
	symlink(X, O);
	symlink(O, X);
	renameat(-100, X, -100, O);
	renameat(-100, O, -100, X);
	syscall(SYS_renameat2, -100, O, -100, X, 0);
	linkat(-100, X, -100, O, 0);
	linkat(-100, O, -100, X, 0);
	symlinkat(X, -100, O);
	symlinkat(O, -100, X);
	mount(X, O, "t", 0, 0);
	mount(O, X, "t", 0, 0);
	syscall(SYS_pivot_root, X, O);
	syscall(SYS_pivot_root, O, X);
	umount(X);
	chroot(X);
	swapon(X, 0);
	chdir(X);
	mkdir(X, 0);
	rmdir(X);
	unlink(X);
	chmod(X, 0);
	chown(X, 0, 0);
	lchown(X, 0, 0);
	truncate(X, 0);
	access(X, 0);
	stat(X, &(struct stat){0});
	lstat(X, &(struct stat){0});
	readlink(X, 0, 0);
	mknod(X, 0, 0);
	acct(X);
	utimensat(-100, X, 0, 0);
	statfs(X, 0);
	getxattr(X, "a", 0, 0);
	setxattr(X, "a", 0, 0, 0);
	listxattr(X, 0, 0);
	removexattr(X, "a");
	creat(X, 0);
	syscall(SYS_open, X, 0);
	syscall(SYS_statx, -100, X, 0, 0, 0);
	syscall(SYS_openat2, -100, X, 0, 0);
	syscall(SYS_quotactl, 0, X, 0, 0);
	syscall(SYS_name_to_handle_at, -100, X, 0, 0, 0);
	syscall(SYS_fanotify_mark, -1, 0, 0, -100, X);
	inotify_add_watch(-1, X, 0);
	syscall(SYS_uselib, X);
	syscall(SYS_open_tree, -100, X, 0);
	syscall(SYS_move_mount, -100, X, -100, O, 0);
	syscall(SYS_move_mount, -100, O, -100, X, 0);
	syscall(SYS_fspick, -100, X, 0);
	syscall(SYS_fsconfig, -1, 5, "k", X, -100);
	syscall(SYS_mount_setattr, -100, X, 0, 0, 0);
	syscall(SYS_fsopen, X, 0);
	syscall(SYS_memfd_create, X, 0);
	syscall(SYS_mq_open, X, 0, 0, 0);
	syscall(SYS_shmctl, 0, 0, 0);
	syscall(SYS_delete_module, X, 0);
	syscall(SYS_execveat, -100, X, 0, 0, 0);
	syscall(SYS_faccessat2, -100, X, 0, 0);
	syscall(SYS_bpf, 6, 0, 0);
	return 0;
}
