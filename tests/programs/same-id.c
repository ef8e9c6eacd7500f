/* Makes two children, one after the other, with the same process id, and each goes to a directory of its own. 77: it cannot. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	pid_t first = 0;
	for (int i = 0; i < 2; i++) {
		if (first) {
			FILE *file = fopen("/proc/sys/kernel/ns_last_pid", "w");
			if (!file)
				return 77;
			fprintf(file, "%d", first - 1);
			fclose(file);
		}
		pid_t child = fork();
		if (!child) {
			chdir(i ? "/second" : "/first");
			_exit(0);
		}
		waitpid(child, NULL, 0);
		if (first && child != first)
			return 77;
		first = child;
	}
	return 0;
}
