"""What a report on processes that hang takes, observation time aside, beside gdb's stacks of the same process."""

import shutil
import subprocess
import sys
import time

from harness import in_turn, milliseconds, print_table

CROWD = """
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static void *wait(void *unused) { pthread_mutex_lock(&mutex); return unused; }
int main(int argc, char **argv) {
    pthread_t thread;
    pthread_mutex_lock(&mutex);
    for (int i = 1; i < atoi(argv[1]); i++) pthread_create(&thread, NULL, wait, NULL);
    write(1, "\\n", 1);
    for (;;) pause();
}
"""
PYTHON = """
import threading, os
lock = threading.Lock()
lock.acquire()
for _ in range(19):
    threading.Thread(target=lock.acquire, daemon=True).start()
os.write(1, b"\\n")
lock.acquire()
"""
# As short as can be told from nothing: it is taken off again.
WATCHED = 0.01


def started(command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    process.stdout.read(1)
    return process


def took(command):
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def measure(options, scratch):
    source, crowd = scratch / "crowd.c", scratch / "crowd"
    source.write_text(CROWD)
    subprocess.run(["gcc", "-O1", "-pthread", "-o", crowd, source], check=True)
    cases = {
        "C, 20 threads": [[crowd, "20"]],
        "python3, 20 threads": [[sys.executable, "-c", PYTHON]],
        "200 processes, 2,000 threads": [[crowd, "10"]] * 200,
    }
    seconds = {}
    for name, commands in cases.items():
        processes = [started(command) for command in commands]
        try:
            pids = ",".join(str(process.pid) for process in processes)
            ways = {"trapline --hang": [options.trapline, f"--hang={WATCHED}", "-p", pids]}
            if len(processes) == 1 and shutil.which("gdb"):
                ways["gdb"] = ["gdb", "-p", pids, "-batch", "-ex", "thread apply all bt"]
            seconds[name] = in_turn(options.rounds, ways, took)
            seconds[name]["trapline --hang"] -= WATCHED
        finally:
            for process in processes:
                process.kill()
                process.wait()
    return {"seconds": seconds}


def show(result, described):
    print("Why does it hang: the time for a report, without that for watching, and for all stacks by gdb:\n")
    table = [["of", "trapline --hang", "gdb", "ratio"]]
    for name, seconds in result["seconds"].items():
        ours, gdb = seconds["trapline --hang"], seconds.get("gdb")
        both = [milliseconds(gdb), f"{gdb / ours:.1f}"] if gdb else ["-", "-"]
        table.append([name, milliseconds(ours), *both])
    print_table(table)
