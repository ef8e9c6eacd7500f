/* Mounting by descriptors: fsopen(2), fsconfig(2), mount_setattr(2) and their like, with what cannot be. */
#include <unistd.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/mman.h>
#define S(nr, a,b,c,d,e) syscall(nr,(long)(a),(long)(b),(long)(c),(long)(d),(long)(e))
int main(void){
 char *page = mmap(0, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
 munmap(page+4096, 4096);
 char *edge = page+4096;
 char longs[400]; memset(longs,'k',399); longs[399]=0;
 char path5[6000]; memset(path5,'p',5999); path5[5999]=0;
 strcpy(edge-5,"tmp"); memcpy(edge-1,"x",1);
 S(SYS_fsopen,"tmpfs",1,0,0,0); S(SYS_fsopen,longs,2,0,0,0); S(SYS_fsopen,edge-1,3,0,0,0); S(SYS_fsopen,path5,3,0,0,0);
 for(int cmd=0; cmd<8; cmd++){ 
  S(SYS_fsconfig,-1,cmd,"key","value",0);
  S(SYS_fsconfig,-1,cmd,longs,longs,5);
  S(SYS_fsconfig,-1,cmd,0,0,-100);
  S(SYS_fsconfig,-1,cmd,edge-1,edge-1,-1);
  S(SYS_fsconfig,-1,cmd,path5,path5,100);
  S(SYS_fsconfig,-1,cmd,"","",1048576);
  S(SYS_fsconfig,-1,cmd,edge-1,edge-1,1048577);
 }
 S(SYS_fsmount,-1,1,0xf,0,0); S(SYS_fsmount,-1,8,0x10,0,0); S(SYS_fsmount,-1,4,0x20|0x80,0,0); S(SYS_fsmount,-1,0,0x30,0,0);
 S(SYS_fspick,-100,"/nonexistent",1,0,0); S(SYS_fspick,-100,"/nonexistent",0x1f,0,0);S(SYS_fspick,-100,path5,0x20,0,0);
 S(SYS_move_mount,-100,"/nonexistent",-100,"/x",0x44); S(SYS_move_mount,-100,path5,3,edge-1,0x1000);
 S(SYS_open_tree,-100,"/nonexistent",0x80001,0,0); S(SYS_open_tree,-100,"/nonexistent",0x9000,0,0); S(SYS_open_tree,-100,"/nonexistent",8,0,0);
 uint64_t *a=(void*)(edge-40); 
 uint64_t vals[][5]={{1,0,0,0,0},{1,2,1<<17,5,0},{0x30,0x10,1<<18|1<<20,~0ull,0},{0x100000,0x400000000ull,1<<19,0x100000001ull,7},{0x10,0x20,0x5,3,0xff}};
 for(int i=0;i<5;i++){ memcpy(a,vals[i],40);
  for(int sz=0; sz<=56; sz+=8){ S(442,-100,"/nonexistent",0x9000,a,sz);} 
  S(442,-100,"/nonexistent",0x9000,edge-32,32); S(442,-100,"/nonexistent",0x9000,edge-24,32); S(442,-100,"/nonexistent",0x9000,edge-32,40);S(442,-100,"/nonexistent",0x9000,edge-32,8192); S(442,-100,"/nonexistent",0x9000,a,4097);
  S(442,-100,"/nonexistent",0x9000,0,4097);
 }
 S(165,"none","/nonexistent","tmpfs",0xC0ED0000u,"data"); 
 return 0; }
