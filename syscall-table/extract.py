#!/usr/bin/env python3
"""Extracts the facts of the Linux UAPI headers into data/*.tsv.

    python3 syscall-table/extract.py [--wheel FILE] [--check]

The PyPI wheel ziglang==0.17.1 ships the headers of Linux 7.2 and a clang, so that nothing else is needed.
The compiler evaluates every constant and lays out every structure for x86-64, i386 and x32. With --check, the
files are made elsewhere and compared. Output is sorted: the same wheel gives the same bytes.

What is written:
    syscalls.tsv         abi, number, name
    constants.tsv        name, value on x86-64, i386, x32 ('-': not there), header
    constants.extra.tsv  the same for constants that programs get from the C library's headers
    ioctls.tsv           number on x86-64, i386, x32, name, header
    layouts.tsv          structure, member path ('.': all of it), type, then offset:size[:bit:width] by ABI
    signals.tsv, errnos.tsv   number, name
"""
import argparse, concurrent.futures, filecmp, os, re, subprocess, sys, tempfile, zipfile

ABIS = (("x86_64", "x86_64-linux-gnu"), ("i386", "i386-linux-gnu"), ("x32", "x86_64-linux-gnux32"))
WHEEL = "ziglang==0.17.1"
# Included before a header that does not compile alone.
PRELUDE = """#include <stddef.h>
#include <stdint.h>
typedef __UINT32_TYPE__ u32; typedef __UINT64_TYPE__ u64; typedef long ssize_t; typedef int pid_t; typedef long off_t;
typedef unsigned uid_t; typedef unsigned gid_t; typedef char *caddr_t; typedef unsigned mode_t; typedef long time_t;
#include <linux/types.h>
#include <linux/posix_types.h>
#include <linux/socket.h>
#include <linux/time.h>
#include <linux/in.h>
#include <linux/ioctl.h>
#include <linux/if.h>
#include <sys/time.h>
"""
# What some headers expect of the C library's.
STUBS = {
    "sys/socket.h": "#include <linux/socket.h>\nstruct sockaddr { unsigned short sa_family; char sa_data[14]; };\n"
        "typedef unsigned short sa_family_t; typedef unsigned socklen_t;\n",
    "sys/time.h": "#include <linux/time.h>\nstruct timeval { long tv_sec; long tv_usec; };\n",
    "sys/types.h": "#include <linux/types.h>\n", "sys/ioctl.h": "#include <linux/ioctl.h>\n", "string.h": "", "stdlib.h": "",
    "strings.h": "", "stdio.h": "", "unistd.h": "", "limits.h": "#define PATH_MAX 4096\n", "net/if.h": "#include <linux/if.h>\n",
    "netinet/in.h": "#include <linux/in.h>\n#include <linux/in6.h>\n", "time.h": "#include <linux/time.h>\n", "errno.h": "",
    "signal.h": "#include <linux/signal.h>\n", "stdbool.h": "#define bool _Bool\n", "net/if_arp.h": "", "poll.h": "", "fcntl.h": "",
}
# Headers of the C library and the prefixes of what the kernel defines outside its UAPI.
LIBC = {
    "sys/socket.h": "AF_ PF_ SOCK_ MSG_ SOL_ SCM_ SHUT_ SO_",
    "netinet/in.h": "IPPROTO_ INADDR_ IP_ IPV6_ MCAST_",
    "netinet/tcp.h": "TCP_",
    "sys/wait.h": "W P_",
    "sched.h": "SCHED_ CLONE_",
    "signal.h": "SIG SA_ SI_ ILL_ FPE_ SEGV_ BUS_ TRAP_ CLD_ POLL_ SS_ SIGEV_",
    "fcntl.h": "O_ F_ FD_ LOCK_ AT_ S_ SPLICE_ SYNC_ POSIX_FADV_ DN_",
    "sys/stat.h": "S_ UTIME_",
    "sys/mman.h": "PROT_ MAP_ MS_ MADV_ MCL_ MREMAP_ MFD_ MLOCK_ PKEY_",
    "sys/epoll.h": "EPOLL", "sys/eventfd.h": "EFD_", "sys/signalfd.h": "SFD_", "sys/timerfd.h": "TFD_",
    "sys/inotify.h": "IN_", "poll.h": "POLL", "sys/resource.h": "RLIMIT_ RUSAGE_ PRIO_", "sys/time.h": "ITIMER_",
    "time.h": "CLOCK_ TIMER_", "sys/mount.h": "MS_ MNT_ UMOUNT_", "unistd.h": "F_OK R_OK W_OK X_OK SEEK_",
    "sys/ipc.h": "IPC_", "sys/shm.h": "SHM_", "sys/sem.h": "SEM GETVAL GETALL SETVAL SETALL GETPID GETNCNT GETZCNT",
    "sys/msg.h": "MSG_", "sys/random.h": "GRND_", "sys/xattr.h": "XATTR_", "sys/file.h": "LOCK_", "sys/statvfs.h": "ST_",
    "sys/personality.h": "PER_ ADDR_ SHORT_ WHOLE_ UNAME26 STICKY_ MMAP_ READ_", "sys/un.h": "SUN_",
    "sys/ptrace.h": "PTRACE_", "sys/uio.h": "RWF_", "sys/quota.h": "Q_", "sys/reboot.h": "RB_", "sys/klog.h": "SYSLOG_",
}
# Kernel-internal results that a tracer sees: include/linux/errno.h.
INTERNAL_ERRNOS = {512: "ERESTARTSYS", 513: "ERESTARTNOINTR", 514: "ERESTARTNOHAND", 515: "ENOIOCTLCMD",
    516: "ERESTART_RESTARTBLOCK", 517: "EPROBE_DEFER", 518: "EOPENSTALE", 519: "ENOPARAM", 521: "EBADHANDLE", 522: "ENOTSYNC",
    523: "EBADCOOKIE", 524: "ENOTSUPP", 525: "ETOOSMALL", 526: "ESERVERFAULT", 527: "EBADTYPE", 528: "EJUKEBOX",
    529: "EIOCBQUEUED", 530: "ERECALLCONFLICT", 531: "ENOGRACE"}

class Headers:
    def __init__(self, root):
        self.zig = os.path.join(root, "ziglang/zig")
        os.chmod(self.zig, 0o755)
        lib = os.path.join(root, "ziglang/lib")
        inc = os.path.join(lib, "libc/include")
        self.uapi = [os.path.join(inc, "x86-linux-any"), os.path.join(inc, "any-linux-any")]
        libc = [os.path.join(inc, d) for d in ("x86-linux-gnu", "generic-glibc")]
        stubs = os.path.join(root, "stubs")
        for name, text in STUBS.items():
            path = os.path.join(stubs, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.write("#pragma once\n" + text)
        self.base = ["-I" + d for d in (*self.uapi, lib + "/include", stubs)]
        self.libc = ["-I" + d for d in (*libc, *self.uapi, lib + "/include")]
    def clang(self, target, source, args, libc=False):
        command = [self.zig, "clang", "-target", target, "-nostdinc", "-ffreestanding", "-w", "-ferror-limit=0", "-x", "c", "-",
                   *(self.libc if libc else self.base), *args]
        if libc: command += ["-D_GNU_SOURCE", "-D__GLIBC_MINOR__=41"]
        return subprocess.run(command, input=source, capture_output=True, text=True)
    def names(self):
        found = set()
        for root in self.uapi:
            for where, _, files in os.walk(root):
                found.update(os.path.relpath(os.path.join(where, f), root) for f in files if f.endswith(".h"))
        # The architecture's own definitions go before the generic ones.
        found = (f for f in found if not f.startswith(("asm-generic/unistd", "asm/unistd")))
        return sorted(found, key=lambda f: (not f.startswith("asm/"), f.startswith("asm-generic/"), f))
    def text(self, name):
        for root in self.uapi:
            path = os.path.join(root, name)
            if os.path.exists(path):
                return open(path, encoding="utf-8", errors="replace").read()
        return ""

def evaluate(headers, target, prologue, exprs, libc=False):
    """The value of each expression that is an integer constant; those that are not are dropped."""
    exprs = list(exprs)
    while exprs:
        first = prologue.count("\n") + 2
        source = prologue + "\nconst unsigned long long V[] = {\n" + "\n".join(f"(unsigned long long)({e})," for e in exprs) + "\n};\n"
        run = headers.clang(target, source, ["-S", "-o", "-"], libc)
        if run.returncode == 0:
            values = [int(v) % 2**64 for v in re.findall(r"^\s+\.quad\s+(-?\d+)", run.stdout, re.M)]
            values32 = re.findall(r"^\s+\.(quad|zero|long)\s+(-?\d+)", run.stdout, re.M)
            out = []
            for kind, v in values32:
                if kind == "zero": out += [0] * (int(v) // 8)
                else: out.append(int(v) % 2**64)
            return dict(zip(exprs, out)) if len(out) == len(exprs) else {}
        bad = {int(n) - first - 0 for n in re.findall(r"<stdin>:(\d+):\d+: (?:fatal )?error", run.stderr)}
        bad = {b - 1 for b in bad}
        keep = [e for i, e in enumerate(exprs) if i not in bad]
        if len(keep) == len(exprs):
            return {}
        exprs = keep
    return {}

def own_macros(text):
    return re.findall(r"^[ \t]*#[ \t]*define[ \t]+([A-Za-z_]\w*)(?!\()[ \t]+\S", text, re.M)

def strip(text):
    return re.sub(r"//[^\n]*", "", re.sub(r"/\*.*?\*/", " ", text, flags=re.S))

def enumerators(text):
    for body in re.findall(r"\benum\b[^{;()]*\{([^}]*)\}", text):
        depth = 0; item = ""
        for c in body + ",":
            if c == "," and depth == 0:
                name = item.replace("\n", " ").split("=")[0].split("#")[0].strip()
                m = re.match(r"^[A-Za-z_]\w*$", name)
                if m: yield name
                item = ""
                continue
            depth += c == "("; depth -= c == ")"
            item += c

def prologue_of(headers, name):
    own = f"#include <{name}>\n"
    for text in (own, PRELUDE + own):
        if headers.clang(ABIS[0][1], text, ["-fsyntax-only"]).returncode == 0:
            return text
    return None

def parse_layouts(dump):
    """Structure -> [(path, type, offset, bits)] from -fdump-record-layouts."""
    for block in dump.split("*** Dumping AST Record Layout")[1:]:
        lines = block.strip("\n").split("\n")
        rows, stack, name, total = [], [], None, None
        for line in lines:
            m = re.match(r"^\s*(\d+)(?::(?:(\d+)-(\d+)|-))? \|(\s+)(.*)$", line)
            if not m:
                m = re.match(r"^\s*\| \[sizeof=(\d+), align=(\d+)", line)
                if m: total = (int(m[1]), int(m[2]))
                continue
            depth = (len(m[4]) - 1) // 2
            what = m[5]
            if depth == 0:
                name = what
                continue
            del stack[depth - 1:]
            if re.search(r"\((?:anonymous|unnamed)[^)]*\)$", what):
                stack.append(None)
                continue
            ctype, _, field = what.rpartition(" ")
            if not field or not re.match(r"^\w+$", field):
                stack.append(None); continue
            ctype = re.sub(r"\((?:anonymous|unnamed)[^)]*\)", "(anonymous)", ctype).split("::")[-1]
            stack.append(field)
            path = ".".join(s for s in stack if s)
            bits = (int(m[2]), int(m[3]) - int(m[2]) + 1) if m[2] else None
            rows.append((path, ctype, int(m[1]), bits))
        if name and total and "(" not in name:
            yield name, total, rows

def one_header(headers, name):
    """Constants and layouts that this header defines."""
    text = strip(headers.text(name))
    constants, layouts = {}, {}
    prologue = prologue_of(headers, name)
    if prologue is None:
        return name, None, None
    candidates = sorted(set(own_macros(text)) | set(enumerators(text)))
    guard = re.compile(r"^_+(UAPI|LINUX|ASM)?.*_H_*$")
    candidates = [c for c in candidates if not guard.match(c)]
    tags = set(re.findall(r"\b(?:struct|union)\s+(\w+)[^;{}()]*\{", text))
    dumps = []
    for abi, (_, target) in enumerate(ABIS):
        for c, v in evaluate(headers, target, prologue, candidates).items():
            constants.setdefault(c, [None] * 3)[abi] = v
        if not tags: continue
        run = headers.clang(target, prologue, ["-Xclang", "-fdump-record-layouts-complete", "-fsyntax-only"])
        found = [(n, t, r) for n, t, r in parse_layouts(run.stdout) if n.split()[-1] in tags]
        sizes = evaluate(headers, target, prologue,
            [f"sizeof((({n}*)0)->{path})" for n, _, rows in found for path, _, _, bits in rows if not bits])
        for n, total, rows in found:
            item = layouts.setdefault(n.split()[-1], {})
            item.setdefault(".", [n, None, None, None])[abi + 1] = f"0:{total[0]}"
            for path, ctype, offset, bits in rows:
                size = sizes.get(f"sizeof((({n}*)0)->{path})", 0)
                at = f"{offset}:{size}" + (f":{bits[0]}:{bits[1]}" if bits else "")
                item.setdefault(path, [ctype, None, None, None])[abi + 1] = at
    return name, constants, layouts

def is_ioctl(headers, header, text):
    """Names whose definition goes through _IO*, and those of headers of plain numbers."""
    names = set(re.findall(r"^\s*#\s*define\s+(\w+)\s+(?:\(\s*)?_(?:IO|IOR|IOW|IOWR|IOC)\s*\(", text, re.M))
    names |= set(re.findall(r"^\s*#\s*define\s+(\w+)\s+[A-Z0-9_]*_?IO[RW]{0,2}\s*\(", text, re.M))
    plain = {"asm-generic/ioctls.h": r"(?:T[CI]|FIO)\w+", "linux/sockios.h": r"SIOC\w+", "asm-generic/sockios.h": r"(?:SIOC|FIO)\w+",
        "linux/kd.h": r"(?:K|GIO|PIO|PIO_)\w+", "linux/vt.h": r"VT_[A-Z]+\w*", "linux/hdreg.h": r"HDIO_\w+", "linux/cdrom.h": r"(?:CDROM|DVD)\w+",
        "linux/fb.h": r"FBIO\w+", "linux/if_tun.h": r"TUN\w+", "linux/loop.h": r"LOOP_[A-Z_0-9]+", "linux/lp.h": r"LP[A-Z]+\w*",
        "linux/atmdev.h": r"ATM_\w+", "linux/nbd.h": r"NBD_[A-Z_]+", "linux/raw.h": r"RAW_\w+", "linux/soundcard.h": r"SNDCTL_\w+",
        "linux/wireless.h": r"SIOC\w+", "linux/fd.h": r"FD[A-Z]+", "linux/serial.h": r"TIOC\w+", "linux/ppp-ioctl.h": r"PPPIOC\w+",
        "linux/fs.h": r"(?:BLK\w+|FI[A-Z]+|FIBMAP)", "linux/random.h": r"RND\w+", "linux/x25.h": r"SIOC\w+", "linux/mroute.h": r"SIOC\w+"}
    if header in plain:
        every = re.findall(r"^\s*#\s*define\s+(\w+)\s+(?:0x[0-9A-Fa-f]+|\(?SIOC\w+|\(?_\w+)", text, re.M)
        names |= {n for n in every if re.fullmatch(plain[header], n)}
    return names

def write(out, name, comment, rows):
    with open(os.path.join(out, name), "w", encoding="utf-8") as f:
        f.write("".join(f"# {line}\n" for line in comment))
        f.write("".join("\t".join(row) + "\n" for row in rows))

def hexadecimal(v):
    return "-" if v is None else f"{v:#x}"

def extract(root, out):
    os.makedirs(out, exist_ok=True)
    headers = Headers(root)
    version = "Linux 7.2 UAPI headers, from the PyPI wheel " + WHEEL + "; made by extract.py."
    syscalls = []
    for abi, file in (("x86_64", "asm/unistd_64.h"), ("i386", "asm/unistd_32.h"), ("x32", "asm/unistd_x32.h")):
        for name, number in re.findall(r"#define __NR_(\w+)\s+\(?(?:__X32_SYSCALL_BIT \+ )?(\d+)\)?", headers.text(file)):
            syscalls.append((abi, int(number), name))
    write(out, "syscalls.tsv", [version, "abi, number, name"], [(a, str(n), s) for a, n, s in syscalls])

    constants, layouts, broken, ioctls = {}, {}, [], []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, found, structs in pool.map(lambda h: one_header(headers, h), headers.names()):
            if found is None:
                broken.append(name)
                continue
            requests = is_ioctl(headers, name, strip(headers.text(name)))
            for c, values in found.items():
                constants.setdefault(c, []).append((values, name))
                if c in requests and any(v is not None and 0 < v < 2**32 for v in values):
                    ioctls.append((values, c, name))
            for tag, item in structs.items():
                layouts.setdefault(tag, (item, name))
    rows = []
    for c in sorted(constants):
        seen = []
        for values, header in constants[c]:
            if values not in seen:
                seen.append(values)
                rows.append((c, *map(hexadecimal, values), header))
    write(out, "constants.tsv", [version, "name, value on x86_64, i386, x32, header",
        "Headers that do not compile: " + " ".join(broken)], rows)
    rows = []
    for tag in sorted(layouts):
        item, header = layouts[tag]
        for path, (ctype, *at) in item.items():
            rows.append((tag, path, ctype, *(a or "-" for a in at), header))
    write(out, "layouts.tsv", [version, "structure, member, type, offset:size[:bit:width] on x86_64, i386, x32, header"], rows)
    ioctls.sort(key=lambda r: (r[0][0] or 0, r[1]))
    write(out, "ioctls.tsv", [version, "number on x86_64, i386, x32, name, header"],
        [(*map(hexadecimal, v), n, h) for v, n, h in ioctls])

    extra = {}
    for header, prefixes in LIBC.items():
        source = f"#include <{header}>\n"
        run = headers.clang(ABIS[0][1], source, ["-E", "-dD"], libc=True)
        names = set(own_macros(run.stdout)) | set(enumerators(run.stdout))
        names = sorted(n for n in names if n.startswith(tuple(prefixes.split())) and n not in constants and n not in extra)
        for abi, (_, target) in enumerate(ABIS):
            for c, v in evaluate(headers, target, source, names, libc=True).items():
                extra.setdefault(c, [[None] * 3, header])[0][abi] = v
    write(out, "constants.extra.tsv", ["Constants that the kernel keeps outside its UAPI headers, as the C library defines them; "
        "made by extract.py.", "name, value on x86_64, i386, x32, header"],
        [(c, *map(hexadecimal, v), h) for c, (v, h) in sorted(extra.items())])

    text = headers.text("asm/signal.h")
    signals = {int(v): n for n, v in re.findall(r"#define\s+(SIG[A-Z0-9]+)\s+(\d+)\s", text) if int(v) < 32 and n not in
        ("SIGIOT", "SIGPOLL", "SIGLOST", "SIGUNUSED", "SIGRTMIN")}
    write(out, "signals.tsv", [version, "number, name"], [(str(n), s) for n, s in sorted(signals.items())])
    text = headers.text("asm-generic/errno-base.h") + headers.text("asm-generic/errno.h")
    errnos = {int(v): n for n, v in re.findall(r"#define\s+(E[A-Z0-9]+)\s+(\d+)\s", text)} | INTERNAL_ERRNOS
    write(out, "errnos.tsv", [version + " From 512 on: include/linux/errno.h.", "number, name"],
        [(str(n), s) for n, s in sorted(errnos.items())])
    return broken

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--wheel")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    data = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
    with tempfile.TemporaryDirectory() as work:
        wheel = options.wheel
        if not wheel:
            subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", work, WHEEL], check=True)
            wheel = next(os.path.join(work, f) for f in os.listdir(work) if f.endswith(".whl"))
        root = os.path.join(work, "wheel")
        zipfile.ZipFile(wheel).extractall(root)
        out = os.path.join(work, "data") if options.check else data
        broken = extract(root, out)
        print(f"{len(broken)} headers do not compile alone nor behind the prelude")
        if options.check:
            _, differ, missing = filecmp.cmpfiles(data, out, sorted(os.listdir(out)), shallow=False)
            for name in differ + missing:
                print(f"{name} differs")
            sys.exit(1 if differ or missing else 0)

main()
