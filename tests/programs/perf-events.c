/* Events of all kinds, and attributes of all sizes. */
#include "refuse.h"
#include <time.h>
#include <linux/perf_event.h>
static struct perf_event_attr A(int type,unsigned long long config){ struct perf_event_attr a; memset(&a,0,sizeof a); a.type=type;a.size=sizeof a;a.config=config; return a;}
#define O(a) syscall(SYS_perf_event_open,&a,0,-1,-1,0L)
int main(){ int nrs[]={SYS_perf_event_open}; refuse(nrs, 1); struct perf_event_attr a; 
 for(int t=0;t<9;t++) for(int c=0;c<14;c++){ a=A(t,c); O(a);} 
 for(int i=0;i<9;i++){ a=A(3,i|(i%4)<<8|(i%3)<<16); O(a);} a=A(3,0xfffffff); O(a); a=A(0,0x500000003ull);O(a);a=A(1,0x500000003ull);O(a); a=A(5,0x500000003ull);O(a);
 for(int i=0;i<38;i++){ a=A(0,1); ((unsigned long long*)&a)[5]=1ull<<i; O(a);} 
 for(int i=40;i<0;i++){ a=A(0,1); ((unsigned long long*)&a)[5]=1ull<<i; O(a);} 
 a=A(0,1); ((unsigned long long*)&a)[5]=(1ull<<38)-1; O(a);
 for(int i=0;i<18;i++){ a=A(0,1); a.sample_type=1ull<<i; a.sample_period=1000; a.read_format=1<<i; a.branch_sample_type=1ull<<i; a.sample_regs_user=1<<i; a.wakeup_events=i; O(a);} 
 a=A(0,1); a.freq=1; a.sample_freq=99; a.watermark=1; a.wakeup_watermark=7; a.precise_ip=3; a.sample_type=PERF_SAMPLE_BRANCH_STACK|PERF_SAMPLE_REGS_USER|PERF_SAMPLE_STACK_USER|PERF_SAMPLE_CALLCHAIN; a.branch_sample_type=3;a.sample_regs_user=0xff;a.sample_stack_user=4096;a.clockid=CLOCK_MONOTONIC;a.use_clockid=1;a.sample_regs_intr=5;a.aux_watermark=6;a.sample_max_stack=7;a.aux_sample_size=8;O(a);
 for(int i=0;i<7;i++){ a=A(5,0); a.bp_type=i; a.bp_addr=0x1234; a.bp_len=1<<i; O(a);} 
 for(int s=0;s<=128;s+=4){ a=A(0,1); a.config1=1;a.config2=2;a.branch_sample_type=3; a.clockid=1; a.aux_watermark=9; a.size=s; O(a);} 
 a=A(0,1); a.sig_data=5; O(a); a=A(6,0); a.config1=5;a.config2=6; O(a);
 char*pg=last_page(); a=A(0,1); memcpy(pg+4096-64,&a,64);((struct perf_event_attr*)(pg+4096-64))->size=64; syscall(SYS_perf_event_open,pg+4096-64,0,-1,-1,0L); syscall(SYS_perf_event_open,pg+4096-64,0,-1,-1,0L); ((struct perf_event_attr*)(pg+4096-64))->size=112; syscall(SYS_perf_event_open,pg+4096-64,5,3,7,15L); if(0)syscall(SYS_perf_event_open,pg+4090,5,3,7,16L);
 return 0;}
