/* Rarer values: what signals carry by their codes, states and options of sockets in messages about them, filters of sockets. */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int codes[] = {SI_USER, SI_TKILL, SI_SIGIO, SI_QUEUE, SI_ASYNCIO};
    for (int i = 0; i < 5; i++) {
        siginfo_t info;
        memset(&info, 0, sizeof info);
        info.si_signo = i & 1 ? SIGUSR1 : SIGIO;
        info.si_code = codes[i];
        info.si_pid = 5;
        info.si_uid = 6;
        info.si_value.sival_int = 7;
        syscall(SYS_ptrace, PTRACE_SETSIGINFO, -1, 0, &info);
    }

    struct { struct nlmsghdr head; struct inet_diag_req_v2 asked; } question = {{sizeof question, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 0, 0}};
    question.asked.sdiag_family = AF_INET;
    question.asked.sdiag_protocol = 6;
    question.asked.idiag_states = 1 << 12 | 1 << 1;
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
    send(fd, &question, sizeof question, MSG_DONTWAIT);

    struct { struct nlmsghdr head; struct inet_diag_msg found; unsigned short len, type; unsigned char bits[4]; } answer;
    for (int bits = 0; bits < 3; bits++) {
        memset(&answer, 0, sizeof answer);
        answer.head = (struct nlmsghdr){sizeof answer, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, 0, 0};
        answer.found.idiag_family = AF_INET;
        answer.len = 6;
        answer.type = INET_DIAG_SOCKOPT;
        answer.bits[0] = bits == 1 ? 5 : -(bits == 2);
        answer.bits[1] = -(bits == 2);
        send(fd, &answer, sizeof answer, MSG_DONTWAIT);
    }

    struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4), BPF_STMT(BPF_RET | BPF_K, 0x1000)};
    unsigned count = 2;
    getsockopt(-1, SOL_SOCKET, SO_GET_FILTER, code, &count);
    return 0;
}
