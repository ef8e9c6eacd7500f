// Netlink messages of each protocol, whole and broken, that nobody answers: the tracers refuse the calls.
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/if_link.h>
#include <linux/sock_diag.h>
#include <linux/inet_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static int fd;
static char buffer[4096];
static unsigned used;

static void begin(int type, int flags) {
	struct nlmsghdr h = { .nlmsg_len = sizeof h, .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = 1 };
	memset(buffer, 0, sizeof buffer);
	memcpy(buffer, &h, sizeof h);
	used = sizeof h;
}

static void add(const void *data, unsigned len) {
	memcpy(buffer + used, data, len);
	used += len;
	((struct nlmsghdr *)buffer)->nlmsg_len = used;
}

static void attribute(int type, const void *data, unsigned len) {
	struct nlattr a = { .nla_len = sizeof a + len, .nla_type = type };
	used = NLMSG_ALIGN(used);
	add(&a, sizeof a);
	add(data, len);
}

static void go(void) {
	send(fd, buffer, used, 0);
}

static void open_protocol(int protocol) {
	struct sockaddr_nl a = { .nl_family = AF_NETLINK };
	if (fd > 0)
		close(fd);
	fd = socket(AF_NETLINK, SOCK_RAW, protocol);
	if (fd >= 0)
		bind(fd, (void *)&a, sizeof a);
}

int main(void) {
	static const int protocols[] = { 0, 2, 4, 6, 7, 9, 16 };
	char bytes[64];
	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = i + 1;
	for (unsigned p = 0; p < sizeof protocols / sizeof *protocols; p++) {
		open_protocol(protocols[p]);
		for (int type = 0; type < 40; type++) {
			begin(type, 0xf01 | type << 4);
			go();
			add("\2", 1);
			go();
			add(bytes, 43);
			go();
		}
	}
	open_protocol(NETLINK_ROUTE);
	// Every type of message, every attribute of some, with data of each width.
	static const int sizes[] = { 0, 1, 2, 4 };
	for (int type = RTM_NEWLINK; type < 120; type++) {
		// Newer than the oracle.
		if (type == 56 || type == 57 || type == 60 || type == 61 || type == 95)
			continue;
		begin(type, NLM_F_REQUEST | 0xf00);
		add("\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
		go();
	}
	static const struct { int type, header, last; } kinds[] = {
		{ RTM_NEWLINK, 16, IFLA_ALLMULTI }, { RTM_NEWADDR, 8, 10 }, { RTM_NEWROUTE, 12, 30 }, { RTM_NEWNEIGH, 12, 11 },
		{ RTM_NEWRULE, 12, 21 }, { RTM_NEWQDISC, 20, 15 }, { RTM_NEWNETCONF, 4, 8 }, { RTM_NEWNSID, 4, 5 },
	};
	for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++)
		for (int a = 0; a <= kinds[k].last; a++)
			for (unsigned s = 0; s < sizeof sizes / sizeof *sizes; s++) {
				begin(kinds[k].type, 0);
				add("\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", kinds[k].header);
				attribute(a, bytes, sizes[s]);
				go();
			}
	// Several messages, attributes that lie, an error with its cause and why.
	begin(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP);
	add("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	attribute(IFLA_EXT_MASK, "\1\0\0\0", 4);
	attribute(IFLA_IFNAME | NLA_F_NESTED, "lo", 3);
	attribute(IFLA_ADDRESS | NLA_F_NET_BYTEORDER, bytes, 6);
	go();
	memcpy(buffer + used, buffer, used);
	used *= 2;
	go();
	((struct nlattr *)(buffer + 32))->nla_len = 2;
	go();
	((struct nlattr *)(buffer + 32))->nla_len = 200;
	go();
	((struct nlmsghdr *)buffer)->nlmsg_len = 7;
	go();
	((struct nlmsghdr *)buffer)->nlmsg_len = 7000;
	go();
	send(fd, buffer, 3, 0);
	send(fd, 0, 20, 0);
	send(fd, (void *)1, 20, 0);
	struct { int error; struct nlmsghdr cause; } e = { -2, { 16, RTM_GETADDR, NLM_F_REQUEST, 7, 8 } };
	begin(NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS);
	add(&e, sizeof e);
	go();
	attribute(NLMSGERR_ATTR_MSG, "why not", 8);
	attribute(NLMSGERR_ATTR_OFFS, "\4\0\0\0", 4);
	attribute(NLMSGERR_ATTR_COOKIE, bytes, 5);
	go();
	// In a message with an address, and without.
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	struct iovec iov[2] = { { buffer, used }, { buffer, 20 } };
	struct msghdr m = { .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = iov, .msg_iovlen = 2 };
	sendmsg(fd, &m, 0);
	m.msg_name = 0;
	sendmsg(fd, &m, 0);
	open_protocol(NETLINK_SOCK_DIAG);
	static const int families[] = { 0, AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_XDP };
	for (unsigned f = 0; f < sizeof families / sizeof *families; f++)
		for (int request = 0; request < 2; request++) {
			begin(SOCK_DIAG_BY_FAMILY, request);
			bytes[0] = families[f];
			add(bytes, 16);
			go();
			add(bytes + 16, 48);
			add(bytes + 16, 8);
			go();
		}
	// What is not bound yet has no protocol that anybody could know.
	close(fd);
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	begin(RTM_GETLINK, NLM_F_REQUEST);
	go();
	write(fd, buffer, used);
	open_protocol(NETLINK_KOBJECT_UEVENT);
	send(fd, "libudev\0\376\355\312\376aaaabbbbccccddddeeeeffffggggACTION=add", 50, 0);
	send(fd, "add@/devices/x\0ACTION=add", 25, 0);
	return 0;
}
