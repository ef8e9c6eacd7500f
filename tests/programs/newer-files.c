/* Calls of files and mounts that are newer than the strace of most systems. */
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#define CALL(nr, a, b, c, d, e, f) syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

int main(void) {
    char *page = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page + 4096, 4096);
    char *end = page + 4096;
    static char buffer[1024];
    syscall(SYS_getpgid, 424242);

    uint64_t range[2] = { 0, 4096 };
    CALL(451, -1, range, buffer, 0, 0, 0);
    CALL(451, -1, end - 8, 0, 1, 0, 0);
    struct { uint64_t value; uint32_t size, flags; } value = { (uintptr_t)"value", 5, 1 };
    CALL(463, -100, "/nonexistent", 0x1000, "user.x", &value, 16);
    value.size = 6;
    CALL(463, -100, "/nonexistent", 0x100, "user.x", &value, 16);
    value.value = 0, value.size = 0, value.flags = 0;
    CALL(464, -100, "/proc", 0, "user.x", &value, 16);
    CALL(464, -100, "/proc", 0, "user.x", end - 8, 16);
    CALL(464, -100, "/proc", 0, "user.x", &value, 8);
    CALL(465, -100, "/nonexistent", 0x100, buffer, 64, 0);
    CALL(466, -100, "/nonexistent", 0, "user.x", 0, 0);
    CALL(468, -100, "/nonexistent", buffer, 24, 0, 0);
    uint32_t attr[8] = { 0x10, 0, 7, 0, 9, 0, 0, 0 };
    CALL(469, -100, "/nonexistent", attr, 24, 0x1000, 0);
    attr[6] = 1;
    CALL(469, -100, "/nonexistent", attr, 32, 1, 0);

    struct { uint32_t size, fd; uint64_t id, param, ns; } request = { 24, 0, ~0ull, 0x7f, 0 };
    uint64_t ids[40];
    CALL(457, &request, buffer, 10, 0, 0, 0);
    request.param = 0;
    int count = CALL(458, &request, ids, 1, 0, 0, 0);
    memcpy(end - 24, &request, 24);
    CALL(458, end - 24, ids, 0, 1, 0, 0);
    request.size = 32;
    CALL(458, &request, 0, 1, 2, 0, 0);
    request.size = 8;
    CALL(458, &request, ids, 1, 0, 0, 0);
    CALL(458, end - 2, ids, 1, 0, 0, 0);
    request.size = 24, request.id = ids[0], request.param = 0x20;
    CALL(457, &request, buffer, sizeof buffer, 0, 0, 0);

    uint64_t mount[4] = { 1, 0, 0, 0 };
    CALL(467, -100, "/nonexistent", 0x80000, mount, 32, 0);
    uint32_t namespaces[8] = { 32, 0, 0, 0, 0x20000000, 0, 0, 0 };
    CALL(470, namespaces, ids, 0, 0, 0, 0);
    CALL(431, -1, 8, 0, 0, 0, 0);
    CALL(432, -1, 2, 0x70, 0, 0, 0);
    return count < 0;
}
