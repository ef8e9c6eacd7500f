// Descriptors of every kind, in every place where a call has one.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of this run alone, always as long. */
static char dir[100], name_of_socket[100], path_of_socket[100];

static void pass(int socket, int one, int other)
{
	char data = 'x', control[CMSG_SPACE(2 * sizeof(int))] = {0};
	struct iovec piece = {&data, 1};
	struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(head), (int[]){one, other}, 2 * sizeof(int));
	sendmsg(socket, &message, 0);
}

static void receive(int socket)
{
	char data, control[100];
	struct iovec piece = {&data, 1};
	struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	recvmsg(socket, &message, 0);
}

static void files(void)
{
	mkdir(dir, 0700);
	chdir(dir);
	int file = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	int here = open(".", O_RDONLY | O_DIRECTORY);
	int odd = openat(here, "a\tb\"c\\d<e>\303\251", O_RDWR | O_CREAT, 0600);
	write(odd, "x", 1);
	unlink("file");
	write(file, "x", 1);
	fchown(file, -1, -1);
	lseek(file, 0, SEEK_SET);
	unlinkat(here, "a\tb\"c\\d<e>\303\251", 0);
	close(odd);
	int copy = dup(file);
	dup2(file, 50);
	fcntl(file, F_DUPFD, 60);
	fcntl(60, F_GETFD);
	fstat(here, &(struct stat){0});
	mmap(0, 4096, PROT_READ, MAP_PRIVATE, file, 0);
	mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int null = open("/dev/null", O_RDWR), tty = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	write(null, "hi", 2);
	sendfile(null, file, 0, 1);
	renameat(here, "nosuch", AT_FDCWD, "none");
	linkat(AT_FDCWD, "nosuch", here, "x", 0);
	symlinkat("x", here, "nosuch/x");
	fstatat(AT_FDCWD, "nosuch", &(struct stat){0}, 0);
	openat(99, "nosuch", 0);
	close(99);
	close(-1);
	read(-1, 0, 0);
	fchdir(here);
	rmdir(dir);
	openat(AT_FDCWD, "nosuch", 0);
	chdir("/");
	close(here);
	close(tty);
	close(copy);
	memfd_create("shared buffer", MFD_CLOEXEC);
	syscall(SYS_close_range, 90, 95, 0);
}

static void kinds(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	int s = signalfd(-1, &set, SFD_CLOEXEC);
	sigaddset(&set, SIGRTMIN + 3);
	signalfd(s, &set, 0);
	close(s);
	int e = eventfd(7, EFD_SEMAPHORE);
	eventfd_read(e, &(eventfd_t){0});
	close(e);
	close(eventfd(0, EFD_NONBLOCK));
	int p = syscall(SYS_pidfd_open, getpid(), 0);
	syscall(SYS_pidfd_send_signal, p, 0, 0, 0);
	close(p);
	close(timerfd_create(CLOCK_MONOTONIC, 0));
	int i = inotify_init();
	inotify_rm_watch(i, 1);
	close(i);
	int pipes[2], ep = epoll_create1(EPOLL_CLOEXEC);
	pipe(pipes);
	pipe2(pipes, O_NONBLOCK);
	epoll_ctl(ep, EPOLL_CTL_ADD, pipes[0], &(struct epoll_event){.events = EPOLLIN, .data.fd = 7});
	write(pipes[1], "p", 1);
	struct epoll_event events[2];
	epoll_wait(ep, events, 2, 0);
	struct pollfd polls[] = {{pipes[0], POLLIN}, {pipes[1], POLLOUT}, {-1, POLLIN}, {99, POLLIN}};
	poll(polls, 4, 0);
	ppoll(polls, 2, &(struct timespec){1, 0}, 0);
	fd_set in, out;
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(pipes[0], &in);
	FD_SET(pipes[1], &out);
	select(pipes[1] + 1, &in, &out, 0, &(struct timeval){1, 0});
	splice(pipes[0], 0, pipes[1], 0, 1, SPLICE_F_NONBLOCK);
	tee(pipes[0], pipes[1], 1, SPLICE_F_NONBLOCK);
	close(pipes[0]);
	close(pipes[1]);
	close(ep);
}

static struct sockaddr_in local(int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void internet(int type)
{
	struct sockaddr_in here = local(0);
	socklen_t len = sizeof here;
	int server = socket(AF_INET, type, 0);
	bind(server, (void *)&here, sizeof here);
	getsockname(server, (void *)&here, &len);
	int client = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	if (type == SOCK_STREAM)
		listen(server, 5);
	connect(client, (void *)&here, sizeof here);
	getsockname(client, (void *)&here, &len);
	if (type == SOCK_STREAM) {
		int peer = accept(server, (void *)&here, &len);
		write(peer, "x", 1);
		shutdown(peer, SHUT_RDWR);
		close(peer);
	}
	send(client, "x", 1, MSG_NOSIGNAL);
	close(client);
	close(server);
}

static void sockets(void)
{
	int pair[2];
	socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
	pass(pair[0], 0, 50);
	receive(pair[1]);
	getpeername(pair[0], (void *)&(struct sockaddr_un){0}, &(socklen_t){sizeof(struct sockaddr_un)});
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &(int){9000}, sizeof(int));
	close(pair[0]);
	write(pair[1], "", 0);
	close(pair[1]);
	socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
	close(pair[0]);
	close(pair[1]);
	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
	close(pair[0]);
	close(pair[1]);
	struct sockaddr_un name = {AF_UNIX}, path = {AF_UNIX};
	memcpy(name.sun_path, name_of_socket, 19);
	strcpy(path.sun_path, path_of_socket);
	int u = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);
	bind(u, (void *)&name, 2 + 19);
	listen(u, 3);
	connect(c, (void *)&name, 2 + 19);
	int a = accept(u, 0, 0);
	write(c, "x", 1);
	close(a);
	close(c);
	close(u);
	unlink(path.sun_path);
	u = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);
	bind(u, (void *)&path, sizeof path);
	listen(u, 3);
	connect(c, (void *)&path, sizeof path);
	a = accept4(u, 0, 0, SOCK_CLOEXEC);
	write(c, "x", 1);
	write(a, "x", 1);
	close(a);
	close(c);
	close(u);
	unlink(path.sun_path);
	internet(SOCK_STREAM);
	internet(SOCK_DGRAM);
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int v6 = socket(AF_INET6, SOCK_DGRAM, 0);
	bind(v6, (void *)&six, sizeof six);
	getsockname(v6, (void *)&six, &(socklen_t){sizeof six});
	connect(v6, (void *)&six, sizeof six);
	close(v6);
	v6 = socket(AF_INET6, SOCK_STREAM, 0);
	six.sin6_port = 0;
	bind(v6, (void *)&six, sizeof six);
	listen(v6, 1);
	close(v6);
	close(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	close(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6));
	int l = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE);
	bind(l, (void *)&(struct sockaddr_in){.sin_family = AF_INET}, sizeof(struct sockaddr_in));
	close(l);
	struct sockaddr_nl nl = {AF_NETLINK};
	int n = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	write(n, "", 0);
	bind(n, (void *)&nl, sizeof nl);
	getsockname(n, (void *)&nl, &(socklen_t){sizeof nl});
	close(n);
	n = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT);
	nl.nl_pid = 0;
	nl.nl_groups = 1;
	bind(n, (void *)&nl, sizeof nl);
	close(n);
	n = socket(AF_PACKET, SOCK_RAW, htons(3));
	close(n);
	close(socket(AF_ALG, SOCK_SEQPACKET, 0));
	close(socket(AF_VSOCK, SOCK_STREAM, 0));
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	sprintf(dir, "/tmp/trapline-fds.%05d", getpid() % 100000);
	sprintf(path_of_socket, "%s.socket", dir);
	sprintf(name_of_socket + 1, "trapline\"fds\n%05d", getpid() % 100000);
	/* A name that ends like the kernel's remark, and a file that lost one of its two names. */
	char odd[120], other[120];
	sprintf(odd, "%s (deleted)", dir);
	sprintf(other, "%s.other", dir);
	close(open(odd, O_CREAT, 0600));
	int fd = open(odd, O_RDONLY);
	link(odd, other);
	unlink(odd);
	close(fd);
	unlink(other);
	files();
	kinds();
	sockets();
	return 0;
}
