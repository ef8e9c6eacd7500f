/* Threads whose innermost function needs a register that nobody has saved on the stack. Return addresses of calls that are over lie
   where it has its room, before the one of its caller. Prints the ids of a thread that was called by distance, one that was called
   through a word in memory, and one that was called through a pointer. */
#include "situation.h"
#include <poll.h>
#include <stdatomic.h>

#define FAR __attribute__((noinline, noclone))
#define BY_FRAME_POINTER FAR __attribute__((optimize("no-omit-frame-pointer", "no-optimize-sibling-calls")))

static atomic_int ids[3];
static volatile int sink;

FAR static int leave_behind(int depth) {
    volatile char room[64];
    room[depth] = depth;
    return depth ? leave_behind(depth - 1) + room[depth] : getpid();
}

/* A call through a word: as the compilers of Rust and of others make where code may be in another library. */
int by_word(int which);
asm(".pushsection .data.rel.local, \"aw\"\n"
    "word: .quad hold\n"
    ".popsection\n"
    ".pushsection .text\n"
    ".type by_word, @function\n"
    "by_word:\n"
    "  .cfi_startproc\n"
    "  sub $8, %rsp\n"
    "  .cfi_adjust_cfa_offset 8\n"
    "  call *word(%rip)\n"
    "  add $8, %rsp\n"
    "  .cfi_adjust_cfa_offset -8\n"
    "  ret\n"
    "  .cfi_endproc\n"
    "  .size by_word, . - by_word\n"
    ".popsection\n");

BY_FRAME_POINTER __attribute__((used)) static int hold(int which) {
    /* Room that is not written to, and that nobody knows the size of. */
    volatile char room[512];
    sink = room[which];
    ids[which] = self();
    return poll(NULL, 0, -1) + 1;
}

FAR static int by_distance(int which) { return hold(which) + 1; }
static int (*volatile pointer)(int) = hold;
FAR static int by_pointer(int which) { return pointer(which) + 1; }
FAR static int last(int which) {
    sink = leave_behind(20);
    switch (which) {
    case 0: return by_distance(which) + 1;
    case 1: return by_word(which) + 1;
    default: return by_pointer(which) + 1;
    }
}

static void *begin(void *which) {
    sink = last((intptr_t)which);
    return NULL;
}

int main(void) {
    for (intptr_t which = 0; which < 3; which++) {
        start(begin, (void *)which);
        while (!ids[which])
            usleep(1000);
        until_state(ids[which], 'S');
    }
    printf("%d %d %d\n", ids[0], ids[1], ids[2]);
    fflush(stdout);
    char byte;
    read(0, &byte, 1);
    return 0;
}
