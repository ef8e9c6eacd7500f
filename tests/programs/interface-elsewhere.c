/* Goes to a network namespace of its own, where the interface with the number of lo has another name, and sends to it. */
#define _GNU_SOURCE
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int main(void)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = {{{0xfe, 0x80, [15] = 1}}}, .sin6_scope_id = 1};
	struct ifreq request = {.ifr_name = "lo"};
	int fd;

	sendto(-1, "", 0, 0, (struct sockaddr *)&to, sizeof to);
	if (unshare(CLONE_NEWNET))
		return 2;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	strcpy(request.ifr_newname, "elsewhere");
	if (fd < 0 || ioctl(fd, SIOCSIFNAME, &request))
		return 3;
	sendto(-1, "", 0, 0, (struct sockaddr *)&to, sizeof to);
	return 0;
}
