"""What tests could leave behind on the machine, as lines: machine.py save FILE, and machine.py compare FILE afterwards.

Only that which other processes do not change meanwhile: counters are left out, and of files, keys and processes
those are looked for that tests could have made."""

import ctypes
import hashlib
import os
import re
import subprocess
import sys
import time

# Environment of every process that tests/run starts.
MARK = "TRAPLINE_TESTS_OF"

# Settings that the kernel or anybody's daily life changes, and those of network interfaces that come and go.
VOLATILE = re.compile(
    r"^(kernel/(random/|pty/nr|ns_last_pid|perf_|printk_|sched_|tainted|watchdog)|fs/(dentry-state|file-nr|inode-|aio-nr|quota/|mqueue/)"
    r"|net/(netfilter/nf_conntrack_|ipv[46]/(conf|neigh)/(?!all|default|lo)|ipv4/tcp_(fastopen_key|mem)|ipv4/udp_mem)|debug/|sunrpc/)"
)

# Modules that the kernel loads by itself to answer who asks about sockets, which tracers do.
LOADED_ON_DEMAND = re.compile(r"_diag$")


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def command(*words):
    try:
        run = subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    except OSError:
        return []
    return run.stdout.splitlines()


def network():
    changing = re.compile(r" (valid_lft|preferred_lft|expires|age|qlen) \S+| pref medium")
    for what in (["rule"], ["-6", "rule"], ["route", "show", "table", "all"], ["-6", "route", "show", "table", "all"], ["link"], ["addr"]):
        for line in command("ip", *what):
            yield f"ip {' '.join(what)}: {changing.sub('', line).strip()}"
    for line in command("nft", "list", "ruleset"):
        yield f"nft: {line}"


def mounts():
    for line in read("/proc/self/mountinfo").splitlines():
        before, _, behind = line.partition(" - ")
        yield f"mount: {' '.join(before.split()[3:6])} {behind}"


def settings():
    for directory, _, files in os.walk("/proc/sys"):
        for name in files:
            path = os.path.join(directory, name)
            key = path.removeprefix("/proc/sys/")
            if not VOLATILE.match(key) and os.access(path, os.R_OK):
                yield f"sysctl: {key} = {read(path).strip()!r}"


def ipc():
    for kind in ("shm", "sem", "msg"):
        for line in read(f"/proc/sysvipc/{kind}").splitlines()[1:]:
            yield f"ipc {kind}: key, id and mode {line.split()[:3]}"


def users():
    for name in ("passwd", "group", "subuid", "subgid", "hosts", "hostname", "resolv.conf", "fstab", "ld.so.preload"):
        for line in read(f"/etc/{name}").splitlines():
            yield f"/etc/{name}: {line}"
    for name in ("shadow", "gshadow"):
        # Nobody's business.
        yield f"/etc/{name}: {hashlib.sha256(read(f'/etc/{name}').encode()).hexdigest()}"


def files():
    for place in ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/etc", "/run", "/dev", "/root", "/", os.path.expanduser("~")):
        try:
            names = os.listdir(place)
        except OSError:
            continue
        for name in names:
            if "trapline-" in name:
                yield f"file: {os.path.join(place, name)}"
    for directory, names, _ in os.walk("/sys/fs/cgroup"):
        for name in names:
            if name.startswith("trapline"):
                yield f"control group: {os.path.join(directory, name)}"


def modules():
    for line in read("/proc/modules").splitlines():
        name = line.split()[0]
        if not LOADED_ON_DEMAND.search(name):
            yield f"module: {name}"


def disks():
    for line in read("/proc/swaps").splitlines()[1:]:
        yield f"swap: {line.split()[0]}"
    try:
        devices = os.listdir("/sys/block")
    except OSError:
        devices = []
    for name in devices:
        backing = read(f"/sys/block/{name}/loop/backing_file").strip()
        if backing:
            yield f"loop device: {name} {backing}"
    # quotactl(2), Q_GETFMT: the kind of quota that is on, or why there is none.
    libc = ctypes.CDLL(None, use_errno=True)
    for line in read("/proc/self/mounts").splitlines():
        device = line.split()[0]
        if device.startswith("/dev/"):
            for kind, name in enumerate(("user", "group")):
                form = ctypes.c_uint32()
                done = libc.syscall(179, 0x800004 << 8 | kind, device.encode(), 0, ctypes.byref(form))
                yield f"quota of {name}s on {device}: {form.value if done == 0 else os.strerror(ctypes.get_errno())}"


def keys():
    for line in read("/proc/keys").splitlines():
        words = line.split(None, 7)
        description = words[7].split(":")[0] if len(words) == 8 else ""
        # Those with _ are the sessions' and the users' own.
        if not re.search(r"\s_", description):
            yield f"key: {description}"


def name_and_clock():
    yield f"name: {os.uname().nodename} {read('/proc/sys/kernel/domainname').strip()}"
    # struct timex of adjtimex(2): its tick.
    timex = (ctypes.c_long * 40)()
    if ctypes.CDLL(None).adjtimex(timex) >= 0:
        yield f"clock: tick {timex[11]}"


def processes():
    mark = os.environ.get(MARK)
    mine = set()
    pid = os.getpid()
    while pid > 0:
        mine.add(pid)
        pid = int(read(f"/proc/{pid}/stat").rpartition(")")[2].split()[1] or 0)
    for name in os.listdir("/proc"):
        if mark and name.isdigit() and int(name) not in mine and f"\0{MARK}={mark}\0" in f"\0{read(f'/proc/{name}/environ')}":
            yield f"process: {name} {read(f'/proc/{name}/comm').strip()}"


def offset():
    """Seconds from the clock that counts from boot to the one on the wall."""
    best = None
    for _ in range(100):
        start = time.clock_gettime(time.CLOCK_BOOTTIME)
        wall = time.clock_gettime(time.CLOCK_REALTIME)
        took = time.clock_gettime(time.CLOCK_BOOTTIME) - start
        best = min(best or (took, wall - start), (took, wall - start))
    return best[1]


def state():
    parts = (network, mounts, settings, ipc, users, files, modules, disks, keys, name_and_clock, processes)
    return sorted({line for part in parts for line in part()})


def main():
    what, path = sys.argv[1:]
    if what == "save":
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join([str(offset()), *state()]))
        return
    with open(path, encoding="utf-8") as file:
        clock, *before = file.read().split("\n")
    after = state()
    changes = [f"+ {line}" for line in after if line not in set(before)]
    changes += [f"- {line}" for line in before if line not in set(after)]
    # Daemons that keep the time correct it by less.
    if abs(offset() - float(clock)) > 1:
        changes.append(f"+ the clock was set by {offset() - float(clock):.3f} s")
    if changes:
        sys.exit("the machine is not as it was before the tests:\n" + "\n".join(changes))


main()
