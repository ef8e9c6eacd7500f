/* The machine, its modules and another kernel: calls that only privileged programs make. */
#include "refuse.h"
#include <asm/ldt.h>
struct kseg{void*buf;unsigned long bufsz;void*mem;unsigned long memsz;};
int main(){
 static int nrs[]={SYS_reboot,SYS_init_module,SYS_finit_module,SYS_delete_module,SYS_kexec_load,
#ifdef SYS_kexec_file_load
 SYS_kexec_file_load,
#endif
 SYS_syslog,SYS_iopl,SYS_ioperm,SYS_modify_ldt,SYS_lookup_dcookie,SYS__sysctl,SYS_personality,SYS_kcmp};
 refuse(nrs, sizeof nrs / sizeof *nrs);
 char*bad=(char*)0x1000; 
 unsigned cmds[]={0,0x01234567,0xcdef0123,0x89abcdef,0x4321fedc,0xa1b2c3d4,0xd000fce2,0x45584543,5};
 unsigned m2[]={672274793,85072278,369367448,537993216};
 for(int i=0;i<9;i++) syscall(SYS_reboot,0xfee1dead,m2[i%4],cmds[i],"hello");
 syscall(SYS_reboot,0xfee1dead,m2[0],0xa1b2c3d4,bad);
 syscall(SYS_reboot,0xfee1dead,m2[0],0xa1b2c3d4,0);
 syscall(SYS_init_module,"abc",3L,"param=1");
 syscall(SYS_init_module,bad,3L,bad);
 syscall(SYS_finit_module,1,"param=1",3);
 syscall(SYS_finit_module,1,bad,8);
 syscall(SYS_delete_module,"mod",O_NONBLOCK);
 syscall(SYS_delete_module,"mod",O_NONBLOCK|O_TRUNC|O_CREAT);
 syscall(SYS_delete_module,bad,O_RDWR);
 struct kseg s[20]; for(int i=0;i<20;i++) s[i]=(struct kseg){(void*)(0x1000L*i),i,(void*)(0x2000L*i),0x10000+i};
 unsigned long fl[]={0,1,2,0x1000,0x2000,3,1|(3<<16),(62<<16),(40<<16)|2,(999<<16)|1,(20<<16),(21<<16),(50<<16),(15<<16),(183<<16),(243<<16),(258<<16),(8<<16),(10<<16),(42<<16),(0xffff0000)};
 for(int i=0;i<21;i++) syscall(SYS_kexec_load,0x1234L,(long)(i%4),s,fl[i]);
 syscall(SYS_kexec_load,0x1234L,16L,s,0L);
 syscall(SYS_kexec_load,0x1234L,17L,s,0L);
 syscall(SYS_kexec_load,0x1234L,2L,bad,0L);
 syscall(SYS_kexec_load,0x1234L,0L,s,0L);
 char*pg=last_page(); struct kseg*e=(struct kseg*)(pg+4096)-1; *e=s[3];
 syscall(SYS_kexec_load,0x1234L,3L,e,0L);
#ifdef SYS_kexec_file_load
 for(long i=0;i<8;i++) syscall(SYS_kexec_file_load,1,i&1?-1:2,8L,"cmdline",i);
 syscall(SYS_kexec_file_load,1,2,100L,"cmdline_longer_than_32_bytes_so_that_it_is_cut_in_the_middle of it all and of the rest of it too",7L);
 syscall(SYS_kexec_file_load,1,2,3L,"cmdline",0x80L);
 syscall(SYS_kexec_file_load,1,2,8L,bad,64L);
 syscall(SYS_kexec_file_load,1,2,0L,"x",64L);
#endif
 char buf[100]="abc";
 for(int i=-1;i<12;i++) syscall(SYS_syslog,i,buf,i);
 for(int i=-1;i<3;i++) syscall(SYS_iopl,i), syscall(SYS_ioperm,(long)i*100,i*3L,i);
 struct user_desc u={.entry_number=3,.base_addr=0x1234,.limit=0xfffff,.seg_32bit=1,.contents=2,.limit_in_pages=1,.useable=1};
 for(int i=0;i<3;i++) { syscall(SYS_modify_ldt,i,&u,(long)sizeof u);syscall(SYS_modify_ldt,i,&u,4L);}
 syscall(SYS_modify_ldt,0x11,&u,(long)sizeof u);
 u.entry_number=-1; u.limit=5;u.limit_in_pages=0;
 syscall(SYS_modify_ldt,0x11,&u,(long)sizeof u);
 syscall(SYS_modify_ldt,0x11,&u,(long)sizeof u+1);
 syscall(SYS_modify_ldt,0x11,bad,(long)sizeof u);
 struct {int*name;int nlen;void*oldval;size_t*oldlenp;void*newval;size_t newlen;unsigned long u[4];} a={0};
 int nm[5]={1,2,3,4,5}; a.name=nm;a.nlen=2; syscall(SYS__sysctl,&a);
 size_t ol=8; char ov[8]="old";
 a.oldval=a.newval=0; a.oldlenp=0; syscall(SYS__sysctl,&a); a.nlen=-1; syscall(SYS__sysctl,&a); a.nlen=20; syscall(SYS__sysctl,&a); a.name=(int*)bad; syscall(SYS__sysctl,&a);
 syscall(SYS__sysctl,bad);
 for(int i=-2;i<12;i++) syscall(SYS_syslog,8,buf,i);
 for(int i=0;i<256;i++) syscall(SYS_personality,i);
 for(int i=8;i<32;i++) syscall(SYS_personality,1<<i);
 for(int i=0;i<10;i++) syscall(SYS_kcmp,1,1,i,3L,4L);
 struct {unsigned efd,tfd,toff;} es={5,6,7}; syscall(SYS_kcmp,1,1,7,3L,&es); syscall(SYS_kcmp,1,1,7,-1L,0L);
 return 0;}
