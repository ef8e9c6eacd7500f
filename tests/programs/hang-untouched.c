/* Blocks in a write of memory that it has never touched. Prints its address. */
#include "situation.h"

int main(void) {
    int ends[2];
    static char block[4096];
    pipe(ends);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (write(ends[1], block, sizeof block) > 0)
        ;
    fcntl(ends[1], F_SETFL, 0);
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    printf("%lu\n", (unsigned long)page);
    fflush(stdout);
    write(ends[1], page, 4096);
    return 0;
}
