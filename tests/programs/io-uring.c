/* io_uring(7): rings of all kinds, everything that can be registered with one. */
#define _GNU_SOURCE
#include <unistd.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/mman.h>
#define S(nr, a,b,c,d,e,f) syscall(nr,(long)(a),(long)(b),(long)(c),(long)(d),(long)(e),(long)(f))
#define SETUP(a,b) S(425,a,b,0,0,0,0)
#define REG(a,b,c,d) S(427,a,b,c,d,0,0)
int main(void){
 char *page = mmap(0, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
 munmap(page+4096, 4096);
 char *edge = page+4096; 
 uint32_t p[30]; memset(p,0,sizeof p);
 int fd=SETUP(8,p); 
 for(int i=0;i<12;i++){ memset(p,0,sizeof p); p[2]=1u<<i; p[3]=i; p[4]=100+i; p[6]=fd; p[7]=i&1; SETUP(4,p); }
 memset(p,0,sizeof p); p[2]=0xc; p[1]=16; p[3]=1; p[4]=7; SETUP(4,p); SETUP(4,edge-60); SETUP(4,0);
 uint64_t mask=1ull<<(SIGUSR1-1);
 S(426,fd,0,0,0,0,0); S(426,fd,0,0,0x1f,&mask,8); S(426,fd,1,2,1,&mask,8); S(426,-1,1,2,1,&mask,4); S(426,fd,0,0,1,0,8);
 struct {uint64_t m; uint32_t sz,min; uint64_t ts;} ga={(uintptr_t)&mask,8,5,0}; uint64_t ts[2]={1,2}; ga.ts=(uintptr_t)ts; S(426,-1,0,0,9,&ga,24); S(426,-1,0,0,9,&ga,20); S(426,-1,0,0,9,edge-8,24); S(426,fd,0,0,16,0,0);
 static unsigned char buf[4096], zero[4096];
 for(int i=0;i<4096;i++) buf[i]= i%8<2? (i*7+3)&0x7f : 0;
 struct iovec iov[3]={{buf,10},{buf+10,20},{0,0}}; int fds[5]={0,1,-1,fd,-2};
 for(int op=0; op<24; op++){
  REG(-1,op,0,0); REG(-1,op,zero,1); REG(-1,op,zero,2); REG(-1,op,edge-20,2); REG(-1,op,edge-4,1); REG(-1,op,0,5);
 }
 REG(-1,0,iov,3); REG(-1,2,fds,5);
 /* valid structures */
 uint64_t u[32]; memset(u,0,sizeof u);
 struct {uint32_t off,resv; uint64_t fds;} fu={3,0,(uintptr_t)fds}; REG(-1,6,&fu,3); fu.resv=7; REG(-1,6,&fu,5); fu.fds=0; REG(-1,6,&fu,5); fu.fds=(uintptr_t)edge; REG(-1,6,&fu,5);
 struct {uint32_t nr,fl; uint64_t r2,data,tags;} rr={2,0,0,(uintptr_t)fds,0}; uint64_t tags[4]={1,2,3,4};
 for(int op=13;op<17;op++){ int update=op%2==0; rr.nr=2; rr.fl=0; rr.r2=0; rr.data=(uintptr_t)(op==15||op==16?(void*)iov:fds); rr.tags=0; if(!update){ REG(-1,op,&rr,32); rr.tags=(uintptr_t)tags; rr.fl=1; REG(-1,op,&rr,32); rr.r2=5; rr.fl=3; REG(-1,op,&rr,32); REG(-1,op,&rr,31); REG(-1,op,&rr,40); continue; }
  struct {uint32_t off,resv; uint64_t data,tags; uint32_t nr,r2;} ru={1,0,rr.data,(uintptr_t)tags,3,0}; REG(-1,op,&ru,32); ru.resv=1; ru.r2=2; ru.tags=0; REG(-1,op,&ru,32); ru.data=0; REG(-1,op,&ru,32); }
 { static unsigned char pr[16+256*8]; int r=open("/dev/null",O_RDONLY); memset(p,0,sizeof p); int f2=SETUP(4,p); REG(f2,8,pr,3); memset(pr,0,sizeof pr);  }
 { unsigned char rs[16*4]; memset(rs,0,sizeof rs); for(int i=0;i<4;i++){ *(uint16_t*)(rs+i*16)=i; rs[i*16+2]=i*3; } REG(-1,11,rs,4); for(int i=0;i<4;i++){ *(uint16_t*)(rs+i*16)=3; rs[i*16+2]=200; rs[i*16+3]=1; rs[i*16+8]=2; } REG(-1,11,rs,4); for(int i=0;i<3;i++){ *(uint16_t*)(rs+i*16)=2; rs[i*16+2]=0x41; rs[i*16+3]=0; rs[i*16+8]=0; } REG(-1,11,rs,3);}
 unsigned char cpus[16]={3,0,0,0,0,0,0,0,1}; REG(-1,17,cpus,8); REG(-1,17,cpus,16); REG(-1,17,cpus,4); REG(-1,17,cpus,3); 
 uint32_t wk[2]={3,4}; REG(-1,19,wk,2); REG(fd,19,wk,2); REG(fd,19,wk,2); wk[0]=1; REG(fd,19,wk,3);
 struct {uint32_t off,resv; uint64_t d;} rf[2]={{0,0,fd},{1,2,3}}; REG(-1,20,rf,2); REG(-1,21,rf,2); REG(fd,20,rf,1); REG(fd,21,rf,1);
 struct {uint64_t addr; uint32_t ents; uint16_t bgid,fl; uint64_t resv[3];} pb={(uintptr_t)page,8,1,0,{0}}; REG(-1,22,&pb,1);  REG(-1,23,&pb,1); 
 int e=S(290,0,0,0,0,0,0); REG(fd,4,&e,1); REG(fd,5,0,0); REG(fd,7,&e,1); REG(fd,9,0,0); REG(fd,10,1,0); REG(fd,10,5,0); REG(fd,12,0,0); REG(fd,0,iov,2); REG(fd,1,0,0); REG(fd,2,fds,2); REG(fd,3,0,0);
 return 0; }
