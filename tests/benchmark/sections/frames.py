"""How many functions of blocked threads are found in which way, beside those that gdb finds by stopping them."""

import json
import shutil
import subprocess
import sys
import time

from harness import print_table

C = """
#include <alloca.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int ends[2];
static volatile long sink;
#define FAR __attribute__((noinline, noclone))
FAR static long block(long kind) {
    char byte;
    struct pollfd one = {ends[0], POLLIN, 0};
    struct timespec time = {5000, 0};
    switch (kind & 3) {
    case 0: return pthread_mutex_lock(&mutex) + 1;
    case 1: return read(ends[0], &byte, 1) + 1;
    case 2: return poll(&one, 1, -1) + 1;
    default: return nanosleep(&time, NULL) + 1;
    }
}
static long (*volatile pointer)(long) = block;
FAR static long kept(long kind, long a, long b, long c) { long r = pointer(kind); return r + a * b + c * kind; }
FAR static long sized(long kind) {
    char *room = alloca(16 + kind * 32);
    memset(room, 1, 16 + kind * 32);
    long r = kept(kind, kind + 1, kind * 3, sink);
    return r + room[kind];
}
FAR static long deep(long kind, long depth) { return depth ? deep(kind, depth - 1) * depth + kind : sized(kind) + 1; }
static void *start(void *kind) { sink = deep((long)kind, 3); return NULL; }
int main(void) {
    pthread_t thread;
    pthread_mutex_lock(&mutex);
    pipe(ends);
    for (long kind = 1; kind < 20; kind++) pthread_create(&thread, NULL, start, (void *)kind);
    write(1, "\\n", 1);
    sink = deep(1, 3);
}
"""
RUST = """
use std::sync::{Condvar, Mutex, RwLock, mpsc};
use std::{io::Write, thread, time::Duration};
static MUTEX: Mutex<u32> = Mutex::new(0);
static LOCK: RwLock<u32> = RwLock::new(0);
static PAIR: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());
#[inline(never)]
fn block(kind: u32) -> u32 {
    match kind % 4 {
        0 => *MUTEX.lock().unwrap() + 1,
        1 => *LOCK.read().unwrap() + 1,
        2 => u32::from(*PAIR.1.wait(PAIR.0.lock().unwrap()).unwrap()) + 1,
        _ => mpsc::sync_channel::<u32>(0).1.recv_timeout(Duration::from_secs(5000)).map_or(1, |x| x + 1),
    }
}
#[inline(never)]
fn deep(kind: u32, depth: u32) -> u32 { if depth > 0 { deep(kind, depth - 1) * depth + kind } else { block(kind) + 1 } }
fn main() {
    let (mutex, lock) = (MUTEX.lock().unwrap(), LOCK.write().unwrap());
    for kind in 1..20 { thread::spawn(move || println!("{}", deep(kind, 3))); }
    print!("\\n");
    std::io::stdout().flush().unwrap();
    thread::sleep(Duration::from_secs(5000));
    drop((mutex, lock));
}
"""
GO = """
package main
import ("fmt"; "os"; "runtime"; "syscall"; "time")
//go:noinline
func block(fd int) int { b := make([]byte, 1); n, _ := syscall.Read(fd, b); return n + 1 }
//go:noinline
func deep(fd, depth int) int { if depth > 0 { return deep(fd, depth-1)*depth + fd }; return block(fd) + 1 }
func main() {
    ends := make([]int, 2)
    syscall.Pipe(ends)
    for i := 0; i < 19; i++ { go func() { runtime.LockOSThread(); fmt.Println(deep(ends[0], 3)) }() }
    fmt.Println()
    os.Stdout.Sync()
    time.Sleep(5000 * time.Second)
}
"""
PYTHON = """
import os, queue, select, threading, time
lock, ends = threading.Lock(), os.pipe()
lock.acquire()
ways = [lock.acquire, queue.Queue().get, lambda: os.read(ends[0], 1), lambda: time.sleep(5000)]
ways.append(lambda: select.select([ends[0]], [], []))
def deep(way, depth): return deep(way, depth - 1) if depth else way()
for i in range(19): threading.Thread(target=deep, args=(ways[i % 5], 3), daemon=True).start()
os.write(1, b"\\n")
lock.acquire()
"""
NODE = """
const { Worker, isMainThread } = require('worker_threads');
if (isMainThread) { for (let i = 0; i < 2; i++) new Worker(__filename); process.stdout.write('\\n'); setInterval(() => {}, 1e8); }
else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
"""
# Each thread's functions, without inlined ones and those that have jumped to another in place of a call: neither has
# a return address of its own on the stack.
ASK_GDB = """
import gdb
gdb.execute("set backtrace past-main on")
gdb.execute("set backtrace past-entry on")
for thread in gdb.selected_inferior().threads():
    thread.switch()
    frame, pcs = gdb.newest_frame(), []
    while frame is not None and frame.pc() and len(pcs) < 200:
        if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
            pcs.append(frame.pc())
        try:
            frame = frame.older()
        except gdb.error:
            break
    print("FRAMES", thread.ptid[1] or thread.ptid[0], *pcs)
"""


def cases(scratch):
    (scratch / "ask.py").write_text(ASK_GDB)
    (scratch / "c.c").write_text(C)
    for flag in ("-fomit-frame-pointer", "-fno-omit-frame-pointer"):
        program = scratch / f"c{flag}"
        subprocess.run(["gcc", "-O2", flag, "-w", "-pthread", "-o", program, scratch / "c.c"], check=True)
        yield f"C -O2 {flag}", [program]
    yield "python3", [sys.executable, "-c", PYTHON]
    for tool, name, source, build in (
        ("rustc", "rust.rs", RUST, ["rustc", "-O", "-o", scratch / "rust", scratch / "rust.rs"]),
        ("go", "go.go", GO, ["go", "build", "-o", scratch / "go", scratch / "go.go"]),
    ):
        if shutil.which(tool):
            (scratch / name).write_text(source)
            subprocess.run(build, check=True)
            yield {"rustc": "Rust -O", "go": "Go"}[tool], [scratch / name.split(".")[0]]
    if shutil.which("node"):
        (scratch / "node.js").write_text(NODE)
        yield "node", ["node", scratch / "node.js"]
    if shutil.which("redis-server"):
        yield "redis", ["redis-server", "--port", "0", "--unixsocket", scratch / "redis", "--save", ""]


def by_trapline(options, pid, *more):
    command = [options.trapline, "--hang=0.01", "--json", "-k", "--stack-trace-frame-limit=200", *more, "-p", str(pid)]
    lines = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.splitlines()
    records = [json.loads(line) for line in lines]
    return {record["tid"]: record.get("stack", []) for record in records if record.get("pid") == pid and "tid" in record}


def by_gdb(pid, scratch):
    command = ["gdb", "-p", str(pid), "-batch", "-x", scratch / "ask.py"]
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout
    lines = [line.split()[1:] for line in out.splitlines() if line.startswith("FRAMES")]
    return {int(tid): [int(pc) for pc in pcs] for tid, *pcs in lines}


def addresses(stack, guesses):
    """As gdb has them: of a caller, behind its call."""
    found = []
    for frame in stack:
        if "pc" not in frame or not guesses and "guessed" in frame:
            break
        found.append(int(frame["pc"], 16) + bool(found))
    return found


def compare(stacks, guesses, truth):
    """How many functions were found that gdb finds, and how many that it does not."""
    right = others = 0
    for tid, known in truth.items():
        found = addresses(stacks.get(tid, []), guesses)
        # Where a signal's handler returns to nobody called.
        near = {address + d for address in known for d in (-1, 0, 1)}
        hits = min(sum(address in near for address in found), len(known))
        right, others = right + hits, others + len(found) - hits
    return [right, others]


def measure(options, scratch):
    result = {}
    for name, command in cases(scratch):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=scratch)
        try:
            process.stdout.read(1)
            # Until all threads are where they stay.
            time.sleep(2)
            left_alone = by_trapline(options, process.pid)
            stopped = by_trapline(options, process.pid, "--stop")
            truth = by_gdb(process.pid, scratch)
            result[name] = {
                "threads": len(truth),
                "gdb": sum(map(len, truth.values())),
                "rules": compare(left_alone, False, truth),
                "scan": compare(left_alone, True, truth),
                "stop": compare(stopped, True, truth),
            }
        finally:
            process.kill()
            process.wait()
    return {"frames": result} if shutil.which("gdb") else {"frames": {}}


def show(result, described):
    print("Functions found on the stacks of blocked threads, and in brackets those that gdb does not know:\n")
    table = [["of", "threads", "gdb", "rules alone", "and scanning", "--stop"]]
    for name, found in result["frames"].items():
        ways = [f"{right} (+{others})" if others else f"{right}" for right, others in map(found.get, ("rules", "scan", "stop"))]
        table.append([name, str(found["threads"]), str(found["gdb"]), *ways])
    print_table(table)
