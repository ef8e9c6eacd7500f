/* Threads that wait for the locks of the C library. */
#include "situation.h"
#include <semaphore.h>
#include <threads.h>

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER,
                       third = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t ready;
static volatile int tids[16];

struct order {
    int index;
    pthread_mutex_t *holds, *wants;
};

static void *take_both(void *argument) {
    struct order *order = argument;
    tids[order->index] = self();
    pthread_mutex_lock(order->holds);
    pthread_barrier_wait(&ready);
    pthread_mutex_lock(order->wants);
    return NULL;
}

static void crossed_mutexes(void) {
    struct order one = {0, &first, &second}, other = {1, &second, &first};
    pthread_barrier_init(&ready, NULL, 3);
    pthread_t thread = start(take_both, &one);
    start(take_both, &other);
    pthread_barrier_wait(&ready);
    expect("{\"ask\":[%d],\"verdict\":\"deadlock\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"mutex\",\"object\":\"%p\",\"enders\":[%d]},"
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"mutex\",\"object\":\"%p\",\"enders\":[%d]},"
           "{\"tid\":%d,\"nature\":\"behind\",\"kind\":\"join\",\"enders\":[%d]}]}",
           getpid(), tids[0], &second, tids[1], tids[1], &first, tids[0], getpid(), tids[0]);
    pthread_join(thread, NULL);
}

static void three_mutexes(void) {
    struct order one = {0, &first, &second}, two = {1, &second, &third}, three = {2, &third, &first};
    pthread_barrier_init(&ready, NULL, 4);
    start(take_both, &one);
    start(take_both, &two);
    start(take_both, &three);
    pthread_barrier_wait(&ready);
    expect("{\"ask\":[%d],\"verdict\":\"deadlock\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"mutex\",\"object\":\"%p\",\"enders\":[%d]},"
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"mutex\",\"object\":\"%p\",\"enders\":[%d]},"
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"mutex\",\"object\":\"%p\",\"enders\":[%d]},"
           "{\"tid\":%d,\"nature\":\"idle\",\"kind\":\"signal\"}]}",
           getpid(), tids[0], &second, tids[1], tids[1], &third, tids[2], tids[2], &first, tids[0], getpid());
}

/* One mutex, held by a thread that waits for a signal. */
static void *wait_for(void *mutex) {
    tids[0] = self();
    pthread_barrier_wait(&ready);
    pthread_mutex_lock(mutex);
    return NULL;
}

static void held(pthread_mutex_t *mutex, const char *kind) {
    pthread_barrier_init(&ready, NULL, 2);
    pthread_mutex_lock(mutex);
    start(wait_for, mutex);
    pthread_barrier_wait(&ready);
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"mutex\",\"object\":\"%p\",\"what\":\"%s\",\"enders\":[%d]}]}",
           getpid(), tids[0], mutex, kind, getpid());
}

static void mutex_of(int type, int protocol, int robust, const char *kind) {
    static pthread_mutex_t mutex;
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, type);
    pthread_mutexattr_setprotocol(&attributes, protocol);
    pthread_mutexattr_setrobust(&attributes, robust);
    pthread_mutex_init(&mutex, &attributes);
    held(&mutex, kind);
}

static void default_mutex(void) { mutex_of(PTHREAD_MUTEX_DEFAULT, 0, 0, "the mutex "); }
static void recursive_mutex(void) { mutex_of(PTHREAD_MUTEX_RECURSIVE, 0, 0, "the recursive mutex "); }
static void checking_mutex(void) { mutex_of(PTHREAD_MUTEX_ERRORCHECK, 0, 0, "the error-checking mutex "); }
static void adaptive_mutex(void) { mutex_of(PTHREAD_MUTEX_ADAPTIVE_NP, 0, 0, "the adaptive mutex "); }
static void inheriting_mutex(void) { mutex_of(0, PTHREAD_PRIO_INHERIT, 0, "the priority-inheriting mutex "); }
static void robust_mutex(void) { mutex_of(0, 0, PTHREAD_MUTEX_ROBUST, "the robust mutex "); }
static void robust_inheriting_mutex(void) {
    mutex_of(0, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_ROBUST, "the robust priority-inheriting mutex ");
}

static void *wait_until(void *mutex) {
    struct timespec then;
    clock_gettime(CLOCK_REALTIME, &then);
    then.tv_sec += 1000;
    tids[0] = self();
    pthread_barrier_wait(&ready);
    pthread_mutex_timedlock(mutex, &then);
    return NULL;
}

static void timed_mutex(void) {
    pthread_barrier_init(&ready, NULL, 2);
    pthread_mutex_lock(&first);
    start(wait_until, &first);
    pthread_barrier_wait(&ready);
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"mutex\",\"object\":\"%p\",\"enders\":[%d],\"timed\":true}]}",
           getpid(), tids[0], &first, getpid());
}

static mtx_t c11;
static int wait_for_c11(void *unused) {
    tids[0] = self();
    pthread_barrier_wait(&ready);
    mtx_lock(&c11);
    return 0;
}

static void c11_mutex(void) {
    thrd_t thread;
    pthread_barrier_init(&ready, NULL, 2);
    mtx_init(&c11, mtx_plain);
    mtx_lock(&c11);
    thrd_create(&thread, wait_for_c11, NULL);
    pthread_barrier_wait(&ready);
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"mutex\",\"object\":\"%p\",\"enders\":[%d]},"
           "{\"tid\":%d,\"kind\":\"signal\",\"nature\":\"idle\"}]}",
           getpid(), tids[0], &c11, getpid(), getpid());
}

static void locked_twice(void) {
    pthread_mutex_lock(&first);
    expect("{\"ask\":[%d],\"verdict\":\"deadlock\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"mutex\",\"object\":\"%p\",\"enders\":[%d]}]}",
           getpid(), getpid(), &first, getpid());
    pthread_mutex_lock(&first);
}

static void *lock_and_end(void *mutex) {
    tids[0] = self();
    pthread_mutex_lock(mutex);
    return NULL;
}

static void owner_ended(void) {
    pthread_join(start(lock_and_end, &first), NULL);
    expect("{\"ask\":[%d],\"verdict\":\"orphaned\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"orphaned\",\"kind\":\"mutex\",\"object\":\"%p\",\"enders\":[%d]}]}",
           getpid(), getpid(), &first, tids[0]);
    pthread_mutex_lock(&first);
}

/* A child has a copy of the mutex that a thread of its parent holds. */
static void *hold(void *mutex) {
    tids[1] = self();
    pthread_mutex_lock(mutex);
    pthread_barrier_wait(&ready);
    stay();
    return NULL;
}

static void locked_before_fork(void) {
    pthread_barrier_init(&ready, NULL, 2);
    start(hold, &first);
    pthread_barrier_wait(&ready);
    pid_t pid = child();
    if (pid == 0) {
        pthread_mutex_lock(&first);
        _exit(0);
    }
    expect("{\"ask\":[%d],\"verdict\":\"orphaned\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"orphaned\",\"kind\":\"mutex\",\"object\":\"%p\",\"enders\":[%d],"
           "\"says\":\"before this process was forked\"}]}",
           pid, pid, &first, tids[1]);
}

/* Two processes take two mutexes in shared memory, each first the other's second. */
static void inversion_between_processes(void) {
    struct {
        pthread_mutex_t one, other;
        pthread_barrier_t ready;
    } *all = shared(sizeof *all);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&all->one, &attributes);
    pthread_mutex_init(&all->other, &attributes);
    pthread_barrierattr_t barrier;
    pthread_barrierattr_init(&barrier);
    pthread_barrierattr_setpshared(&barrier, PTHREAD_PROCESS_SHARED);
    pthread_barrier_init(&all->ready, &barrier, 2);
    pid_t pid = child();
    if (pid == 0) {
        pthread_mutex_lock(&all->one);
        pthread_barrier_wait(&all->ready);
        pthread_mutex_lock(&all->other);
        _exit(0);
    }
    pthread_mutex_lock(&all->other);
    pthread_barrier_wait(&all->ready);
    expect("{\"ask\":[%d],\"verdict\":\"deadlock\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"mutex\",\"enders\":[%d]},"
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"mutex\",\"enders\":[%d]}]}",
           getpid(), getpid(), pid, pid, getpid());
    pthread_mutex_lock(&all->one);
}

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

static void *read_under(void *unused) {
    tids[0] = self();
    pthread_barrier_wait(&ready);
    pthread_rwlock_rdlock(&rwlock);
    return NULL;
}

static void *write_under(void *unused) {
    tids[0] = self();
    pthread_barrier_wait(&ready);
    pthread_rwlock_wrlock(&rwlock);
    return NULL;
}

static void rwlock_of(void *(*waiter)(void *), int writes, const char *kind) {
    pthread_barrier_init(&ready, NULL, 2);
    writes ? pthread_rwlock_wrlock(&rwlock) : pthread_rwlock_rdlock(&rwlock);
    start(waiter, NULL);
    pthread_barrier_wait(&ready);
    expect("{\"ask\":[%d],\"verdict\":\"%s\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"%s\",\"kind\":\"%s\",\"object\":\"%p\",\"enders\":[%d]}]}",
           getpid(), writes ? "blocked" : "waiting", tids[0], writes ? "blocked" : "waiting", kind, &rwlock, getpid());
}

static void writer_in_reader_waits(void) { rwlock_of(read_under, 1, "read-lock"); }
static void writer_in_writer_waits(void) { rwlock_of(write_under, 1, "write-lock"); }
static void reader_in_writer_waits(void) { rwlock_of(write_under, 0, "write-lock"); }

static void *post(void *semaphore) {
    tids[0] = self();
    pthread_barrier_wait(&ready);
    sem_wait(semaphore);
    return NULL;
}

static void semaphore(void) {
    static sem_t zero;
    pthread_barrier_init(&ready, NULL, 2);
    start(post, &zero);
    pthread_barrier_wait(&ready);
    expect("{\"ask\":[%d],\"verdict\":\"waiting\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"waiting\",\"kind\":\"semaphore\",\"object\":\"%p\",\"enders\":[%d]}]}",
           getpid(), tids[0], &zero, getpid());
}

static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;

static void *work(void *index) {
    tids[(intptr_t)index] = self();
    pthread_mutex_lock(&first);
    pthread_barrier_wait(&ready);
    for (;;)
        pthread_cond_wait(&condition, &first);
    return NULL;
}

static void *arrive(void *index) {
    tids[(intptr_t)index] = self();
    pthread_barrier_wait(&ready);
    pthread_mutex_lock(&first);
    for (;;)
        pthread_cond_wait(&condition, &first);
    return NULL;
}

static void idle_workers(void) {
    pthread_barrier_init(&ready, NULL, 4);
    for (intptr_t i = 0; i < 3; i++)
        start(arrive, (void *)i);
    pthread_barrier_wait(&ready);
    expect("{\"ask\":[%d],\"verdict\":\"idle\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"idle\",\"kind\":\"condition\",\"object\":\"%p\"},"
           "{\"tid\":%d,\"nature\":\"idle\",\"kind\":\"condition\",\"object\":\"%p\"},"
           "{\"tid\":%d,\"nature\":\"idle\",\"kind\":\"condition\",\"object\":\"%p\"}]}",
           getpid(), tids[0], &condition, tids[1], &condition, tids[2], &condition);
}

static void nobody_left_to_signal(void) {
    pthread_barrier_init(&ready, NULL, 2);
    pthread_t thread = start(arrive, (void *)0);
    pthread_barrier_wait(&ready);
    expect("{\"ask\":[%d],\"verdict\":\"deadlock\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"condition\",\"object\":\"%p\",\"enders\":[%d]},"
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"join\",\"enders\":[%d]}]}",
           getpid(), tids[0], &condition, getpid(), getpid(), tids[0]);
    pthread_join(thread, NULL);
}

static void signalled_by_nobody(void) {
    expect("{\"ask\":[%d],\"verdict\":\"orphaned\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"orphaned\",\"kind\":\"condition\",\"object\":\"%p\",\"enders\":[]}]}",
           getpid(), getpid(), &condition);
    pthread_mutex_lock(&first);
    pthread_cond_wait(&condition, &first);
}

static void *meet(void *barrier) {
    tids[0] = self();
    pthread_barrier_wait(&ready);
    pthread_barrier_wait(barrier);
    return NULL;
}

static void barrier(void) {
    static pthread_barrier_t two;
    pthread_barrier_init(&ready, NULL, 2);
    pthread_barrier_init(&two, NULL, 2);
    start(meet, &two);
    pthread_barrier_wait(&ready);
    expect("{\"ask\":[%d],\"verdict\":\"waiting\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"waiting\",\"kind\":\"barrier\",\"object\":\"%p\",\"enders\":[%d]}]}",
           getpid(), tids[0], &two, getpid());
}

static pthread_t main_thread;

static void *join_main(void *unused) {
    tids[0] = self();
    pthread_barrier_wait(&ready);
    pthread_join(main_thread, NULL);
    return NULL;
}

static void *join_other(void *other) {
    tids[1] = self();
    pthread_barrier_wait(&ready);
    pthread_join(*(pthread_t *)other, NULL);
    return NULL;
}

/* pthread_join(3) itself finds two threads that join each other; not three. */
static void join_cycle(void) {
    static pthread_t one, other;
    main_thread = pthread_self();
    pthread_barrier_init(&ready, NULL, 3);
    one = start(join_main, NULL);
    other = start(join_other, &one);
    pthread_barrier_wait(&ready);
    expect("{\"ask\":[%d],\"verdict\":\"deadlock\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"join\",\"enders\":[%d]},"
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"join\",\"enders\":[%d]},"
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"join\",\"enders\":[%d]}]}",
           getpid(), tids[0], getpid(), tids[1], tids[0], getpid(), tids[1]);
    pthread_join(other, NULL);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void initialise(void) {
    tids[1] = self();
    pthread_barrier_wait(&ready);
    stay();
}

static void *run_once(void *unused) {
    pthread_once(&once, initialise);
    return NULL;
}

static void *run_once_later(void *unused) {
    tids[0] = self();
    pthread_barrier_wait(&ready);
    pthread_once(&once, initialise);
    return NULL;
}

static void initialisation(void) {
    pthread_barrier_init(&ready, NULL, 3);
    start(run_once, NULL);
    start(run_once_later, NULL);
    pthread_barrier_wait(&ready);
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"threads\":["
           "{\"tid\":%d,\"kind\":\"once\",\"object\":\"%p\",\"some\":[%d]}]}",
           getpid(), tids[0], &once, tids[1]);
}

static void *write_a_line(void *unused) {
    tids[0] = self();
    pthread_barrier_wait(&ready);
    fprintf(stderr, "never seen\n");
    return NULL;
}

static void stream(void) {
    pthread_barrier_init(&ready, NULL, 2);
    flockfile(stderr);
    start(write_a_line, NULL);
    pthread_barrier_wait(&ready);
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"stream\",\"enders\":[%d]}]}",
           getpid(), tids[0], getpid());
}

/* A pool whose workers all wait for one of them. */
static void *queue_up(void *index) {
    tids[(intptr_t)index] = self();
    pthread_barrier_wait(&ready);
    pthread_mutex_lock(&first);
    return NULL;
}

static void pool_behind_one(void) {
    pthread_barrier_init(&ready, NULL, 5);
    pthread_mutex_lock(&first);
    for (intptr_t i = 0; i < 4; i++)
        start(queue_up, (void *)i);
    pthread_barrier_wait(&ready);
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"roots\":[%d],\"threads\":["
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"mutex\",\"enders\":[%d]},"
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"mutex\",\"enders\":[%d]},"
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"mutex\",\"enders\":[%d]},"
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"mutex\",\"enders\":[%d]}]}",
           getpid(), getpid(), tids[0], getpid(), tids[1], getpid(), tids[2], getpid(), tids[3], getpid());
}

static void *spin_on(void *lock) {
    tids[0] = self();
    pthread_barrier_wait(&ready);
    pthread_spin_lock(lock);
    return NULL;
}

static void spin_lock(void) {
    static pthread_spinlock_t lock;
    pthread_barrier_init(&ready, NULL, 2);
    pthread_spin_init(&lock, 0);
    pthread_spin_lock(&lock);
    start(spin_on, &lock);
    pthread_barrier_wait(&ready);
    expect("{\"ask\":[%d],\"threads\":[{\"tid\":%d,\"natures\":[\"spinning\",\"ticking\",\"running\"]}]}", getpid(),
           tids[0]);
}

static void *try_again(void *mutex) {
    tids[0] = self();
    pthread_barrier_wait(&ready);
    for (;;) {
        struct timespec then;
        clock_gettime(CLOCK_REALTIME, &then);
        then.tv_nsec += 5000000;
        then.tv_sec += then.tv_nsec / 1000000000;
        then.tv_nsec %= 1000000000;
        pthread_mutex_timedlock(mutex, &then);
    }
    return NULL;
}

static void retry_loop(void) {
    pthread_barrier_init(&ready, NULL, 2);
    pthread_mutex_lock(&first);
    start(try_again, &first);
    pthread_barrier_wait(&ready);
    expect("{\"ask\":[%d],\"verdict\":\"ticking\",\"threads\":[{\"tid\":%d,\"nature\":\"ticking\"}]}", getpid(), tids[0]);
}

/* Neither mutex nor anything else that we know: a word of the program's own. */
static void *own_word(void *word) {
    tids[0] = self();
    pthread_barrier_wait(&ready);
    syscall(SYS_futex, word, 128, 7, NULL, NULL, 0);
    return NULL;
}

static void own_futex(void) {
    static int words[8] = {[4] = 7};
    pthread_barrier_init(&ready, NULL, 2);
    start(own_word, &words[4]);
    pthread_barrier_wait(&ready);
    expect("{\"ask\":[%d],\"verdict\":\"waiting\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"waiting\",\"kind\":\"futex\",\"object\":\"%p\",\"outside\":\"unseen\"}]}",
           getpid(), tids[0], &words[4]);
}

int main(int argc, char **argv) {
    const struct situation situations[] = {
        {"crossed-mutexes", crossed_mutexes},
        {"three-mutexes", three_mutexes},
        {"default-mutex", default_mutex},
        {"recursive-mutex", recursive_mutex},
        {"checking-mutex", checking_mutex},
        {"adaptive-mutex", adaptive_mutex},
        {"inheriting-mutex", inheriting_mutex},
        {"robust-mutex", robust_mutex},
        {"robust-inheriting-mutex", robust_inheriting_mutex},
        {"timed-mutex", timed_mutex},
        {"c11-mutex", c11_mutex},
        {"locked-twice", locked_twice},
        {"owner-ended", owner_ended},
        {"locked-before-fork", locked_before_fork},
        {"inversion-between-processes", inversion_between_processes},
        {"writer-in-reader-waits", writer_in_reader_waits},
        {"writer-in-writer-waits", writer_in_writer_waits},
        {"reader-in-writer-waits", reader_in_writer_waits},
        {"semaphore", semaphore},
        {"idle-workers", idle_workers},
        {"nobody-left-to-signal", nobody_left_to_signal},
        {"signalled-by-nobody", signalled_by_nobody},
        {"barrier", barrier},
        {"join-cycle", join_cycle},
        {"initialisation", initialisation},
        {"stream", stream},
        {"pool-behind-one", pool_behind_one},
        {"spin-lock", spin_lock},
        {"retry-loop", retry_loop},
        {"own-futex", own_futex},
        {0},
    };
    return run(situations, argc, argv);
}
