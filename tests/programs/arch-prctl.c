/* x86's own operations, and scheduling attributes of all sizes. */
#include "refuse.h"
int main(int c,char**v){ int nrs[]={SYS_arch_prctl,SYS_sched_setattr,SYS_sched_getattr}; if(c<2) refuse(nrs, 3);
 int ops[]={0x1001,0x1002,0x1003,0x1004,0x1011,0x1012,0x1021,0x1022,0x1023,0x1024,0x1025,0x11,0x12,0x2001,0x2002,0x2003,7,8,9,10,0x6000,0x6001,0x6002,0x6003,0x6004,12};
 static unsigned long long b=0x602e7;
 if(c>1){ syscall(SYS_arch_prctl,0x1021,&b); syscall(SYS_arch_prctl,0x1022,&b);syscall(SYS_arch_prctl,0x1011,0L);syscall(SYS_arch_prctl,0x1024,&b);syscall(SYS_arch_prctl,0x1003,&b); char at[60]; syscall(SYS_sched_getattr,0,at,56,0);syscall(SYS_sched_getattr,0,at,48,0); syscall(SYS_sched_getattr,0,at,100,0); syscall(SYS_sched_getattr,0,at,40,0); return 0; }
 for(int i=0;i<26;i++){ syscall(SYS_arch_prctl,ops[i],0L); syscall(SYS_arch_prctl,ops[i],&b); syscall(SYS_arch_prctl,ops[i],5L);}
 for(int i=0;i<33;i++) syscall(SYS_arch_prctl,0x1023,(long)i);
 unsigned char a[100]={0}; for(int s=0;s<70;s+=4){ memset(a,s&4?7:0,100); *(unsigned*)a=s; syscall(SYS_sched_setattr,0,a,0);} 
 char*pg=last_page(); for(int k=4;k<64;k+=4){ memset(pg+4096-k,0,k); *(unsigned*)(pg+4096-k)=56; syscall(SYS_sched_setattr,0,pg+4096-k,0); }
}
