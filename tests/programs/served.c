/* Calls on memory that nobody serves: whoever reads it waits for ever. The kernel refuses the calls before it reads.
   served userfaultfd | device | fuse DIRECTORY | held: says that it is ready, waits for a byte, and makes the calls. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE 65536

static int unavailable(const char *what)
{
    perror(what);
    return 77;
}

static char *registered(int fd)
{
    struct uffdio_api api = {.api = UFFD_API};
    char *memory = mmap(0, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register range = {.range = {(unsigned long)memory, SIZE}, .mode = UFFDIO_REGISTER_MODE_MISSING};
    if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &range))
        return 0;
    return memory;
}

static void reply(int fd, const struct fuse_in_header *in, int error, const void *data, size_t len)
{
    char out[4096];
    struct fuse_out_header header = {.len = sizeof header + len, .error = error, .unique = in->unique};
    memcpy(out, &header, sizeof header);
    memcpy(out + sizeof header, data, len);
    write(fd, out, header.len);
}

/* A file system with one file, whose pages never come. */
static void serve(int fd)
{
    static char request[1 << 20];
    while (read(fd, request, sizeof request) > 0) {
        struct fuse_in_header *in = (void *)request;
        struct fuse_attr attr = {.ino = in->nodeid, .size = SIZE, .nlink = 1};
        attr.mode = in->nodeid == 1 ? S_IFDIR | 0755 : S_IFREG | 0444;
        if (in->opcode == FUSE_INIT) {
            struct fuse_init_out init = {.major = 7, .minor = 31, .max_write = 4096};
            reply(fd, in, 0, &init, sizeof init);
        } else if (in->opcode == FUSE_LOOKUP) {
            attr.ino = 2;
            attr.mode = S_IFREG | 0444;
            struct fuse_entry_out entry = {.nodeid = 2, .attr = attr, .entry_valid = 100, .attr_valid = 100};
            reply(fd, in, 0, &entry, sizeof entry);
        } else if (in->opcode == FUSE_GETATTR) {
            struct fuse_attr_out out = {.attr_valid = 100, .attr = attr};
            reply(fd, in, 0, &out, sizeof out);
        } else if (in->opcode == FUSE_OPEN) {
            struct fuse_open_out out = {.fh = 1};
            reply(fd, in, 0, &out, sizeof out);
        } else if (in->opcode != FUSE_READ && in->opcode != FUSE_INTERRUPT && in->opcode != FUSE_FORGET)
            reply(fd, in, -38, 0, 0);
    }
    _exit(0);
}

int main(int argc, char **argv)
{
    char *memory = 0;
    int server = 0;
    if (!strcmp(argv[1], "userfaultfd") || !strcmp(argv[1], "held")) {
        int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
        if (!(memory = registered(fd)))
            return unavailable("userfaultfd");
    } else if (!strcmp(argv[1], "device")) {
        int device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
        if (!(memory = registered(ioctl(device, USERFAULTFD_IOC_NEW, O_CLOEXEC))))
            return unavailable("/dev/userfaultfd");
    } else {
        char options[100], path[4096];
        int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
        sprintf(options, "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
        if (fd < 0 || mount("served", argv[2], "fuse", MS_NOSUID | MS_NODEV, options))
            return unavailable("fuse");
        server = fork();
        if (!server)
            serve(fd);
        close(fd);
        sprintf(path, "%s/file", argv[2]);
        int file = open(path, O_RDONLY);
        memory = mmap(0, SIZE, PROT_READ, MAP_SHARED, file, 0);
        if (file < 0 || memory == MAP_FAILED)
            return unavailable(path);
        close(file);
    }
    if (!strcmp(argv[1], "held")) {
        char byte;
        puts("ready");
        fflush(stdout);
        read(0, &byte, 1);
    }
    /* More than there are threads for. */
    for (int page = 0; page < 12; page++)
        write(-1, memory + 4096 * page, 5);
    write(-1, memory + 4096, 5);
    /* What is on a disk is nobody's to serve, also while it is not in memory: the kernel takes pages that rest for a while. */
    static const char on[] = "on\n";
    madvise((void *)((unsigned long)on & -4096), 4096, MADV_PAGEOUT);
    write(2, on, 3);
    if (server) {
        umount2(argv[2], MNT_DETACH);
        kill(server, 9);
        wait(0);
    }
    return 0;
}
