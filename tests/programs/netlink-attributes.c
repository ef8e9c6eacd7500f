// Attributes of netlink messages, in one another, of several sizes, whole and running into memory that is not there.
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIZE = 0x10000 };

static unsigned char *memory, message[2048];
static unsigned used;

static void add(const void *data, unsigned len) {
	memcpy(message + used, data, len);
	used += len;
}

// Sends the message from the end of the memory, so that `missing` bytes of it are not there.
static void go(int fd, unsigned missing) {
	struct nlmsghdr *h = (void *)message;
	h->nlmsg_len = used;
	memcpy(memory + SIZE - used + missing, message, used - missing);
	send(fd, memory + SIZE - used + missing, used, 0);
}

// A message with an attribute of a size inside others, `path`, of which the last is the first in the message.
static void attribute(int fd, const int *path, int depth, int kind, const unsigned char *data, unsigned len, unsigned missing) {
	unsigned start = used;
	for (int i = 0; i < depth; i++) {
		struct nlattr a = { 4 * (depth - i + 1) + len, path[i] };
		add(&a, sizeof a);
	}
	struct nlattr a = { 4 + len, kind };
	add(&a, sizeof a);
	add(data, len);
	go(fd, missing);
	used = start;
}

int main(void) {
	static const struct {
		int protocol, type, flags, header, family, depth, path[3], last, biggest;
	} all[] = {
		{ NETLINK_ROUTE, RTM_NEWLINK, 0, 16, 0, 0, { 0 }, 61, 8 },
		{ NETLINK_ROUTE, RTM_NEWLINK, 0, 16, AF_INET6, 1, { 12 }, 5, 8 },
		{ NETLINK_ROUTE, RTM_NEWLINK, 0, 16, AF_BRIDGE, 1, { 12 }, 40, 8 },
		{ NETLINK_ROUTE, RTM_NEWLINK, 0, 16, 0, 1, { 43 }, 2, 8 },
		{ NETLINK_ROUTE, RTM_NEWADDR, 0, 8, AF_INET, 0, { 0 }, 11, 8 },
		{ NETLINK_ROUTE, RTM_NEWROUTE, 0, 12, AF_INET6, 0, { 0 }, 30, 8 },
		{ NETLINK_ROUTE, RTM_NEWNEIGH, 0, 12, AF_INET, 0, { 0 }, 14, 8 },
		{ NETLINK_ROUTE, RTM_NEWQDISC, 0, 20, AF_INET, 1, { 7 }, 8, 64 },
		{ NETLINK_ROUTE, RTM_NEWQDISC, 0, 20, AF_INET, 1, { 8 }, 3, 64 },
		{ NETLINK_ROUTE, RTM_GETNEIGHTBL, 0, 4, AF_INET, 0, { 0 }, 9, 64 },
		{ NETLINK_ROUTE, RTM_NEWNETCONF, 0, 4, AF_INET, 0, { 0 }, 9, 64 },
		{ NETLINK_ROUTE, RTM_GETMDB, 0, 8, AF_BRIDGE, 2, { 1, 1 }, 2, 64 },
		{ NETLINK_ROUTE, RTM_GETMDB, 0, 8, AF_BRIDGE, 1, { 2 }, 2, 8 },
		{ NETLINK_ROUTE, RTM_NEWNSID, 0, 4, AF_INET, 0, { 0 }, 6, 64 },
		{ NETLINK_ROUTE, RTM_NEWSTATS, 0, 12, AF_INET, 0, { 0 }, 6, 200 },
		{ NETLINK_ROUTE, RTM_NEWSTATS, 0, 12, AF_INET, 2, { 2, 1 }, 4, 8 },
		{ NETLINK_ROUTE, RTM_NEWSTATS, 0, 12, AF_INET, 2, { 2, 2 }, 2, 8 },
		{ NETLINK_ROUTE, RTM_NEWSTATS, 0, 12, AF_INET, 2, { 5, AF_MPLS }, 2, 64 },
		{ NETLINK_ROUTE, RTM_NEWCACHEREPORT, 0, 4, 128, 0, { 0 }, 6, 64 },
		{ NETLINK_ROUTE, RTM_NEWCACHEREPORT, 0, 4, 129, 0, { 0 }, 5, 64 },
		{ NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, 0, 72, AF_INET, 0, { 0 }, 21, 8 },
		{ NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 56, AF_INET, 0, { 0 }, 3, 24 },
		{ NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, 0, 64, AF_SMC, 0, { 0 }, 6, 8 },
		{ NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, 0, 16, AF_PACKET, 0, { 0 }, 7, 64 },
		{ NETLINK_NETFILTER, 0, 0, 4, AF_INET, 0, { 0 }, 2, 64 },
		{ NETLINK_NETFILTER, 16, 0xf01, 4, AF_INET, 0, { 0 }, 2, 64 },
		{ NETLINK_NETFILTER, 1 << 8 | 1, 0x301, 4, AF_INET, 0, { 0 }, 2, 64 },
		{ NETLINK_NETFILTER, 6 << 8 | 2, 0x601, 4, AF_INET, 0, { 0 }, 2, 64 },
		{ NETLINK_NETFILTER, 10 << 8 | 2, 0x301, 4, AF_INET6, 0, { 0 }, 2, 64 },
		{ NETLINK_NETFILTER, 12 << 8 | 9, 0x301, 4, AF_INET, 0, { 0 }, 2, 64 },
		{ NETLINK_NETFILTER, 77 << 8 | 9, 0x301, 4, AF_INET, 0, { 0 }, 2, 64 },
	};
	static const unsigned sizes[] = { 0, 1, 2, 4, 8, 12, 24, 28, 48, 64, 72, 184, 192, 200 };
	unsigned char pattern[2][256];
	for (unsigned i = 0; i < sizeof pattern[0]; i++) {
		pattern[0][i] = 0x60 + i;
		pattern[1][i] = i % 4 == 0;
	}
	memory = mmap((void *)0x20000000, 2 * SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	mprotect(memory, SIZE, PROT_READ | PROT_WRITE);
	for (unsigned k = 0; k < sizeof all / sizeof *all; k++) {
		int fd = socket(AF_NETLINK, SOCK_RAW, all[k].protocol);
		struct nlmsghdr h = { 0, all[k].type, all[k].flags };
		unsigned char header[80] = { all[k].family };
		used = 0;
		add(&h, sizeof h);
		add(header, all[k].header);
		for (int a = 0; a <= all[k].last; a++) {
			// The oracle has no comma behind a next hop that is shorter than it can be.
			if (all[k].type == RTM_NEWROUTE && a == RTA_MULTIPATH)
				continue;
			for (unsigned s = 0; s < sizeof sizes / sizeof *sizes && sizes[s] <= (unsigned)all[k].biggest; s++)
				for (int p = 0; p < 2; p++)
					attribute(fd, all[k].path, all[k].depth, a, pattern[p], sizes[s], 0);
			for (unsigned missing = 1; missing < 8; missing++)
				attribute(fd, all[k].path, all[k].depth, a, pattern[0], 4, missing);
		}
		close(fd);
	}
	return 0;
}
