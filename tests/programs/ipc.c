// System V and POSIX IPC: every operation, with what is valid and what is not.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *info;
};

static void *const nowhere = (void *)0x10;

static void messages(void)
{
	struct {
		long type;
		char text[64];
	} message = {5, "a message"};
	struct msqid_ds state;
	int queue = msgget(IPC_PRIVATE, 0600 | IPC_CREAT | IPC_EXCL);
	msgget(0x1234567, 0);
	msgget(0x1234567, IPC_NOWAIT | 0x10000 | 0777);
	msgsnd(queue, &message, 9, 0);
	msgsnd(queue, &message, 60, IPC_NOWAIT);
	msgsnd(queue, &message, 0, IPC_NOWAIT);
	msgsnd(queue, nowhere, 9, 0);
	msgsnd(-1, NULL, 9, 0x10);
	msgrcv(queue, &message, 64, 0, 0);
	msgrcv(queue, &message, 4, -9, MSG_NOERROR);
	msgrcv(queue, &message, 64, 5, IPC_NOWAIT | MSG_EXCEPT);
	msgrcv(queue, nowhere, 64, 5, IPC_NOWAIT);
	msgctl(queue, IPC_STAT, &state);
	state.msg_qbytes = 1000;
	msgctl(queue, IPC_SET, &state);
	msgctl(queue, IPC_SET, nowhere);
	msgctl(queue, IPC_STAT, nowhere);
	msgctl(-1, IPC_INFO, (void *)&message);
	msgctl(-1, MSG_INFO, NULL);
	msgctl(queue, MSG_STAT, NULL);
	msgctl(queue, 77, NULL);
	msgctl(queue, IPC_RMID, NULL);
	msgctl(-1, IPC_RMID, nowhere);
}

static void semaphores(void)
{
	unsigned short values[3] = {1, 2, 3};
	struct semid_ds state;
	struct seminfo info;
	struct timespec soon = {0, 1000};
	struct sembuf operations[] = {{0, 1, 0}, {1, -1, IPC_NOWAIT | SEM_UNDO}, {2, -3, 0x4000}};
	int set = semget(IPC_PRIVATE, 3, 0640 | IPC_CREAT);
	semget(0x7654321, -1, IPC_EXCL);
	semctl(set, 0, SETALL, (union semun){.array = values});
	semctl(set, 0, GETALL, (union semun){.array = values});
	semctl(set, 1, SETVAL, (union semun){.val = 7});
	semctl(set, 1, GETVAL);
	semctl(set, 1, GETPID);
	semctl(set, 1, GETNCNT);
	semctl(set, 1, GETZCNT);
	semctl(set, 9, GETVAL);
	semctl(set, 0, IPC_STAT, (union semun){.buf = &state});
	semctl(set, 0, IPC_SET, (union semun){.buf = &state});
	semctl(set, 0, IPC_SET, (union semun){.buf = nowhere});
	semctl(set, 0, IPC_STAT, (union semun){.buf = nowhere});
	semctl(0, 0, IPC_INFO, (union semun){.info = nowhere});
	semctl(-1, 0, SEM_STAT, (union semun){.buf = &state});
	semctl(set, 0, 99, (union semun){.val = 1});
	semop(set, operations, 1);
	semop(set, operations, 3);
	semop(set, nowhere, 3);
	semop(-1, NULL, 0);
	semtimedop(set, operations, 2, &soon);
	semtimedop(set, operations + 1, 1, &soon);
	semtimedop(set, operations, 2, nowhere);
	semctl(set, 0, IPC_RMID);
}

static void memory(void)
{
	struct shmid_ds state;
	int segment = shmget(IPC_PRIVATE, 8192, 0600 | IPC_CREAT);
	shmget(0x1111111, 1 << 20, IPC_CREAT | SHM_HUGETLB | 21 << 26 | 0700);
	shmget(0x1111111, 0, SHM_NORESERVE | 0x20000);
	char *at = shmat(segment, NULL, 0);
	shmat(segment, at, SHM_RND | SHM_RDONLY);
	shmat(-1, nowhere, SHM_EXEC | SHM_REMAP | 0x100);
	shmctl(segment, IPC_STAT, &state);
	state.shm_perm.mode = 0644;
	shmctl(segment, IPC_SET, &state);
	shmctl(segment, IPC_SET, nowhere);
	shmctl(segment, SHM_LOCK, NULL);
	shmctl(segment, SHM_UNLOCK, NULL);
	shmctl(0, IPC_INFO, nowhere);
	shmctl(-1, SHM_STAT, &state);
	shmctl(segment, 55, NULL);
	shmctl(segment, IPC_RMID, NULL);
	shmdt(at);
	shmdt(at);
}

static void queues(void)
{
	char text[64];
	unsigned priority;
	struct timespec past = {1, 0};
	struct mq_attr attributes = {O_NONBLOCK, 4, 32, 0};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	mq_unlink("/trapline-test");
	mqd_t queue = mq_open("/trapline-test", O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &attributes);
	syscall(SYS_mq_open, "trapline-test", O_RDWR | O_CREAT, 0644, nowhere);
	syscall(SYS_mq_open, nowhere, O_RDONLY, 0644, nowhere);
	syscall(SYS_mq_open, "nonexistent", O_WRONLY, 0, 0);
	syscall(SYS_mq_open, "nonexistent", O_WRONLY | O_CREAT, 0600, 0);
	syscall(SYS_mq_unlink, "nonexistent");
	syscall(SYS_mq_unlink, nowhere);
	mq_send(queue, "hello", 5, 3);
	mq_timedsend(queue, "again", 5, 1, &past);
	mq_send(queue, nowhere, 5, 3);
	mq_send(queue, text, 64, 3);
	mq_getattr(queue, &attributes);
	attributes.mq_flags = 0;
	mq_setattr(queue, &attributes, &attributes);
	syscall(SYS_mq_getsetattr, queue, nowhere, NULL);
	mq_receive(queue, text, 64, &priority);
	mq_receive(queue, text, 64, NULL);
	mq_timedreceive(queue, text, 64, &priority, &past);
	mq_receive(queue, text, 4, &priority);
	mq_notify(queue, &event);
	mq_notify(queue, &event);
	mq_notify(queue, NULL);
	syscall(SYS_mq_notify, -1, nowhere);
	mq_close(queue);
	mq_unlink("/trapline-test");
}

int main(void)
{
	/* Where all ids begin anew, as root or without being root. */
	if (unshare(CLONE_NEWIPC))
		unshare(CLONE_NEWUSER | CLONE_NEWIPC);
	messages();
	semaphores();
	memory();
	queues();
}
