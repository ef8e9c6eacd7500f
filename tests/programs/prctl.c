/* Every operation of prctl(2): with arguments of all kinds, refused; carried out, when called with an argument. */
#include "refuse.h"
struct mm{unsigned long long a[11];unsigned long long auxv; unsigned auxv_size,exe_fd;};
int main(int c,char**v){ 
 static unsigned ops[140]; int n=0; for(int i=0;i<65;i++) ops[n++]=i; ops[n++]=0x59616d61; ops[n++]=0x53564d41; ops[n++]=200;
 unsigned val[]={0,1,2,3,4,5,8,64,0x101};
 static char name[40]="a_name_longer_than_sixteen";
 int nrs[]={SYS_prctl};
 if(c>1){ 
  int x=0; char nm[17]="n"; long L[4]={0};
  prctl(PR_SET_NAME,name);prctl(PR_GET_NAME,nm);prctl(PR_GET_PDEATHSIG,&x);prctl(PR_SET_PDEATHSIG,9,7,7,7);prctl(PR_GET_PDEATHSIG,&x);prctl(PR_GET_DUMPABLE,7,7,7,7);
  prctl(PR_GET_TSC,&x);prctl(PR_SET_TSC,1);prctl(PR_GET_SECUREBITS);prctl(PR_SET_CHILD_SUBREAPER,1);prctl(PR_GET_CHILD_SUBREAPER,&x);prctl(PR_GET_TIMERSLACK);prctl(PR_SET_TIMERSLACK,5);
  prctl(PR_CAPBSET_READ,3);prctl(PR_CAPBSET_READ,99);prctl(PR_MCE_KILL_GET,0,0,0,0);prctl(PR_MCE_KILL,1,1,0,0);prctl(PR_MCE_KILL_GET,0,0,0,0);prctl(PR_GET_TID_ADDRESS,L);prctl(PR_GET_THP_DISABLE,0,0,0,0);
  for(int i=0;i<6;i++){prctl(PR_GET_SPECULATION_CTRL,i,0,0,0);} prctl(PR_SET_SPECULATION_CTRL,0,4,0,0);prctl(PR_GET_NO_NEW_PRIVS,0,0,0,0);prctl(PR_SET_NO_NEW_PRIVS,1,0,0,0);
  prctl(PR_GET_SECCOMP);prctl(PR_SCHED_CORE,0,0,0,L);prctl(PR_GET_TIMING);prctl(PR_GET_UNALIGN,&x);prctl(PR_GET_FPEMU,&x);prctl(PR_GET_ENDIAN,&x);prctl(PR_GET_FPEXC,&x);prctl(PR_GET_IO_FLUSHER,0,0,0,0);prctl(PR_GET_TAGGED_ADDR_CTRL,0,0,0,0);prctl(PR_CAP_AMBIENT,1,3,0,0);
  char av[400];  prctl(PR_SET_MM,14,L,0,0);
  prctl(0x53564d41,0,0x7000000,4096L,"my name");prctl(0x53564d41,0,0x7000000,4096L,0L);prctl(0x53564d41,0,0x7000000,4096L,"\001a name that is quite a bit longer than eighty characters, which is the longest that the kernel takes ok");
  prctl(PR_SET_TIMING,1); prctl(PR_SET_DUMPABLE,0);prctl(PR_GET_DUMPABLE);
  return 0; }
 refuse(nrs, 1);
 for(int i=0;i<n;i++) for(int k=0;k<9;k++){ if (ops[i] != PR_SET_SYSCALL_USER_DISPATCH || val[k] != 2) prctl(ops[i],val[k],k*3L,4L*k,5L*k); }
 for(int i=0;i<n;i++){ if (ops[i] == PR_SET_SYSCALL_USER_DISPATCH) continue; prctl(ops[i],name,name,name,name); prctl(ops[i],-1L,-1L,-1L,-1L); prctl(ops[i],0xfacefeed00000002L,0xfacefeed00000003L,4L,5L); prctl(ops[i],0L,name,3L,name);}
 for(int i=0;i<70;i++) prctl(PR_SET_SECUREBITS,(long)i);
 for(int i=0;i<20;i++) for(int k=0;k<3;k++) prctl(PR_SET_MM,i,name,k,k);
 for(int i=0;i<6;i++) for(int j=0;j<20;j++) prctl(PR_SET_SPECULATION_CTRL,i,j,0,0),prctl(PR_CAP_AMBIENT,i,j,0,0);
 for(int i=0;i<45;i++) prctl(PR_CAPBSET_DROP,i);
 for(int i=0;i<9;i++) prctl(PR_SCHED_CORE,i,3,i,name);
 for(int i=0;i<20;i++) prctl(PR_SET_FP_MODE,i),prctl(PR_SVE_SET_VL,i<<16),prctl(PR_SVE_SET_VL,i*16),prctl(PR_PAC_RESET_KEYS,i,0,0,0),prctl(PR_SET_TAGGED_ADDR_CTRL,i,0,0,0),prctl(PR_SET_FPEXC,i<<i),prctl(59,i&1,5L,6L,name),prctl(60,i,i,0,0);
 struct mm m={0}; for(int i=0;i<11;i++) m.a[i]=0x1000*i; m.auxv=(long)name; m.auxv_size=16; m.exe_fd=-1;
 prctl(PR_SET_MM,14,&m,(long)sizeof m,0); prctl(PR_SET_MM,14,&m,5L,0);prctl(PR_SET_MM,12,name,32L,0); prctl(PR_SET_MM,13,3,0,0);
 char*pg=last_page(); prctl(PR_SET_NAME,pg+4094); strcpy(pg+4092,"abc"); prctl(PR_SET_NAME,pg+4092); 
 return 0; }
