// Calls for signals and time that only 32-bit programs have.
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#ifdef __i386__
struct old_sigaction {
	void *handler;
	unsigned long mask;
	unsigned long flags;
	void *restorer;
};

static void handler(int signal)
{
}

static void signals(void)
{
	struct old_sigaction action = {handler, 1 << 1 | 1 << 14, SA_RESTART, NULL}, old;
	unsigned long set = 1 << 0 | 1 << 9 | 1U << 31;
	syscall(SYS_sigaction, SIGUSR1, &action, &old);
	syscall(SYS_sigaction, SIGUSR1, NULL, &old);
	syscall(SYS_sigaction, 77, &action, NULL);
	syscall(SYS_sigaction, SIGUSR2, 0x10, 0x20);
	action.handler = SIG_IGN;
	action.mask = ~0;
	action.flags = SA_NOCLDSTOP | SA_SIGINFO | 0x4000000 | 0x100;
	action.restorer = (void *)0x1234;
	syscall(SYS_sigaction, SIGUSR2, &action, &old);
	syscall(SYS_sigprocmask, SIG_BLOCK, &set, NULL);
	syscall(SYS_sigprocmask, SIG_SETMASK, NULL, &set);
	set = ~0;
	syscall(SYS_sigprocmask, 7, &set, 0x10);
	syscall(SYS_sigprocmask, SIG_UNBLOCK, &set, &set);
	syscall(SYS_sigprocmask, SIG_UNBLOCK, 0x10, &set);
	syscall(SYS_signal, SIGURG, SIG_IGN);
	syscall(SYS_signal, SIGURG, SIG_DFL);
	syscall(SYS_signal, SIGURG, handler);
	syscall(SYS_signal, SIGURG, SIG_ERR);
	syscall(SYS_signal, 99, handler);
	syscall(SYS_ssetmask, 1 << 11 | 1);
	syscall(SYS_sgetmask);
	kill(getpid(), SIGUSR2);
	syscall(SYS_ssetmask, 0);
	syscall(SYS_sgetmask);
	syscall(SYS_sigpending, &set);
	syscall(SYS_sigpending, 0x10);
	alarm(1);
	signal(SIGALRM, handler);
	syscall(SYS_sigsuspend, 0, 0, 1 << 4);
}

static void times(void)
{
	time_t second = 1;
	struct {
		long long sec;
		long long nsec;
	} long_time = {0, 1000}, both[2] = {{1, 2}, {3, 0x3ffffffe}};
	syscall(SYS_stime, 0x10);
	syscall(SYS_stime, NULL);
	syscall(SYS_utimensat_time64, -1, "nonexistent", both, 0x100);
	syscall(SYS_utimensat_time64, -1, NULL, NULL, 0);
	syscall(SYS_futex_time64, &second, 0, 2, &long_time);
	syscall(SYS_futex_time64, &second, 0, 1, &long_time);
	syscall(SYS_futex_time64, &second, 129, 1);
	syscall(SYS_futex_time64, &second, 137, 1, &long_time, 0, -1);
	syscall(SYS_sched_rr_get_interval_time64, 0, &long_time);
	syscall(SYS_sched_rr_get_interval_time64, 0, 0x10);
	syscall(SYS_recvmmsg_time64, -1, NULL, 1, 0x40, &long_time);
	syscall(SYS_setfsuid32, -1);
	syscall(SYS_setfsgid32, 1000000);
}
#else
static void signals(void)
{
}

static void times(void)
{
}
#endif

int main(void)
{
	struct timex clock = {0};
	signals();
	times();
	clock.modes = 0x4000;
	clock.offset = 5;
	syscall(SYS_adjtimex, &clock);
	syscall(SYS_adjtimex, NULL);
	clock.modes = 0;
	syscall(SYS_adjtimex, &clock);
	syscall(SYS_clock_adjtime, CLOCK_REALTIME, &clock);
	syscall(SYS_clock_adjtime, 77, &clock);
	syscall(SYS_clock_adjtime, CLOCK_REALTIME, 0x10);
}
