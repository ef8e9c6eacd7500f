/* Tells the signals that it gets, and ends when it reads q. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void tell(int signal)
{
	const char *name = signal == SIGINT ? "got INT\n" : signal == SIGQUIT ? "got QUIT\n" : signal == SIGTERM ? "got TERM\n" : "got CONT\n";
	write(1, name, strlen(name));
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = tell, .sa_flags = SA_RESTART};
	char byte = 0;
	if (argc > 1) {
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGQUIT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
	}
	sigaction(SIGCONT, &action, NULL);
	write(1, "ready\n", 6);
	while (read(0, &byte, 1) == 1 && byte != 'q')
		write(1, "read\n", 5);
	write(1, "end\n", 4);
	return 3;
}
