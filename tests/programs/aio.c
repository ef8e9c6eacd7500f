/* Asynchronous I/O: io_submit(2) of every operation, and what comes of it. */
#define _GNU_SOURCE
#include <unistd.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/mman.h>
#include <linux/aio_abi.h>
#define S(nr, a,b,c,d,e,f) syscall(nr,(long)(a),(long)(b),(long)(c),(long)(d),(long)(e),(long)(f))
static long under_way;
static long submitted(long count) { if (count > 0) under_way += count; return count; }
static long completed(long count) { if (count > 0) under_way -= count; return count; }
int main(void){
 char *page = mmap(0, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
 munmap(page+4096, 4096);
 char *edge = page+4096;
 unsigned long ctx=0; S(SYS_io_setup,0x7fffffff,&ctx,0,0,0,0); S(SYS_io_setup,1,0,0,0,0,0); S(SYS_io_setup,128,&ctx,0,0,0,0);
 unsigned long c2=ctx; 
 int fd=S(SYS_memfd_create,"aio",0,0,0,0,0); int efd=S(SYS_eventfd2,0,0,0,0,0,0);
 char data[100]; memset(data,'d',100); struct iovec iov[3]={{data,10},{data+10,20},{0,0}};
 struct iocb cb[40]; struct iocb *p[64]; int n=0; memset(cb,0,sizeof cb);
 for(int op=0; op<10; op++){ struct iocb*c=&cb[n]; c->aio_data=0x1000+op; c->aio_lio_opcode=op; c->aio_fildes=fd; c->aio_buf=(uintptr_t)(op==7||op==8?(void*)iov:data); c->aio_nbytes=op==7||op==8?2:20; c->aio_offset=op*10; c->aio_reqprio=op; p[n]=c; n++; }
 cb[5].aio_buf=POLLIN|POLLOUT; cb[5].aio_offset=0; cb[5].aio_nbytes=0; 
 for(int i=0;i<n;i++) submitted(S(SYS_io_submit,ctx,1,p+i,0,0,0));
 for(int i=0;i<n;i++) { cb[i].aio_flags=i%4; cb[i].aio_resfd=efd; cb[i].aio_rw_flags=1<<i%5; cb[i].aio_key=i&1; cb[i].aio_reserved2=0; submitted(S(SYS_io_submit,ctx,1,p+i,0,0,0));} 
 for(int i=0;i<n;i++) { cb[i].aio_data=0; cb[i].aio_flags=0xf0; cb[i].aio_rw_flags=0xfe00; cb[i].aio_fildes=-1; cb[i].aio_buf=i%2?0:(uintptr_t)edge; cb[i].aio_offset=-1; cb[i].aio_reqprio=0x4002; submitted(S(SYS_io_submit,ctx,1,p+i,0,0,0));} 
 for(int i=0;i<n;i++) { cb[i].aio_flags=0; cb[i].aio_rw_flags=0; cb[i].aio_reqprio=0; cb[i].aio_fildes=fd; cb[i].aio_buf=0; cb[i].aio_nbytes=0; cb[i].aio_offset=0; cb[i].aio_lio_opcode=i+(i>4?200:0); submitted(S(SYS_io_submit,ctx,1,p+i,0,0,0));} 
 submitted(S(SYS_io_submit,ctx,3,p,0,0,0)); p[0]=0; p[1]=(void*)edge; submitted(S(SYS_io_submit,ctx,3,p,0,0,0)); submitted(S(SYS_io_submit,ctx,0,p,0,0,0)); submitted(S(SYS_io_submit,ctx,-1,p,0,0,0)); submitted(S(SYS_io_submit,ctx,2,edge-8,0,0,0));submitted(S(SYS_io_submit,ctx,2,edge-4,0,0,0));
 for(int i=0;i<64;i++) p[i]=&cb[i%10]; S(SYS_io_submit,-1,64,p,0,0,0);
 struct io_event ev[80]; memset(ev,0,sizeof ev); struct timespec ts={0,1000000};
 completed(S(SYS_io_getevents,ctx,1,2,ev,0,0)); completed(S(SYS_io_getevents,ctx,0,64,ev,&ts,0)); completed(S(SYS_io_getevents,ctx,0,64,ev,&ts,0)); completed(S(SYS_io_getevents,ctx,5,1,ev,&ts,0)); S(SYS_io_getevents,-1,0,64,0,edge-4,0); 
 /* Some take their time; what follows finds none of them. */
 while(under_way>0 && completed(S(SYS_io_getevents,ctx,1,64,ev,0,0))>0);
 struct {uintptr_t m; unsigned long sz;} sig; uint64_t mask=1<<(SIGUSR1-1)|1<<(SIGCHLD-1); sig.m=(uintptr_t)&mask; sig.sz=8;
 S(SYS_io_pgetevents,ctx,0,2,ev,&ts,&sig); sig.sz=4; S(SYS_io_pgetevents,ctx,0,2,ev,&ts,&sig); sig.m=0; S(SYS_io_pgetevents,ctx,0,2,ev,&ts,&sig); S(SYS_io_pgetevents,ctx,0,2,ev,&ts,edge-4); S(SYS_io_pgetevents,ctx,0,2,ev,&ts,0);
#ifdef SYS_io_pgetevents_time64
 long long t64[2]={0,1000}; sig.m=(uintptr_t)&mask; sig.sz=8; S(SYS_io_pgetevents_time64,ctx,0,2,ev,t64,&sig);
#endif
 cb[0].aio_lio_opcode=1; cb[0].aio_buf=(uintptr_t)data; cb[0].aio_nbytes=30; S(SYS_io_cancel,ctx,cb,ev,0,0,0); S(SYS_io_cancel,-1,edge-8,0,0,0,0); S(SYS_io_cancel,ctx,0,ev,0,0,0);
 S(SYS_io_destroy,ctx,0,0,0,0,0); S(SYS_io_destroy,5,0,0,0,0,0);
 return 0; }
