"""What every section of the benchmark needs: commands that are timed in turn, loads beside them, tables."""

import contextlib
import ctypes
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def programs(scratch):
    """Compiles the tracees; returns where each is."""
    made = {}
    for source in sorted(HERE.glob("*.c")):
        made[source.stem] = scratch / source.stem
        subprocess.run(["gcc", "-O2", "-pthread", "-o", made[source.stem], source], check=True)
    return made


def python():
    """The interpreter that a program of the machine would run in, not that of a virtual environment."""
    return "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else "python3"


def heavy_source(path):
    """A C program that takes a compiler a while."""
    body = "".join(f"case {k}: s += b[i] * {k + 3} ^ (s >> {k + 1}); break; " for k in range(7))
    lines = [
        f"int f{n}(int a, int *b) {{ int s = 0; for (int i = 0; i < a; i++) {{ switch (b[i] % 7) {{ {body} }} "
        f"for (int j = 0; j < i; j++) s ^= b[j] * {n} + (s << 3); }} return s; }}"
        for n in range(150)
    ]
    path.write_text("\n".join(lines) + "\nint main(void) { return 0; }\n")


def timed(command):
    """Seconds that a command took; a command that fails ends the benchmark."""
    started = time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    taken = time.monotonic() - started
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed: {done.stderr.decode(errors='replace')}")
    return taken


def in_turn(rounds, ways, measured=timed):
    """Medians of `measured` for each way, a dictionary of commands, taken in turn so that all see the same machine."""
    taken = {way: [] for way in ways}
    for _ in range(rounds):
        for way, command in ways.items():
            taken[way].append(measured(command))
    return {way: statistics.median(times) for way, times in taken.items()}


def ends_with_us():
    """What runs beside the measured command must not outlive the benchmark, however that ends: prctl(2), PR_SET_PDEATHSIG."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


SPIN = "while True: pass"
BUILD = "import subprocess, sys\nwhile True: subprocess.run(['gcc', '-O2', '-o', '/dev/null', sys.argv[1]])"
LOADS = {"idle": None, "busy": SPIN, "builds": BUILD}
DESCRIBED = {
    "idle": "an otherwise idle machine",
    "busy": "beside one spinning process for each CPU",
    "builds": "beside one compiler after the other for each CPU",
}


@contextlib.contextmanager
def load(name, scratch):
    """Keeps each CPU occupied in the way that `name` says."""
    script = LOADS[name]
    beside = []
    if script is not None:
        heavy_source(scratch / "load.c")
        for _ in os.sched_getaffinity(0):
            command = [python(), "-c", script, scratch / "load.c"]
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=ends_with_us
            )
            beside.append(process)
    try:
        yield
    finally:
        for process in beside:
            # Its compilers, too.
            os.killpg(process.pid, 9)
            process.wait()


def milliseconds(seconds):
    return f"{seconds * 1000:.1f} ms"


def print_table(table):
    """Prints rows, the first of which are the heads, as a table in Markdown."""
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for i, row in enumerate(table):
        cells = [cell.ljust(width) if j == 0 else cell.rjust(width) for j, (cell, width) in enumerate(zip(row, widths))]
        print("| " + " | ".join(cells) + " |")
        if i == 0:
            print("| " + " | ".join(["-" * widths[0], *("-" * (w - 1) + ":" for w in widths[1:])]) + " |")
