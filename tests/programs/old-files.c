/* The first stat(2), statfs64(2), readdir(2) and select(2) of i386. */
#define _GNU_SOURCE
#include <unistd.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/mman.h>
#define S(nr, a,b,c) syscall(nr,(long)(a),(long)(b),(long)(c))
int main(void){
 char *page = mmap(0, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
 munmap(page+4096, 4096);
 char *edge = page+4096; char path5[6000]; memset(path5,'p',5999); path5[5999]=0; char buf[4096]; memset(buf,0,4096);
 S(18,"/",buf,0); S(18,"/etc/passwd",buf,0); S(18,"/dev/null",buf,0); S(18,"/nonexistent",buf,0); S(18,"/",edge-8,0); S(84,"/",buf,0); S(28,0,buf,0); S(28,-1,buf,0);
 int fd=open("/etc",O_RDONLY|O_DIRECTORY); for(int i=0;i<3;i++) S(89,fd,buf,i); S(89,-1,buf,1); S(89,fd,edge-4,1);
 S(59,buf,0,0); S(109,buf,0,0); S(59,0,0,0); S(109,edge-5,0,0); S(122,buf,0,0);
 S(268,"/",84,buf); S(268,"/",88,buf); S(268,"/",64,buf); S(268,"/proc",84,buf); S(269,fd,84,buf); S(269,-1,84,buf); S(268,"/",84,edge-84); S(268,"/",84,edge-80); S(268,"/",84,0);
 S(99,"/",buf,0); S(100,fd,buf,0); S(62,0x15,buf,0); S(22,path5,0,0); S(22,"/nonexistent",0,0); S(86,"x",0,0); S(135,1,"x",0);
 unsigned sets[2]={5,0}; long tv[2]={0,0}; unsigned long select[5]={10,(long)sets,0,(long)sets,(long)tv};
 S(82,select,0,0); S(82,edge-8,0,0); S(82,0,0,0); select[0]=-1; S(82,select,0,0);
 return 0; }
