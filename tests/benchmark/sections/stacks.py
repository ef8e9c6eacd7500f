"""Who called: every stack of a program, under strace -k and under trapline -k, and with source lines."""

import subprocess

from harness import in_turn, load, milliseconds, print_table, python

SOURCE = """
#include <unistd.h>
static int __attribute__((noinline)) low(int n) { return getppid() + n; }
static int __attribute__((noinline)) middle(int n) { return low(n) + 1; }
static int __attribute__((noinline)) high(int n) { return middle(n) + 1; }
int main(void) { int sum = 0; for (int n = 0; n < 20000; n++) sum += high(n); return sum == 1; }
"""


def measure(options, scratch):
    (scratch / "calls.c").write_text(SOURCE)
    subprocess.run(["gcc", "-g", "-O1", "-o", scratch / "calls", scratch / "calls.c"], check=True)
    strace, trapline = ["strace", "-f", "-o", scratch / "log"], [options.trapline, "-f", "-o", scratch / "log"]
    # What is traced, by whom and how; the kernel's filter is the tracer's own business.
    rows = {
        "find /usr/include, openat": (["-e", "trace=openat"], ["find", "/usr/include"]),
        "python3 -c 'import json'": ([], [python(), "-c", "import json"]),
        "20,000 calls with DWARF": (["-e", "trace=getppid"], [scratch / "calls"]),
    }
    seconds = {}
    for beside in options.loads:
        with load(beside, scratch):
            seconds[beside] = {
                name: in_turn(
                    options.rounds,
                    {
                        "untraced": command,
                        "strace -k": [*strace, "-k", *what, *command],
                        "trapline -k": [*trapline, "-k", *what, *command],
                        "trapline -kk": [*trapline, "-kk", *what, *command],
                    },
                )
                for name, (what, command) in rows.items()
            }
    return {"seconds": seconds}


def show(result, described):
    for beside, rows in result["seconds"].items():
        print(f"With the stack of each call, {described[beside]}; ratio is strace's time to trapline's:\n")
        table = [["workload", "untraced", "strace -k", "trapline -k", "ratio", "trapline -kk", "-kk : -k"]]
        for name, seconds in rows.items():
            strace, plain, lines = (seconds[way] for way in ("strace -k", "trapline -k", "trapline -kk"))
            untraced = milliseconds(seconds["untraced"])
            row = [name, untraced, milliseconds(strace), milliseconds(plain), f"{strace / plain:.1f}"]
            table.append([*row, milliseconds(lines), f"{lines / plain:.1f}"])
        print_table(table)
        print()
