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
 for(int cmd=0;cmd<36;cmd++) for(int s=0;s<200;s+=4) syscall(nrs[0],cmd,b,s);
}
