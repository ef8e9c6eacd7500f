/* Every operation of keyctl(2), refused: keys themselves have random numbers. */
#include "refuse.h"
#include <linux/keyctl.h>
#include <sys/uio.h>
int main(int c,char**v){ int nrs[]={SYS_keyctl,SYS_add_key,SYS_request_key};
 static char type[]="user",desc[]="the description",pay[]="payload\0\1\2",callout[]="callout info";
 int ser[]={0,1,-1,-2,-3,-4,-5,-6,-7,-8,-9,12345678,-100};
 static char buf[200]="some content here";
 struct iovec iov[2]={{pay,5},{desc,4}};
 struct keyctl_kdf_params kdf={"sha256","other",5}; struct keyctl_dh_params dh={-1,2,3};
 struct keyctl_pkey_params pk={-3,10,20,{1,2,3}};

 refuse(nrs, 3);
 for(int i=0;i<13;i++) syscall(SYS_add_key,type,desc,pay,10L,ser[i]), syscall(SYS_request_key,type,desc,i&1?callout:0,ser[i]);
 syscall(SYS_add_key,0L,0L,0L,0L,0); syscall(SYS_add_key,1L,1L,1L,100L,0); syscall(SYS_add_key,type,"a_very_long_description_string_that_goes_on_and_on",pay,-1L,0);syscall(SYS_add_key,type,"a_very_long_description_string_that_goes_on_and_on",buf,150L,0);
 for(long op=0;op<36;op++){ 
  for(int i=0;i<13;i++) syscall(SYS_keyctl,op,ser[i],ser[(i+1)%13],(long)ser[(i+2)%13],(long)i);
  for(int i=0;i<3;i++) syscall(SYS_keyctl,op,type,desc,buf,12L), syscall(SYS_keyctl,op,3,desc,buf,i?12L:-2L), syscall(SYS_keyctl,op,3,buf,12L,desc), syscall(SYS_keyctl,op,iov,iov,2L,-2L), syscall(SYS_keyctl,op,77,iov,2L,-2L);
  syscall(SYS_keyctl,op,0xfacefeed00000001L,0xfacefeed00000002L,0xfacefeed00000003L,0xfacefeed00000004L); syscall(SYS_keyctl,op,-1L,-1L,-1L,-1L); syscall(SYS_keyctl,op,0L,0L,0L,0L);
  syscall(SYS_keyctl,op,&dh,buf,10L,&kdf);syscall(SYS_keyctl,op,&dh,buf,10L,0L);syscall(SYS_keyctl,op,&dh,0L,0L,&kdf); syscall(SYS_keyctl,op,&pk,"enc=pkcs1",buf,pay);syscall(SYS_keyctl,op,5,0,"info",buf);
 }
 unsigned perms[]={0,0x3f3f0000,0x3f010000,0x12345678,-1,0x01010101,0x3f,0x80}; for(int i=0;i<8;i++) syscall(SYS_keyctl,5,1,perms[i]);
 for(int i=-3;i<10;i++) syscall(SYS_keyctl,14,i); for(int i=-3;i<140;i+=7) syscall(SYS_keyctl,19,1,2,i,3);
 for(int i=0;i<6;i++) syscall(SYS_keyctl,30,1,2,3,i);
 return 0; }
