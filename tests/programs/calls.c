/* A bit of everything that small programs do; built for 64 and for 32 bits. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(void) {
    struct stat st;
    stat("/etc/passwd", &st);
    lstat("/bin", &st);
    lseek(0, 0, SEEK_CUR);
    struct pollfd p = {0, POLLIN, 0};
    poll(&p, 1, 0);
    struct timespec t = {0, 1000};
    nanosleep(&t, 0);
    signal(SIGUSR1, SIG_IGN);
    kill(getpid(), SIGUSR1);
    int sv[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
    struct iovec iov[2] = {{"ab", 2}, {"c\n\1\377", 4}};
    writev(sv[0], iov, 2);
    char b[16];
    recv(sv[1], b, 3, MSG_PEEK);
    read(sv[1], b, sizeof b);
    if (!fork())
        _exit(3);
    int status;
    wait(&status);
    pread(open("/etc/passwd", O_RDONLY), b, 3, 1LL << 33);
    mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    puts("hi");
    return 0;
}
