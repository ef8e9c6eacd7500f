/* The child of vfork(2) waits for its standard input to end, and so its parent waits uninterruptibly. */
#include <unistd.h>

int main(void) {
    char c;
    if (vfork() == 0) {
        while (read(0, &c, 1) == 1)
            ;
        _exit(0);
    }
    return 7;
}
