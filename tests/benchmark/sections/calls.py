"""Programs traced from their start: under strace and under trapline, all calls, few calls, counted, as JSON."""

import pathlib
import re
import shutil
import subprocess
import sys
import time

from harness import HERE, heavy_source, in_turn, load, milliseconds, print_table, programs, python

# How each tracer is called, by column.
WAYS = {
    "strace": ("strace", []),
    "trapline": ("trapline", []),
    "strace openat": ("strace", ["-e", "trace=openat"]),
    "strace --seccomp-bpf openat": ("strace", ["--seccomp-bpf", "-e", "trace=openat"]),
    "trapline openat": ("trapline", ["-e", "trace=openat"]),
    "strace -c": ("strace", ["-c"]),
    "trapline -c": ("trapline", ["-c"]),
    "trapline --json": ("trapline", ["--json"]),
}
# What the table compares: a column of strace's with one of trapline's.
RATIOS = {
    ("strace", "trapline"): "ratio",
    ("strace openat", "trapline openat"): "openat: ratio",
    ("strace --seccomp-bpf openat", "trapline openat"): "to --seccomp-bpf",
    ("strace -c", "trapline -c"): "-c: ratio",
}


def workloads(scratch, made):
    heavy_source(scratch / "heavy.c")
    (scratch / "makefile").write_text("all: a b c d\na b c d: heavy.c\n\tgcc -O2 -o $@ heavy.c\n")
    (scratch / "small.c").write_text("#include <stdio.h>\n#include <stdlib.h>\nint main(void) { puts(\"\"); }\n")
    modules = "asyncio, json, http.client, email, decimal, unittest, sqlite3, xml.dom.minidom"
    return {
        "getppid loop": [made["getppid"], "20000"],
        "dd bs=1": ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=20000", "status=none"],
        "find": ["find", "/usr/include"],
        "tar": ["tar", "-C", "/", "-cf", "/dev/null", "usr/include"],
        "python3 imports": [python(), "-c", f"import {modules}"],
        "gcc -c": ["gcc", "-c", scratch / "small.c", "-o", scratch / "small.o"],
        "make -j2": ["make", "-s", "-B", "-j2", "-C", scratch, "-f", "makefile"],
        "futex ping-pong": [made["pingpong"], "5000"],
        "1,024 threads": [made["threads"], "1024", "50"],
        "4 busy threads": [made["threads"], "4", "500", "500000"],
        "redis": [sys.executable, HERE / "redis.py"],
        "true": ["true"],
    }


def peak_memory(command):
    """The most memory that the tracer itself held, in KiB."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    most = 0
    while process.poll() is None:
        try:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        found = re.search(r"VmHWM:\s+(\d+)", status)
        most = max(most, int(found[1]) if found else 0)
        time.sleep(0.002)
    process.wait()
    return most


def calls_per_stop(trapline, command, stops, scratch):
    """System calls that trapline itself makes at a stop, by name, and how many stops a second call of it costs."""
    log = scratch / "calls"

    def count(times):
        subprocess.run(
            ["strace", "-c", "-o", log, trapline, "-f", "-o", scratch / "log", *command, str(times)],
            stdout=subprocess.DEVNULL,
        )
        rows = [line.split() for line in log.read_text().splitlines()]
        return {row[-1]: int(row[3]) for row in rows if len(row) >= 5 and row[3].isdigit()}

    few, many = count(100), count(100 + stops // 2)
    # Two stops a call; signals of a timer come by time, not by stop.
    return {name: round((many[name] - few.get(name, 0)) / stops, 2) for name in many if name not in ("rt_sigreturn", "total")}


def left_out(options, tracer, scratch):
    """What a million calls cost that a filter in the kernel leaves out."""
    command = ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=500000"]
    return in_turn(options.rounds, {"untraced": command, "trapline": [*tracer, *command]})


def measure(options, scratch):
    made = programs(scratch)
    tracers = {"strace": "strace", "trapline": options.trapline}
    ways = {
        name: [tracers[tracer], "-f", *arguments, "-o", scratch / "log"]
        for name, (tracer, arguments) in WAYS.items()
        if not options.ways or name in options.ways
    }
    chosen = {
        name: command
        for name, command in workloads(scratch, made).items()
        if not options.only or any(part in name for part in options.only)
    }
    if "redis" in chosen and not shutil.which("redis-server"):
        print("redis is left out: redis-server is not installed", file=sys.stderr)
        del chosen["redis"]
    seconds = {}
    for beside in options.loads:
        with load(beside, scratch):
            seconds[beside] = {
                name: in_turn(
                    options.rounds,
                    {"untraced": command, **{way: [*tracer, *command] for way, tracer in ways.items()}},
                )
                for name, command in chosen.items()
            }
    many = [made["threads"], "1024", "10"]
    return {
        "seconds": seconds,
        "peak_kib": {way: peak_memory([*ways[way], *many]) for way in ("strace", "trapline") if way in ways},
        "left_out": left_out(options, ways["trapline openat"], scratch) if "trapline openat" in ways else None,
        "calls_per_stop": calls_per_stop(options.trapline, [made["getppid"]], 4000, scratch),
    }


def show_load(rows):
    ways = [way for way in next(iter(rows.values())) if way != "untraced"]
    heads, columns = ["workload", "untraced"], []
    for way in ways:
        heads.append(way)
        columns.append((None, way))
        for (strace, trapline), head in RATIOS.items():
            if trapline == way and strace in ways:
                heads.append(head)
                columns.append((strace, way))
    table = [heads]
    for name, seconds in rows.items():
        row = [name, milliseconds(seconds["untraced"])]
        for strace, way in columns:
            row.append(f"{seconds[strace] / seconds[way]:.1f}" if strace else milliseconds(seconds[way]))
        table.append(row)
    print_table(table)


def show(result, described):
    for beside, rows in result["seconds"].items():
        print(f"Traced from the start, {described[beside]}; ratio is strace's time to trapline's:\n")
        if rows:
            show_load(rows)
        print()
    peak = result["peak_kib"]
    if len(peak) == 2:
        print(f"peak memory with 1,024 threads: strace {peak['strace']} KiB, trapline {peak['trapline']} KiB")
    million = result["left_out"]
    if million:
        untraced, trapline = million["untraced"], million["trapline"]
        print(
            f"a million calls of dd with -e trace=openat: {milliseconds(trapline)}, untraced {milliseconds(untraced)}, "
            f"{trapline / untraced:.2f} times"
        )
    calls = sorted(result["calls_per_stop"].items(), key=lambda item: -item[1])
    print("trapline's own system calls at a stop:", ", ".join(f"{name} {count}" for name, count in calls if count >= 0.01))
