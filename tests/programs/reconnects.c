/* Sockets whose ends change: what was known of them may be old. */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(void)
{
	struct sockaddr_in one = {.sin_family = AF_INET, .sin_port = htons(9)}, other = one;
	struct sockaddr none = {AF_UNSPEC};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct sockaddr_un name = {AF_UNIX};
	socklen_t len = sizeof name;
	int pair[2];

	one.sin_addr.s_addr = other.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	other.sin_port = htons(10);
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	connect(s, (void *)&one, sizeof one);
	write(s, "x", 1);
	connect(s, (void *)&other, sizeof other);
	write(s, "x", 1);
	connect(s, &none, sizeof none);
	write(s, "", 0);
	close(s);
	s = socket(AF_INET6, SOCK_STREAM, 0);
	bind(s, (void *)&six, sizeof six);
	listen(s, 1);
	close(s);
	s = socket(AF_INET, SOCK_STREAM, 0);
	connect(s, (void *)&one, sizeof one);
	close(s);
	/* unix(7) chooses a name of five hexadecimal digits. */
	s = socket(AF_UNIX, SOCK_DGRAM, 0);
	bind(s, (void *)&name, sizeof name.sun_family);
	getsockname(s, (void *)&name, &len);
	int to = socket(AF_UNIX, SOCK_DGRAM, 0);
	connect(to, (void *)&name, len);
	write(to, "x", 1);
	read(s, &len, 1);
	close(to);
	close(s);
	for (int i = 0; i < 3; i++) {
		socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
		shutdown(pair[0], SHUT_RDWR);
		close(pair[1]);
		write(pair[0], "", 0);
		close(pair[0]);
	}
	return 0;
}
