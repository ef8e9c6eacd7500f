"""A server that is attached to while clients ask it: redis, its clients' time."""

import shutil
import subprocess
import sys

from harness import HERE, in_turn, load, milliseconds, print_table


def clients_time(tracer):
    """Seconds that the clients took."""
    command = [sys.executable, HERE / "redis.py", *tracer]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed: {done.stderr}")
    return float(done.stdout.splitlines()[-1])


def measure(options, scratch):
    if not shutil.which("redis-server"):
        print("attaching is left out: redis-server is not installed", file=sys.stderr)
        return {"seconds": {}}
    log = ["-o", scratch / "log"]
    ways = {
        "untraced": [],
        "strace -p": ["strace", "-f", *log],
        "trapline -p": [options.trapline, "-f", *log],
        "trapline -p --placement=auto": [options.trapline, "-f", "--placement=auto", *log],
    }
    seconds = {}
    for beside in options.loads:
        with load(beside, scratch):
            seconds[beside] = in_turn(options.rounds, ways, clients_time)
    return {"seconds": seconds}


def show(result, described):
    if not result["seconds"]:
        return
    print("Attached to redis while 20 clients ask it; ratio is strace's time to the one before it:\n")
    table = [["load", "untraced", "strace -p", "trapline -p", "ratio", "trapline -p --placement=auto", "ratio"]]
    for beside, seconds in result["seconds"].items():
        row = [described[beside], milliseconds(seconds["untraced"]), milliseconds(seconds["strace -p"])]
        for way in ("trapline -p", "trapline -p --placement=auto"):
            row += [milliseconds(seconds[way]), f"{seconds['strace -p'] / seconds[way]:.1f}"]
        table.append(row)
    print_table(table)
