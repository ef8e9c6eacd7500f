/* Every command of bpf(2) with attributes of every size. */
#include "refuse.h"
int main(int c,char**v){ int nrs[]={
#ifdef __x86_64__
321
#else
357
#endif
}; refuse(nrs, 1);
 static unsigned char b[256]; for(int i=0;i<256;i+=4) b[i]=1+i/4;
 /* With an argument: what strace 6.1 does not know, else what it does. */
 static const struct { int cmd, size; } known[]={{0,72},{5,116},{6,16},{7,16},{8,20},{13,12},{14,12},{16,28},{17,12},{18,28},{19,4}};
 static const struct { int cmd, size; } whole[]={{0,92},{5,168},{6,20},{8,32},{13,16},{16,64},{17,24},{18,40},{19,16},
  {32,4},{33,8},{34,4},{35,12},{36,8},{37,20},{38,12}};
 static const int kinds[]={26,45,46,48,54};
 if(c>1){
  for(unsigned i=0;i<sizeof whole/sizeof *whole;i++) syscall(nrs[0],whole[i].cmd,b,whole[i].size);
  for(unsigned i=0;i<sizeof kinds/sizeof *kinds;i++){ *(int*)(b+8)=kinds[i]; syscall(nrs[0],28,b,kinds[i]==48?64:32); }
  return 0;
 }
 for(int cmd=0;cmd<32;cmd++) for(int s=0;s<200;s+=4) {
  int fits=1; for(unsigned i=0;i<sizeof known/sizeof *known;i++) if(known[i].cmd==cmd && s>known[i].size) fits=0;
  if(fits) syscall(nrs[0],cmd,b,s);
 }
}
