/* Calls that only 32-bit programs make, by int $0x80: compiled for i386. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static long call(long number, long a, long b, long c, long d, long e)
{
	long result, values[6] = {number, a, b, c, d, e};
	__asm__ volatile("push %%ebx; mov 4(%1), %%ebx; mov 8(%1), %%ecx; mov 12(%1), %%edx; mov 20(%1), %%edi;"
			 "mov (%1), %%eax; mov 16(%1), %%esi; int $0x80; pop %%ebx"
			 : "=a"(result) : "S"(values) : "ecx", "edx", "edi", "memory");
	return result;
}
#define CALL(number, a, b, c, d, e) call(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))

int main(void)
{
	static char room[64];
	uint32_t mask = 0x7fffffff, action[4] = {0x1234, 0xffffffff, 0x04000000, 5};
	CALL(48, SIGUSR1, 0x80001000, 0, 0, 0);
	CALL(48, SIGUSR1, 1, 0, 0, 0);
	CALL(48, SIGUSR1, 0, 0, 0, 0);
	CALL(67, SIGUSR2, action, room, 0, 0);
	CALL(126, 0, &mask, room, 0, 0);
	CALL(175, 0, &mask, 0, 4, 0);
	uint32_t mapping[6] = {0, 4096, 3, 0x22, -1, 0};
	CALL(90, mapping, 0, 0, 0, 0);
	CALL(90, 8, 0, 0, 0, 0);
	int pair[2];
	socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
	send(pair[0], "hello world", 11, 0);
	uint32_t receive[4] = {pair[1], (uintptr_t)room, 4, MSG_TRUNC};
	CALL(102, 10, receive, 0, 0, 0);
	send(pair[0], "x", 1, 0);
	uint32_t message[8] = {0}, time[2] = {1, 2};
	CALL(337, pair[1], message, 1, MSG_DONTWAIT, time);
	long id = CALL(117, 23, 0, 4096, 0600 | 01000, 0);
	CALL(117, 21, id, 0, room, 0);
	CALL(117, 22, 0, 0, 0, *(long *)room);
	CALL(117, 24, id, 0, 0, 0);
}
