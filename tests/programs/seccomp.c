/* seccomp(2) and its programs. */
#include "refuse.h"
#include <linux/audit.h>
#include <sys/socket.h>
int main(){ static int nrs[]={SYS_seccomp,
#ifdef SYS_setsockopt
SYS_setsockopt
#else
SYS_seccomp
#endif
}; refuse(nrs, 2);
 static struct sock_filter f[4096]; struct sock_fprog p={0,f};
 unsigned rets[]={0,0x7fff0000,0x7fff0001,0x50026,0x50000,0x5ffff,0x30000,0x30005,0x7ff00000,0x7ff00001,0x7fc00000,0x7fc00003,0x7ffc0000,0x7ffc0001,0x80000000,0x80000007,0x60000,7,0x1234};
 for(int i=0;i<sizeof rets/4;i++) f[p.len++]=(struct sock_filter)BPF_STMT(BPF_RET|BPF_K,rets[i]);
 for(int c=0;c<0x100;c++) if ((c & 0xf7) != 0xe5) f[p.len++]=(struct sock_filter){c,c&1?3:0,c&1?5:0,c*3};
 for(int c=0;c<0x100;c++) if ((c & 0xf7) != 0xe5) f[p.len++]=(struct sock_filter){c,1,2,0xfffff000+c*4};
 for(int c=0x100;c<0x10000;c=c*2+1) f[p.len++]=(struct sock_filter){c,1,2,0xfffff000+c*4};
 for(int c=0;c<70;c+=4) f[p.len++]=(struct sock_filter){BPF_LD|BPF_W|BPF_ABS,0,0,c};
 for(int i=0;i<64;i+=4) f[p.len++]=(struct sock_filter){BPF_LD|BPF_W|BPF_ABS,0,0,SKF_AD_OFF+i};
 f[p.len++]=(struct sock_filter){BPF_LD|BPF_W|BPF_ABS,0,0,SKF_NET_OFF};f[p.len++]=(struct sock_filter){BPF_LD|BPF_W|BPF_ABS,0,0,SKF_NET_OFF+4};f[p.len++]=(struct sock_filter){BPF_LD|BPF_W|BPF_ABS,0,0,SKF_LL_OFF+2};
 f[p.len++]=(struct sock_filter)BPF_JUMP(BPF_JMP|BPF_JEQ|BPF_K,AUDIT_ARCH_X86_64,0,1);
 int n=p.len;
 for(int k=0;k<n;k+=20){ struct sock_fprog q={n-k<20?n-k:20,f+k}; syscall(SYS_seccomp,1,0,&q); prctl(PR_SET_SECCOMP, 2, &q); }
 struct sock_fprog q={0,f}; syscall(SYS_seccomp,1,0,&q); q.len=40; syscall(SYS_seccomp,1,0,&q); q.len=4096;q.filter=f; syscall(SYS_seccomp,1,0,&q); q.filter=(void*)0x1000; q.len=2; syscall(SYS_seccomp,1,0,&q);
 q.filter=0;syscall(SYS_seccomp,1,0,&q);
 char*pg=last_page(); q.filter=(struct sock_filter*)(pg+4096-24); q.len=5;*q.filter=f[1]; syscall(SYS_seccomp,1,0,&q);
  
 syscall(SYS_seccomp,0,0,0L);syscall(SYS_seccomp,0,5,&q);
 for(unsigned i=0;i<9;i++) syscall(SYS_seccomp,2,i&1,rets+i);
 unsigned kp=0; syscall(SYS_seccomp,2,0,&kp);kp=0x80000000;syscall(SYS_seccomp,2,0,&kp);syscall(SYS_seccomp,2,0,0x1000L);
 short sz[3]={1,2,3}; syscall(SYS_seccomp,3,0,sz); syscall(SYS_seccomp,3,1,sz);
 for(int i=0;i<64;i++) syscall(SYS_seccomp,1,i,0L);
 return 0; }
