/* To be loaded before libc: says at the end how often memory was allocated, if that was in the program that COUNTED names. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

static unsigned long allocations;

void *malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	allocations++;
	return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	allocations++;
	return __libc_realloc(old, size);
}

static __attribute__((destructor)) void tell(void)
{
	const char *counted = getenv("COUNTED");

	if (counted && !strcmp(counted, program_invocation_short_name))
		dprintf(2, "%lu\n", allocations);
}
