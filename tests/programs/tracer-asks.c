/* A tracer that asks its tracee for everything. */
#include "refuse.h"
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <elf.h>
#include <signal.h>
#include <signal.h>
#include <linux/ptrace.h>
#define P(op,a,d) syscall(SYS_ptrace,(long)(op),pid,(long)(a),(long)(d))
static char buf[8192];
int main(){  int pid=fork(); if(!pid){ ptrace(PTRACE_TRACEME,0,0,0); 
   struct sock_filter f[]={BPF_STMT(BPF_RET|BPF_K,SECCOMP_RET_ALLOW)}; struct sock_fprog p={1,f}; 
   raise(SIGSTOP); prctl(PR_SET_NO_NEW_PRIVS,1,0,0,0); prctl(PR_SET_SECCOMP,2,&p); getpid(); getppid(); raise(SIGUSR1); _exit(7);} 
 int st; waitpid(pid,&st,0);
 unsigned long w=0; 
 P(PTRACE_SETOPTIONS,0,PTRACE_O_TRACESYSGOOD|PTRACE_O_TRACECLONE|PTRACE_O_TRACEEXIT);
 P(PTRACE_GETSIGINFO,0,buf); P(PTRACE_GETEVENTMSG,0,&w); P(PTRACE_PEEKUSER,0,&w); P(PTRACE_PEEKUSER,8*15,&w); P(PTRACE_PEEKUSER,4*13,&w); P(PTRACE_PEEKTEXT,main,&w); P(PTRACE_PEEKDATA,&pid,&w);
 P(PTRACE_GETREGS,0,buf); P(PTRACE_SETREGS,0,buf); P(PTRACE_GETFPREGS,0,buf); P(PTRACE_SETFPREGS,0,buf);P(18,0,buf);P(19,0,buf);
 P(PTRACE_PEEKUSER,-8,&w); P(PTRACE_PEEKUSER,100000,&w);
 unsigned long long m=0; P(PTRACE_GETSIGMASK,8,&m); m=0x201; P(PTRACE_SETSIGMASK,8,&m); P(PTRACE_GETSIGMASK,8,&m); m=0; P(PTRACE_SETSIGMASK,8,&m);
 struct iovec v={buf,sizeof buf}; P(PTRACE_GETREGSET,NT_PRSTATUS,&v); P(PTRACE_SETREGSET,NT_PRSTATUS,&v); v.iov_len=20;P(PTRACE_GETREGSET,NT_PRSTATUS,&v); v.iov_len=sizeof buf; P(PTRACE_GETREGSET,NT_FPREGSET,&v); v.iov_len=sizeof buf;P(PTRACE_GETREGSET,NT_X86_XSTATE,&v); v.iov_len=sizeof buf;P(PTRACE_GETREGSET,0x201,&v); v.iov_len=sizeof buf;P(PTRACE_GETREGSET,0x200,&v);
 struct {unsigned long long off; unsigned fl; int nr;} ps={0,0,3}; P(0x4209,&ps,buf); ps.fl=1; P(0x4209,&ps,buf);
 P(PTRACE_SYSCALL,0,0); waitpid(pid,&st,0); P(0x420e,200,buf);P(0x420e,20,buf);
 P(PTRACE_SYSCALL,0,0); waitpid(pid,&st,0); P(0x420e,88,buf); P(0x420f,24,buf); P(0x420f,100,buf);
 P(PTRACE_SYSCALL,0,0); waitpid(pid,&st,0); P(PTRACE_SYSCALL,0,0); waitpid(pid,&st,0);
 P(0x420c,0,0); P(0x420c,0,buf); P(0x420c,5,buf); struct {unsigned long long a,b;} md={0,0}; P(0x420d,16,&md); P(0x420d,8,&md); P(0x420d,20,&md);md.a=7;P(0x420d,16,&md);
 P(25,6,buf); P(26,6,buf); 
 P(PTRACE_GETSIGINFO,0,buf); P(PTRACE_SETSIGINFO,0,buf); siginfo_t si={.si_signo=SIGUSR1,.si_code=SI_QUEUE}; si.si_pid=3; P(PTRACE_SETSIGINFO,0,&si);
 P(PTRACE_POKEUSER,8*27,0x1234); P(PTRACE_POKEUSER,8*27+848-216,0);  P(PTRACE_POKETEXT,main,0x90);P(PTRACE_SINGLESTEP,0,SIGUSR1); waitpid(pid,&st,0);
 P(PTRACE_CONT,0,SIGUSR1); waitpid(pid,&st,0); P(PTRACE_GETEVENTMSG,0,&w); P(PTRACE_DETACH,0,0); P(PTRACE_KILL,0,0); waitpid(pid,&st,0);
 P(PTRACE_SEIZE,0,PTRACE_O_TRACESYSGOOD); P(PTRACE_ATTACH,0,0);
 return 0; }
