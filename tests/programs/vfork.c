/* Children by vfork(2). */
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    for (int i = 0; i < 3; i++) {
        pid_t pid = vfork();
        if (!pid) {
            execl("/bin/true", "true", (char *)0);
            _exit(1);
        }
        wait(0);
    }
    return 2;
}
