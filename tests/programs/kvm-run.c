/* A virtual CPU that writes to a port twice and halts. Ends with 77 where there are none to be had. */
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

int main(void)
{
	static const unsigned char code[] = {0xb0, 'x', 0xe6, 0x10, 0xe6, 0x11, 0xf4}; /* mov $'x', %al; out %al, $0x10; … */
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = ioctl(kvm, KVM_CREATE_VM, 0);
	int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region region = {0, 0, 0x1000, 4096, (unsigned long)memory};
	struct kvm_sregs sregs;
	struct kvm_regs regs = {.rip = 0x1000, .rflags = 2};

	if (vcpu < 0 || size < 0 || memory == MAP_FAILED || ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		return 77;
	memcpy(memory, code, sizeof code);
	if (ioctl(vcpu, KVM_GET_SREGS, &sregs))
		return 77;
	sregs.cs.base = sregs.cs.selector = 0;
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs) || ioctl(vcpu, KVM_SET_REGS, &regs))
		return 77;
	/* Before its memory is mapped, nothing says why it stopped. */
	ioctl(vcpu, KVM_RUN, 0);
	if (mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0) == MAP_FAILED)
		return 77;
	ioctl(vcpu, KVM_RUN, 0);
	ioctl(vcpu, KVM_RUN, 0);
	ioctl(kvm, KVM_RUN, 0);
	ioctl(-1, KVM_RUN, 0);
	return 0;
}
