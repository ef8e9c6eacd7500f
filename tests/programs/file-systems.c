/* Handles of files, fanotify(7), mount(2), swapon(2) and calls that few programs make. */
#define _GNU_SOURCE
#include <unistd.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/mman.h>
#include <sys/quota.h>
#include <sys/sysmacros.h>
#include <sys/stat.h>
#define S(nr, a,b,c,d,e) syscall(nr,(long)(a),(long)(b),(long)(c),(long)(d),(long)(e))
int main(void){
 char *page = mmap(0, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
 munmap(page+4096, 4096);
 char *edge = page+4096; char path5[6000]; memset(path5,'p',5999); path5[5999]=0;
 char buf[4096]; memset(buf,0,sizeof buf);
 /* mount */
 unsigned long fl[]={0xC0ED0000,0xC0ED0001,0xC0ED0000|MAP_SHARED<<20,0xC0ED0000|1|(1<<26),4096,32|4096,32,8192,1<<18,1<<19|16384,1<<20,1<<17,0x200,1ul<<31,0xC0EC0000,0x3000};
 for(int i=0;i<16;i++) S(SYS_mount,"src","/nonexistent","tmpfs",fl[i],"data");
 S(SYS_mount,"src","/nonexistent",0,4096,0); S(SYS_mount,edge-1,path5,path5,0,path5); S(SYS_umount2,path5,0x1f,0,0,0);
 /* handles */
 struct { unsigned bytes; int type; unsigned char h[128]; } fh; int mid=0; uint64_t mid64;
 for(int n=0;n<=128;n+= n<8?4:20){ memset(&fh,0xaa,sizeof fh); fh.bytes=n; S(SYS_name_to_handle_at,-100,"/",&fh,&mid,0);  S(SYS_open_by_handle_at,-100,&fh,O_RDONLY,0,0); }
 fh.bytes=129; S(SYS_name_to_handle_at,-100,"/",&fh,&mid,0);  S(SYS_open_by_handle_at,-1,&fh,O_RDWR|O_CREAT,0,0);
 fh.bytes=64; S(SYS_name_to_handle_at,-100,"/proc/self",&fh,0,0x400); S(SYS_name_to_handle_at,-100,"/",0,&mid,0x1400); S(SYS_name_to_handle_at,-100,"/",edge-4,&mid,0x1008);
 fh.bytes=64; S(SYS_name_to_handle_at,-100,"/etc",&fh,&mid,0); S(SYS_open_by_handle_at,-1,&fh,O_RDONLY,0,0); S(SYS_open_by_handle_at,-100,edge-4,O_RDONLY,0,0); S(SYS_open_by_handle_at,-100,0,O_RDONLY,0,0);
 *(unsigned*)(edge-12)=8; *(unsigned*)(edge-8)=1;  S(SYS_name_to_handle_at,-100,"/",edge-12,&mid,0);
 /* swap */
 unsigned sf[]={0,1,32767,0x8000,0x8001,0xffff,0x10000,0x18005,0x70000,0x80000,0x80003,0xffffffff,0x20000};
 for(int i=0;i<13;i++) S(SYS_swapon,"/nonexistent",sf[i],0,0,0);
 S(SYS_swapoff,path5,0,0,0,0);
 /* ustat, uselib, sysfs*/
 struct stat st; stat("/proc",&st);
 S(SYS_ustat,st.st_dev,buf,0,0,0); stat("/",&st); S(SYS_ustat,st.st_dev,buf,0,0,0); S(SYS_ustat,st.st_dev,0,0,0,0); stat("/dev",&st); S(SYS_ustat,st.st_dev,buf,0,0,0);S(SYS_ustat,makedev(300,70000),edge-8,0,0,0);
 S(SYS_uselib,"/nonexistent",0,0,0,0);S(SYS_uselib,path5,0,0,0,0);
 S(SYS_sysfs,1,"tmpfs",0,0,0); S(SYS_sysfs,2,0,buf,0,0); S(SYS_sysfs,2,1,edge-1,0,0); S(SYS_sysfs,3,0,0,0,0); S(SYS_sysfs,4,5,6,0,0); S(SYS_sysfs,2,100000,buf,0,0);
 S(SYS_lookup_dcookie,5ull,buf,20,0,0); S(SYS_lookup_dcookie,0xffffffffffull,0,20,0,0);
 S(SYS_remap_file_pages,page,4096,0,0,0); S(SYS_remap_file_pages,page,4096,1,3,MAP_NONBLOCK); S(SYS_remap_file_pages,page,4096,1,3,MAP_SHARED|(21<<26));
 S(SYS_uname,buf,0,0,0,0); S(SYS_uname,edge-8,0,0,0,0);
 /* fanotify */
 int f=S(SYS_fanotify_init,0,O_RDONLY,0,0,0); unsigned fi[]={0,1,2,3,4,8,0xc,0x10,0x20,0x40,0x80,0x100,0x200,0x400,0x800,0x1000,0x5c0,0xc00,0x1000,0x2};
 for(int i=0;i<20;i++) S(SYS_fanotify_init,fi[i],i*17,0,0,0);
#ifdef __x86_64__
#define MARK(f,fl,m,d,p) S(SYS_fanotify_mark,f,fl,m,d,p)
#else
#define MARK(f,fl,m,d,p) syscall(SYS_fanotify_mark,f,fl,(long)(uint64_t)(m),(long)((uint64_t)(m)>>32),d,p)
#endif
 uint64_t mm[]={0,1,0x3b,0x18,0xc0,0x40000000,0x8000000,0x10000,0x100000000ull,0x8000000000000001ull,0x1000,0x8000};
 for(int i=0;i<12;i++){ MARK(f,1<<i%11,mm[i],i%2?-100:i%3?-1:7,"/nonexistent"); MARK(f,i|0x100*(i&1),mm[i],-100,i%5?path5:0);}
 MARK(f,0x300,1,-100,"/nonexistent");MARK(f,0x101,1,-1,"/nonexistent");
 return 0; }
