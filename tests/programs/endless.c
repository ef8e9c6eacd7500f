/* Calls that ask for more than any tracer can show, on memory that costs this program nothing: endless KIND COUNT.
   The kernel refuses them all. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define ROOM (64ul << 30)

static char *map(int fd, int flags)
{
    return mmap(0, ROOM, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, fd, 0);
}

/* The same megabyte of bytes that are not 0, again and again. */
static char *filled(unsigned long bytes, long value)
{
    int fd = memfd_create("filled", 0);
    ftruncate(fd, 1 << 20);
    long *page = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    for (int i = 0; i < (1 << 20) / 8; i++)
        page[i] = value;
    char *all = map(-1, MAP_PRIVATE | MAP_ANONYMOUS);
    for (unsigned long at = 0; at < bytes; at += 1 << 20)
        mmap(all + at, 1 << 20, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
    return all;
}

int main(int argc, char **argv)
{
    (void)argc;
    const char *kind = argv[1];
    unsigned long n = strtoul(argv[2], 0, 0);
    char *zero = map(-1, MAP_PRIVATE | MAP_ANONYMOUS);
    if (!strcmp(kind, "sendmmsg"))
        syscall(SYS_sendmmsg, -1, zero, n, 0);
    else if (!strcmp(kind, "writev"))
        syscall(SYS_writev, -1, zero, n);
    else if (!strcmp(kind, "poll"))
        syscall(SYS_poll, zero, n, 0);
    else if (!strcmp(kind, "process_vm_readv"))
        syscall(SYS_process_vm_readv, 1, zero, n, zero, n, 1);
    else if (!strcmp(kind, "write"))
        syscall(SYS_write, -1, filled(1ul << 26, 0x0102030405060708), n);
    else if (!strcmp(kind, "setgroups"))
        syscall(SYS_setgroups, n, zero);
    else if (!strcmp(kind, "select"))
        syscall(SYS_select, n, filled(1ul << 20, -1), filled(1ul << 20, -1), filled(1ul << 20, -1), (void *)1);
    else if (!strcmp(kind, "execve")) {
        long text = (long)filled(1ul << 20, 0x6161616161616161);
        char *words = filled(1ul << 28, text);
        syscall(SYS_execve, "/", words, words);
    } else if (!strcmp(kind, "open"))
        syscall(SYS_open, filled(1ul << 26, 0x6161616161616161), n);
    else if (!strcmp(kind, "large")) {
        /* Pieces that are all there. */
        char *data = filled(1ul << 26, 0x0102030405060708);
        n = n < 4096 ? n : 4096;
        struct iovec *pieces = calloc(n, sizeof *pieces);
        for (unsigned long i = 0; i < n; i++)
            pieces[i] = (struct iovec){data, 1 << 20};
        syscall(SYS_writev, -1, pieces, n);
    } else if (!strcmp(kind, "msg")) {
        /* A message of such pieces, with control data of the same size. */
        unsigned long *header = calloc(8, 8);
        header[2] = (unsigned long)zero;
        header[3] = n;
        header[4] = (unsigned long)filled(1ul << 26, 0x0102030405060708);
        header[5] = n;
        syscall(SYS_sendmsg, -1, header, 0);
    } else if (!strcmp(kind, "keyctl"))
        syscall(SYS_keyctl, 0x1000, zero, n, zero, n);
    else if (!strcmp(kind, "bpf"))
        syscall(SYS_bpf, 5, zero, n);
    else if (!strcmp(kind, "mincore"))
        syscall(SYS_mincore, zero, n << 12, zero);
    else if (!strcmp(kind, "getdents"))
        syscall(SYS_getdents64, -1, filled(1ul << 26, 0x0018001800180018), n);
    else
        return 2;
    return 0;
}
