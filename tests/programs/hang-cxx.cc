/* Threads that wait for what the standard library of C++ has. */
#include "situation.h"
#include <atomic>
#include <barrier>
#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <thread>

static std::atomic<int> tids[8];
static volatile int sink;

/* A thread that does something, and the id that it has. */
template <typename Act> static int in_thread(int index, Act act) {
    std::thread([=] {
        tids[index] = self();
        act();
    }).detach();
    while (!tids[index])
        usleep(1000);
    return tids[index];
}

/* Prints what is to be found of one thread beside main, which holds something and pauses. */
static void waits_for_main(int tid, const char *kind, const char *what) {
    expect("{\"ask\":[%d],\"verdict\":\"blocked\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"%s\",\"what\":\"%s\",\"enders\":[%d]}]}",
           getpid(), tid, kind, what, getpid());
}

/* Prints what is to be found of one thread that waits for something of which nothing records who ends it. */
static void waits_for_nobody(int tid, const char *kind) {
    expect("{\"ask\":[%d],\"threads\":[{\"tid\":%d,\"nature\":\"waiting\",\"kind\":\"%s\"}]}", getpid(), tid, kind);
}

static void crossed_mutexes() {
    static std::mutex one, other;
    static std::barrier ready(3);
    int first = in_thread(0, [] {
        std::lock_guard holds(one);
        ready.arrive_and_wait();
        std::lock_guard wants(other);
    });
    int second = in_thread(1, [] {
        std::unique_lock holds(other);
        ready.arrive_and_wait();
        std::unique_lock wants(one);
    });
    ready.arrive_and_wait();
    expect("{\"ask\":[%d],\"verdict\":\"deadlock\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"mutex\",\"object\":\"%p\",\"enders\":[%d]},"
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"mutex\",\"object\":\"%p\",\"enders\":[%d]}]}",
           getpid(), first, &other, second, second, &one, first);
}

static void recursive_mutex() {
    static std::recursive_mutex mutex;
    mutex.lock();
    waits_for_main(in_thread(0, [] { mutex.lock(); }), "mutex", "the recursive mutex ");
}

static void timed_mutex() {
    static std::timed_mutex mutex;
    mutex.lock();
    int tid = in_thread(0, [] { mutex.try_lock_for(std::chrono::seconds(5000)); });
    expect("{\"ask\":[%d],\"threads\":[{\"tid\":%d,\"kind\":\"mutex\",\"timed\":true,\"enders\":[%d]}]}", getpid(), tid,
           getpid());
}

static void writer_in_reader_waits() {
    static std::shared_mutex mutex;
    mutex.lock();
    waits_for_main(in_thread(0, [] { std::shared_lock lock(mutex); }), "read-lock", "to read under the rwlock");
}

static void writer_in_writer_waits() {
    static std::shared_mutex mutex;
    mutex.lock();
    waits_for_main(in_thread(0, [] { std::unique_lock lock(mutex); }), "write-lock", "to write under the rwlock");
}

static void reader_in_writer_waits() {
    static std::shared_mutex mutex;
    mutex.lock_shared();
    int tid = in_thread(0, [] { mutex.lock(); });
    expect("{\"ask\":[%d],\"threads\":[{\"tid\":%d,\"kind\":\"write-lock\",\"says\":\"which 1 reader is in\"}]}", getpid(), tid);
}

static void condition() {
    static std::mutex mutex;
    static std::condition_variable condition;
    int tid = in_thread(0, [] {
        std::unique_lock lock(mutex);
        condition.wait(lock, [] { return sink != 0; });
    });
    expect("{\"ask\":[%d],\"verdict\":\"idle\",\"threads\":[{\"tid\":%d,\"nature\":\"idle\",\"kind\":\"condition\","
           "\"object\":\"%p\"}]}",
           getpid(), tid, &condition);
}

static void timed_condition() {
    static std::mutex mutex;
    static std::condition_variable condition;
    int tid = in_thread(0, [] {
        std::unique_lock lock(mutex);
        condition.wait_for(lock, std::chrono::seconds(5000));
    });
    expect("{\"ask\":[%d],\"threads\":[{\"tid\":%d,\"kind\":\"condition\",\"timed\":true,\"object\":\"%p\"}]}", getpid(),
           tid, &condition);
}

static void condition_of_any_lock() {
    static std::shared_mutex mutex;
    static std::condition_variable_any condition;
    int tid = in_thread(0, [] {
        std::shared_lock lock(mutex);
        condition.wait(lock);
    });
    expect("{\"ask\":[%d],\"threads\":[{\"tid\":%d,\"nature\":\"idle\",\"kind\":\"condition\"}]}", getpid(), tid);
}

static void join() {
    int tid = in_thread(0, stay);
    static std::thread thread;
    thread = std::thread([] {
        tids[1] = self();
        stay();
    });
    while (!tids[1])
        usleep(1000);
    expect("{\"ask\":[%d],\"threads\":[{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"join\",\"enders\":[%d]},"
           "{\"tid\":%d,\"nature\":\"idle\"}]}",
           getpid(), getpid(), (int)tids[1], tid);
    thread.join();
}

/* Whoever asks for a result joins the thread that makes it; the second to ask waits for the first. */
static void future() {
    static std::shared_future<void> result = std::async(std::launch::async, [] {
        tids[0] = self();
        stay();
    });
    while (!tids[0])
        usleep(1000);
    int first = in_thread(1, [] { result.get(); });
    until_state(first, 'S');
    int second = in_thread(2, [] { result.get(); });
    expect("{\"ask\":[%d],\"threads\":[{\"tid\":%d,\"nature\":\"blocked\",\"kind\":\"join\",\"enders\":[%d]},"
           "{\"tid\":%d,\"kind\":\"once\",\"some\":[%d]}]}",
           getpid(), first, (int)tids[0], second, first);
}

/* The result needs a lock that is held by the one who waits for the result. */
static void future_against_mutex() {
    static std::mutex mutex;
    std::lock_guard holds(mutex);
    std::future<void> result = std::async(std::launch::async, [] {
        tids[0] = self();
        std::lock_guard wants(mutex);
    });
    while (!tids[0])
        usleep(1000);
    expect("{\"ask\":[%d],\"verdict\":\"deadlock\",\"threads\":["
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"join\",\"enders\":[%d]},"
           "{\"tid\":%d,\"nature\":\"deadlocked\",\"kind\":\"mutex\",\"object\":\"%p\",\"enders\":[%d]}]}",
           getpid(), getpid(), (int)tids[0], (int)tids[0], &mutex, getpid());
    result.get();
}

static void promise() {
    static std::promise<int> promise;
    waits_for_nobody(in_thread(0, [] { sink = promise.get_future().get(); }), "futex");
}

static void semaphore() {
    static std::counting_semaphore<8> semaphore(0);
    waits_for_nobody(in_thread(0, [] { semaphore.acquire(); }), "futex");
}

static void barrier() {
    static std::barrier all(2);
    waits_for_nobody(in_thread(0, [] { all.arrive_and_wait(); }), "futex");
}

static void latch() {
    static std::latch all(2);
    waits_for_nobody(in_thread(0, [] { all.arrive_and_wait(); }), "futex");
}

static void atomic() {
    static std::atomic<int> word(7);
    waits_for_nobody(in_thread(0, [] { word.wait(7); }), "futex");
}

static void initialisation() {
    static std::once_flag flag;
    int first = in_thread(0, [] { std::call_once(flag, stay); });
    until_state(first, 'S');
    int second = in_thread(1, [] { std::call_once(flag, stay); });
    expect("{\"ask\":[%d],\"threads\":[{\"tid\":%d,\"nature\":\"idle\"},{\"tid\":%d,\"kind\":\"once\",\"some\":[%d]}]}",
           getpid(), first, second, first);
}

static int slow() {
    stay();
    return 0;
}
static void make() {
    static int variable = slow();
    sink = variable;
}
static void static_variable() {
    int first = in_thread(0, make);
    until_state(first, 'S');
    int second = in_thread(1, make);
    expect("{\"ask\":[%d],\"threads\":[{\"tid\":%d,\"nature\":\"idle\"},{\"tid\":%d,\"kind\":\"once\",\"some\":[%d]}]}",
           getpid(), first, second, first);
}

int main(int argc, char **argv) {
    static const struct situation situations[] = {
        {"crossed-mutexes", crossed_mutexes},
        {"recursive-mutex", recursive_mutex},
        {"timed-mutex", timed_mutex},
        {"writer-in-reader-waits", writer_in_reader_waits},
        {"writer-in-writer-waits", writer_in_writer_waits},
        {"reader-in-writer-waits", reader_in_writer_waits},
        {"condition", condition},
        {"timed-condition", timed_condition},
        {"condition-of-any-lock", condition_of_any_lock},
        {"join", join},
        {"future", future},
        {"future-against-mutex", future_against_mutex},
        {"promise", promise},
        {"semaphore", semaphore},
        {"barrier", barrier},
        {"latch", latch},
        {"atomic", atomic},
        {"initialisation", initialisation},
        {"static-variable", static_variable},
        {NULL, NULL},
    };
    return run(situations, argc, argv);
}
