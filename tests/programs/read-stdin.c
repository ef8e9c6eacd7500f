/* Waits in read(2), and says what came. */
#include <stdio.h>
#include <unistd.h>

int main(void) {
    char b[64];
    int n = read(0, b, sizeof b);
    printf("%d bytes\n", n);
    return n;
}
