/* quotactl(2) and quotactl_fd(2): every command with a structure, without, with half of one. */
#define _GNU_SOURCE
#include <unistd.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/mman.h>
#include "refuse.h"
#define S(nr, a,b,c,d,e) syscall(nr,(long)(a),(long)(b),(long)(c),(long)(d),(long)(e))
int main(void){
 static int nrs[]={SYS_quotactl,443}; refuse(nrs,2);
 char *page = mmap(0, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
 munmap(page+4096, 4096);
 char *edge = page+4096; char path5[6000]; memset(path5,'p',5999); path5[5999]=0;
 static unsigned char buf[4096]; for(int i=0;i<4096;i++) buf[i]= i%8<2? (i*7+3)&0xff : 0;
 static unsigned char zero[4096];
 unsigned cmds[]={0x800001,0x800002,0x800003,0x800004,0x800005,0x800006,0x800007,0x800008,0x800009,0x80000a,
  0x5801,0x5802,0x5803,0x5804,0x5805,0x5806,0x5807,0x5808,0x5809,0x580a, 0, 0x900000,0x800000,0x100,0x700,0x1000,0x1100,0x1200};
 for(int i=0;i<sizeof cmds/sizeof*cmds;i++) for(int t=0;t<4;t++){
  unsigned c=cmds[i]<<8|t; int id = t==0?0:t==1?1000:t==2?-1:3;
  if(t==3) c=cmds[i]<<8|0x80;
  S(SYS_quotactl,c,"/dev/vda",id,t==0?buf:t==1?zero:t==2?(void*)(edge-20):0,0);
  S(SYS_quotactl,c,t==0?path5:t==1?0:edge-1,id+1,t==0?0:t==1?buf+2:t==2?(void*)edge-1:"file",0);
  S(443,-1,c,id,t==0?buf:t==1?zero:t==2?(void*)(edge-20):0,0);
 }
 for(int i=0;i<5;i++){ S(SYS_quotactl,0x80000200,"/dev/vda",i,"quota.user",0); unsigned x=1u<<i; S(SYS_quotactl,0x580100,"/dev/vda",0,&x,0); x=0x3f|x<<6;  S(SYS_quotactl,0x580200,"/dev/vda",0,&x,0); S(SYS_quotactl,0x580600,"/dev/vda",0,&x,0);}
 return 0; }
