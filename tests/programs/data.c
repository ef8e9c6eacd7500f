/* Data through descriptors, by every call that transfers it, in one buffer and in several. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <mqueue.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

int main(void)
{
	static char bytes[200], room[3][5];
	for (int i = 0; i < 200; i++)
		bytes[i] = i;
	char *page = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *large = mmap(0, 1 << 21, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(page + 4096, 4096);
	int pipes[2], pair[2], null = open("/dev/null", O_WRONLY);
	pipe2(pipes, O_NONBLOCK);
	socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
	for (int i = 0; i < 5; i++)
		write(pipes[1], bytes, (int[]){0, 1, 16, 17, 130}[i]);
	write(pipes[1], (void *)8, 5);
	write(99, bytes, 3);
	write(null, page + 4096 - 20, 100);
	write(null, large, 0x211);
	read(pipes[0], bytes, 1);
	read(pipes[0], bytes, 32);
	read(pipes[0], bytes, 200);
	read(pipes[0], bytes, 200);
	struct iovec out[] = {{"abc", 3}, {"defg", 4}, {"h", 1}}, in[] = {{room[0], 5}, {room[1], 5}, {room[2], 5}};
	struct iovec odd[] = {{page + 4090, 10}, {"defg", 4}, {0, 0}, {"x", 1}};
	writev(pipes[1], out, 3);
	readv(pipes[0], in, 3);
	writev(pipes[1], odd, 2);
	writev(null, odd + 1, 3);
	writev(pipes[1], (void *)8, 2);
	struct msghdr written = {.msg_iov = out, .msg_iovlen = 3}, read = {.msg_iov = in, .msg_iovlen = 3};
	send(pair[0], "hello", 5, 0);
	recv(pair[1], bytes, 100, 0);
	sendmsg(pair[0], &written, 0);
	recvmsg(pair[1], &read, 0);
	recvmsg(pair[1], &read, MSG_DONTWAIT);
	sendmsg(99, &written, 0);
	struct mmsghdr some[] = {{written}, {written}}, more[] = {{read}, {read}, {read}};
	sendmmsg(pair[0], some, 2, 0);
	recvmmsg(pair[1], more, 3, MSG_DONTWAIT, 0);
	int file = memfd_create("data", 0);
	pwrite(file, "pwrite", 6, 1);
	pread(file, bytes, 4, 2);
	pwritev(file, out, 2, 0);
	preadv(file, in, 3, 0);
	syscall(SYS_pwritev2, file, out, 2, 0, 0, 0);
	syscall(SYS_preadv2, file, in, 2, 0, 0, 0);
	vmsplice(pipes[1], out, 3, 0);
	/* Offsets of more digits, and memory that ends in a piece behind the first. */
	long most = 1 << 20;
	char *all = mmap(0, most + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(all + most, 4096);
	write(null, all + most - 70000, 70001);
	write(null, all + most - 65536, 65537);
	write(null, all, most);
	write(null, all, most + 16);
	struct mq_attr queue = {.mq_maxmsg = 2, .mq_msgsize = 20};
	long mq = syscall(SYS_mq_open, "trapline-data", O_RDWR | O_CREAT | O_NONBLOCK, 0600, &queue);
	syscall(SYS_mq_unlink, "trapline-data");
	syscall(SYS_mq_timedsend, mq, "hello", 5, 0, 0);
	syscall(SYS_mq_timedreceive, mq, bytes, 20, 0, 0);
	syscall(SYS_mq_timedreceive, mq, bytes, 20, 0, 0);
	return 0;
}
