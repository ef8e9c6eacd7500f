/* Runs a command, waits for it and for all orphans that it leaves, and says how many processes those were. */
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int count = 0;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (!fork()) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	while (wait(NULL) > 0)
		count++;
	printf("%d processes\n", count);
	return 0;
}
