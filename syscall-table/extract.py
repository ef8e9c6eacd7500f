#!/usr/bin/env python3
"""Extracts the facts of the Linux UAPI headers into data/*.tsv.

    python3 syscall-table/extract.py [--wheel FILE] [--check]

The PyPI wheel named by WHEEL ships the kernel's headers and a clang, so that nothing else is needed: the script
downloads it with pip (or takes the FILE given), and a newer kernel is a newer wheel. The compiler reads every header
for x86-64, i386 and x32, evaluates every constant and lays out every structure. Output is sorted: the same wheel gives
the same bytes. With --check the files are made elsewhere and compared; the exit status is 1 when they differ.
It takes some minutes.

Every file is tab-separated; '#' begins a comment. '-' stands for "not defined for this ABI".

    syscalls.tsv         ABI, number, name without __NR_. Numbers of x32 are without __X32_SYSCALL_BIT.
    constants.tsv        name, value on x86_64, i386, x32, header. Object-like macros and enumerators with an integer
                         value, converted to 64 bits as C does: -1 is 0xffffffffffffffff, -1U is 0xffffffff. A name
                         that headers define differently has a row for each value, in the order in which the headers
                         have a claim to it: the architecture's own first, what only some drivers include last.
    constants.extra.tsv  the same for constants that the kernel keeps outside its UAPI headers.
    ioctls.tsv           request number on x86_64, i386, x32, name, header. Requests are the macros made by _IO() and its
                         kin, however indirectly, and the older plain numbers listed in PLAIN_REQUESTS. Macros with
                         arguments (EVIOCGNAME(len)) have no row; their names are in a comment.
    layouts.tsv          structure, member, C type, offset:size on x86_64, i386, x32, header. Members of nested
                         structures are a.b, those of unnamed ones are the outer structure's, those of an array of
                         unnamed structures are a[0].b. A bit field is offset:size:bit:width, where bit counts from the
                         lowest bit of the byte at offset and size covers the bits. Member '.' is the whole structure,
                         0:size:alignment. Of headers that lay out one name differently the first counts; a comment
                         names the others.
    signals.tsv, errnos.tsv   number, name as strace prints it.
"""

import argparse
import concurrent.futures
import dataclasses
import filecmp
import functools
import os
import re
import subprocess
import sys
import tempfile
import zipfile

WHEEL = "ziglang==0.17.1"
ABIS = {"x86_64": "x86_64-linux-gnu", "i386": "i386-linux-gnu", "x32": "x86_64-linux-gnux32"}

# What headers expect of the C library's, told in the kernel's own terms: both define struct timeval, sockaddr_in and more.
STUBS = {
    "sys/socket.h": "#include <linux/socket.h>\ntypedef unsigned short sa_family_t; typedef unsigned socklen_t;\n"
    "struct sockaddr { sa_family_t sa_family; char sa_data[14]; };\n",
    "sys/types.h": "#include <linux/types.h>\n"
    "typedef __kernel_size_t size_t; typedef __kernel_ssize_t ssize_t; typedef __kernel_pid_t pid_t; typedef __kernel_off_t off_t;\n"
    "typedef __kernel_uid32_t uid_t; typedef __kernel_gid32_t gid_t; typedef __kernel_caddr_t caddr_t; typedef __kernel_mode_t mode_t;\n"
    "typedef unsigned short u_short; typedef unsigned u_int; typedef unsigned long u_long; typedef __kernel_old_time_t time_t; typedef __kernel_ino_t ino_t;\n"
    "typedef __kernel_old_dev_t dev_t;\n"
    "typedef __u8 uint8_t; typedef __u16 uint16_t; typedef __u32 uint32_t; typedef __u64 uint64_t;\n"
    "typedef __s8 int8_t; typedef __s16 int16_t; typedef __s32 int32_t; typedef __s64 int64_t;\n",
    "sys/time.h": "#include <linux/time.h>\n",
    "time.h": "#include <linux/time.h>\n",
    "sys/ioctl.h": "#include <asm/ioctls.h>\n#include <linux/ioctl.h>\n",
    "sys/sysmacros.h": "",
    "net/if.h": "#include <linux/if.h>\n",
    "netinet/in.h": "#include <linux/in.h>\n#include <linux/in6.h>\n",
    "netinet/if_ether.h": "#include <linux/if_ether.h>\n",
    "signal.h": "#include <linux/signal.h>\n",
    "stdint.h": "#include <sys/types.h>\n",
    "stdlib.h": "#include <sys/types.h>\n",
    "string.h": "#include <stddef.h>\n" + "".join(f"#define {f} __builtin_{f}\n" for f in ("memcpy", "memset", "strlen")),
    "xen/interface/xen.h": "typedef __UINT16_TYPE__ domid_t; typedef unsigned long xen_pfn_t, xen_ulong_t;\n",
    **dict.fromkeys(("strings.h", "stdio.h", "unistd.h", "errno.h", "fcntl.h", "poll.h", "endian.h"), ""),
}
# Tried in this order before a header that does not compile alone.
PRELUDES = (
    "",
    "#include <sys/types.h>\n#include <sys/socket.h>\n#include <sys/time.h>\n",
    "#include <sys/types.h>\n#include <sys/socket.h>\n#include <sys/time.h>\n#include <stddef.h>\n#include <linux/in.h>\n"
    "#include <linux/if.h>\n#include <asm/signal.h>\n#include <asm/sigcontext.h>\n"
    "typedef __u8 u8; typedef __u16 u16; typedef __u32 u32; typedef __u64 u64;\n"
    "typedef __u16 domid_t; typedef __u32 grant_ref_t;\n#define MSG_FIN 0x200\n"
    "#define sockaddr_storage __kernel_sockaddr_storage\n",
)
# Headers that are no interface of the kernel, or are only meant to be included by another.
SKIPPED = re.compile(r"asm(-generic)?/unistd\w*\.h|linux/patchkey\.h")
# The headers that define requests as plain numbers, and the names of those requests.
PLAIN_REQUESTS = {
    "asm-generic/ioctls.h": r"(?!TIOCM_|TIOCPKT_|TIOCSER_)(?:TC|TIOC|FIO)\w+",
    "asm-generic/sockios.h": r"(?:SIOC|FIO)\w+",
    "linux/sockios.h": r"SIOC\w+",
    "linux/atalk.h": r"SIOC\w+",
    "linux/ax25.h": r"SIOC\w+",
    "linux/cdrom.h": r"CDROM(?!_)[A-Z_]+\w*|CDROM_(?:LAST_WRITTEN|NEXT_WRITABLE|SET_OPTIONS|CLEAR_OPTIONS|SELECT_SPEED|SELECT_DISC"
    r"|MEDIA_CHANGED|TIMED_MEDIA_CHANGE|DRIVE_STATUS|DISC_STATUS|CHANGER_NSLOTS|LOCKDOOR|DEBUG|GET_CAPABILITY|SEND_PACKET|GET_MCN)"
    r"|DVD_(?:READ_STRUCT|WRITE_STRUCT|AUTH)",
    "linux/cyclades.h": r"CY[A-Z]\w+",
    "linux/fb.h": r"FBIO\w+",
    "linux/fs.h": r"BLK\w+|FI[A-Z]+",
    "linux/hdreg.h": r"HDIO_(?!DRIVE_CMD_HDR|DRIVE_TASK_HDR)\w+",
    "linux/i2c-dev.h": r"I2C_(?!RDWR_IOCTL)\w+",
    "linux/if_cablemodem.h": r"SIOC\w+",
    "linux/if_pppox.h": r"PPPOEIOC\w+",
    "linux/if_tunnel.h": r"SIOC\w+",
    "linux/kd.h": r"(?:GIO_|PIO_|KD(?!_)|KI)\w+",
    "linux/loop.h": r"LOOP_\w+",
    "linux/lp.h": r"LP[A-Z]+(?:_OLD|_NEW)?",
    "linux/mroute.h": r"SIOC\w+",
    "linux/mroute6.h": r"SIOC\w+",
    "linux/netrom.h": r"SIOC\w+",
    "linux/rose.h": r"SIOC\w+",
    "linux/scc.h": r"SIOC\w+",
    "linux/serial.h": r"TIOC\w+",
    "linux/tipc.h": r"SIOC\w+",
    "linux/vt.h": r"VT_[A-Z]+",
    "linux/wireless.h": r"SIOC\w+",
    "linux/x25.h": r"SIOC\w+",
    "scsi/scsi_ioctl.h": r"SCSI_IOCTL_(?!SYNCHRONOUS)\w+",
    "scsi/sg.h": r"SG_(?:[GS]ET_|EMULATED_HOST|SCSI_RESET|IO\b|NEXT_CMD_LEN)\w*",
    "scsi/scsi.h": r"SCSI_IOCTL_\w+",
}
# Values in those headers that belong to requests, and are none. SIOCDEVPRIVATE and SIOCPROTOPRIVATE begin ranges.
NO_REQUESTS = re.compile(r"SIOC(?:DEV|PROTO)PRIVATE|SIOCIW(?:FIRST|LAST)\w*")

# Where the C library has what the kernel keeps outside its UAPI headers, and the prefixes of those names.
LIBC = {
    "sys/socket.h": "AF_ PF_ SOCK_ MSG_ SOL_ SCM_ SHUT_ SO_",
    "netinet/in.h": "IPPROTO_ INADDR_ IP_ IPV6_ MCAST_ SOL_",
    "netinet/tcp.h": "TCP_ SOL_",
    "netinet/udp.h": "UDP_ SOL_",
    "sys/wait.h": "W P_",
    "sched.h": "SCHED_ CLONE_",
    "signal.h": "SIG SA_ SI_ ILL_ FPE_ SEGV_ BUS_ TRAP_ CLD_ POLL_ SS_",
    "fcntl.h": "O_ F_ FD_ LOCK_ AT_ S_ SPLICE_ SYNC_ POSIX_FADV_ DN_",
    "sys/stat.h": "S_ UTIME_",
    "sys/mman.h": "PROT_ MAP_ MS_ MADV_ MCL_ MREMAP_ MFD_ MLOCK_ PKEY_",
    "sys/epoll.h": "EPOLL",
    "sys/eventfd.h": "EFD_",
    "sys/signalfd.h": "SFD_",
    "sys/timerfd.h": "TFD_",
    "sys/inotify.h": "IN_",
    "poll.h": "POLL",
    "sys/resource.h": "RLIMIT_ RUSAGE_ PRIO_",
    "sys/time.h": "ITIMER_",
    "time.h": "CLOCK_ TIMER_",
    "sys/mount.h": "MS_ MNT_ UMOUNT_",
    "unistd.h": "F_OK R_OK W_OK X_OK SEEK_",
    "sys/ipc.h": "IPC_",
    "sys/shm.h": "SHM_",
    "sys/sem.h": "SEM GETVAL GETALL SETVAL SETALL GETPID GETNCNT GETZCNT",
    "sys/msg.h": "MSG_",
    "sys/random.h": "GRND_",
    "sys/xattr.h": "XATTR_",
    "sys/file.h": "LOCK_",
    "sys/statvfs.h": "ST_",
    "sys/personality.h": "PER_ ADDR_ SHORT_ WHOLE_ UNAME26 STICKY_ MMAP_ READ_",
    "sys/ptrace.h": "PTRACE_",
    "sys/uio.h": "RWF_",
    "sys/quota.h": "Q_",
    "sys/reboot.h": "RB_",
}
# Neither the UAPI nor the C library has these: the value, the same for each ABI, and where the kernel defines it.
KERNEL_ONLY = {
    "include/linux/socket.h": {
        "MSG_PROBE": 0x10,
        "MSG_SENDPAGE_NOPOLICY": 0x10000,
        "MSG_NO_SHARED_FRAGS": 0x80000,
        "MSG_SENDPAGE_DECRYPTED": 0x100000,
        "MSG_SPLICE_PAGES": 0x8000000,
        "MSG_CMSG_COMPAT": 0x80000000,
        "SOL_SCTP": 132,
        "SOL_UDPLITE": 136,
        "SOL_NETROM": 259,
        "SOL_ROSE": 260,
        "SOL_AX25": 257,
        "SOL_ATALK": 258,
        "SOL_IPX": 256,
        "SOL_RDS": 276,
        "SOL_TIPC": 271,
        "SOL_NFC": 280,
        "SOL_VSOCK": 287,
    },
}
# Results that only a tracer sees: include/linux/errno.h.
INTERNAL_ERRNOS = {
    512: "ERESTARTSYS",
    513: "ERESTARTNOINTR",
    514: "ERESTARTNOHAND",
    515: "ENOIOCTLCMD",
    516: "ERESTART_RESTARTBLOCK",
    517: "EPROBE_DEFER",
    518: "EOPENSTALE",
    519: "ENOPARAM",
    521: "EBADHANDLE",
    522: "ENOTSYNC",
    523: "EBADCOOKIE",
    524: "ENOTSUPP",
    525: "ETOOSMALL",
    526: "ESERVERFAULT",
    527: "EBADTYPE",
    528: "EJUKEBOX",
    529: "EIOCBQUEUED",
    530: "ERECALLCONFLICT",
    531: "ENOGRACE",
}


class Headers:
    """The unpacked wheel: its headers, and its compiler set up to read them."""

    def __init__(self, root):
        self.zig = os.path.join(root, "ziglang/zig")
        os.chmod(self.zig, 0o755)
        include = os.path.join(root, "ziglang/lib/libc/include")
        builtin = os.path.join(root, "ziglang/lib/include")
        self.roots = [os.path.join(include, d) for d in ("x86-linux-any", "any-linux-any")]
        stubs = os.path.join(root, "stubs")
        for name, text in STUBS.items():
            path = os.path.join(stubs, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as f:
                f.write("#pragma once\n" + text)
        # The stub of stdint.h has to hide the compiler's, whose types clash with what linux/types.h leads to.
        self.uapi_path = [*self.roots, stubs, builtin]
        self.libc_path = [os.path.join(include, d) for d in ("x86-linux-gnu", "generic-glibc")] + [*self.roots, builtin]

    def run(self, abi, source, *args, libc=False):
        """Compiles source for an ABI; args choose what comes out on standard output."""
        path = self.libc_path if libc else self.uapi_path
        command = [self.zig, "clang", "-target", ABIS[abi], "-nostdinc", "-ffreestanding", "-w", "-ferror-limit=0"]
        command += [*("-I" + d for d in path), "-x", "c", "-", *args]
        if libc:
            command += ["-D_GNU_SOURCE", "-D__GLIBC_MINOR__=41"]
        return subprocess.run(command, input=source, capture_output=True, text=True, errors="replace", check=False)

    def names(self):
        """All headers, those with the better claim to a name first."""
        found = set()
        for root in self.roots:
            for where, _, files in os.walk(root):
                found.update(os.path.relpath(os.path.join(where, f), root) for f in files if f.endswith(".h"))
        return sorted((f for f in found if not SKIPPED.fullmatch(f)), key=claim)

    def text(self, name):
        for root in self.roots:
            path = os.path.join(root, name)
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as f:
                    return f.read()
        return ""

    @functools.cache
    def code(self, name):
        """The text with its comments blanked out, so that lines and columns stay."""
        return re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m[0]), self.text(name), flags=re.S)

    def relative(self, path):
        """The name by which a path is included."""
        for root in self.roots:
            if path.startswith(root + "/"):
                return path[len(root) + 1 :]
        return path


def claim(header):
    """Sorts headers: asm/, asm-generic/ and linux/ itself, the subdirectories of linux/, the rest."""
    first, _, rest = header.partition("/")
    rank = ["asm", "asm-generic", "linux"].index(first) if first in ("asm", "asm-generic", "linux") else 4
    return (rank if rank != 2 or "/" not in rest else 3, header)


@dataclasses.dataclass
class Reading:
    """What the preprocessor makes of one header for one ABI."""

    source: str
    macros: dict  # of this header: name -> body
    functions: dict  # macros with arguments of every header it includes: name -> body
    every: dict  # object-like macros of every header it includes: name -> body
    text: str  # of this header, macros expanded


def read(headers, abi, header):
    """A Reading, or None for a header that does not compile whatever is included before it."""
    # An asm-generic header is in force only as the architecture's header of that name includes it.
    own = header.replace("asm-generic/", "asm/", 1) if header.startswith("asm-generic/") else header
    include = own if headers.text(own) else header
    for prelude in PRELUDES:
        source = f"{prelude}#include <{include}>\n"
        if headers.run(abi, source, "-fsyntax-only").returncode == 0:
            break
    else:
        return None
    run = headers.run(abi, source, "-E", "-dD")
    reading = Reading(source, {}, {}, {}, "")
    text, here = [], False
    for line in run.stdout.split("\n"):
        if m := re.match(r'# \d+ "([^"]*)"', line):
            here = headers.relative(m[1]) == header
        elif m := re.match(r"#define (\w+)(\([^)]*\))?(?: (.*))?$", line):
            name, arguments, body = m[1], m[2], m[3] or ""
            if arguments:
                reading.functions[name] = body
            else:
                reading.every[name] = body
                if here:
                    reading.macros[name] = body
        elif m := re.match(r"#undef (\w+)", line):
            for known in (reading.macros, reading.every, reading.functions):
                known.pop(m[1], None)
        elif here and not line.startswith("#"):
            text.append(line)
    reading.text = "\n".join(text)
    return reading


def may_be_integer(name, body):
    """Whether a macro is worth the compiler's time; what is unbalanced would spoil the lines after it."""
    guard = re.fullmatch(r"_.*_H_*|_.*_H_INCLUDED", name)
    body = re.sub(r"'.'", "0", body)
    balanced = body.count("(") == body.count(")")
    return body and not guard and balanced and not re.search(r'["{};#\\]|\d\.\d|^(?:__attribute__|typedef|extern|struct|union)\b', body)


def enumerators(text):
    for body in re.findall(r"\benum\b[^{};()]*\{([^}]*)\}", text):
        depth, item = 0, ""
        for c in body + ",":
            if c == "," and depth == 0:
                name = item.split("=")[0].strip()
                if re.fullmatch(r"[A-Za-z_]\w*", name):
                    yield name
                item = ""
            else:
                depth += (c == "(") - (c == ")")
                item += c


def checked(headers, abi, source, exprs, libc=False):
    """The expressions that are integer constants, and what the compiler printed."""
    lines = "\n".join(f'_Static_assert(((unsigned long long)({e}))|1,"");' for e in exprs)
    run = headers.run(abi, source + lines, "-fsyntax-only", "-Xclang", "-fdump-record-layouts-complete", libc=libc)
    first = source.count("\n") + 1
    bad = {int(n) - first for n in re.findall(r"^<stdin>:(\d+):\d+: (?:fatal )?error", run.stderr, re.M)}
    return [e for i, e in enumerate(exprs) if i not in bad], run.stdout


def values(headers, abi, source, exprs, libc=False):
    """The value of each expression; all must be integer constants."""
    if not exprs:
        return {}
    text = source + "const unsigned long long V[] = {" + ",\n".join(f"(unsigned long long)({e})" for e in exprs) + "};\n"
    run = headers.run(abi, text, "-S", "-emit-llvm", "-o", "-", libc=libc)
    row = re.search(r"^@V = .*? x i64\] (zeroinitializer|\[.*?\]),", run.stdout, re.M)
    if not row:
        raise SystemExit(f"the compiler refuses {source!r} for {abi}: {run.stderr[:2000]}")
    numbers = [int(v) % 2**64 for v in re.findall(r"i64 (-?\d+)", row[1])] or [0] * len(exprs)
    return dict(zip(exprs, numbers, strict=True))


def constants_of(headers, abi, source, exprs, libc=False):
    """The value of each expression that is an integer constant, and the compiler's dump of structures."""
    good, dump = checked(headers, abi, source, exprs, libc)
    # The parser may have blamed an innocent line after a broken one.
    rest = [e for e in exprs if e not in set(good)]
    while rest:
        more, _ = checked(headers, abi, source, rest, libc)
        if not more:
            break
        good += more
        rest = [e for e in rest if e not in set(more)]
    return values(headers, abi, source, good, libc), dump


UNNAMED = re.compile(r"(?:(?:\w+|\(unnamed \w+\))::)*\((?:unnamed|anonymous)(?: (?:struct|union|enum))?(?: at ([^()]*?:\d+:\d+))?\)")


@dataclasses.dataclass
class Record:
    """A structure or union as the compiler lays it out."""

    ctype: str
    place: str  # file:line:column where an unnamed one is defined
    size: int = 0
    align: int = 0
    fields: list = dataclasses.field(default_factory=list)  # (path, type, offset, (bit, width) or None, place of an unnamed type)


def records(dump):
    """Reads what -fdump-record-layouts-complete prints."""
    for block in dump.split("*** Dumping AST Record Layout")[1:]:
        record, stack = None, []
        for line in block.split("\n"):
            if m := re.match(r"\s*\| \[sizeof=(\d+), align=(\d+)", line):
                record.size, record.align = int(m[1]), int(m[2])
                break
            m = re.match(r"\s*(\d+)(?::(?:(\d+)-(\d+)|-))? \| ( *)(.*)$", line)
            if not m:
                continue
            places = UNNAMED.findall(m[5])
            place = places[-1] if places else ""
            what = UNNAMED.sub("", m[5]).replace("::", "") if places else re.sub(r"\w+::", "", m[5])
            if record is None:
                record = Record(what.strip(), place)
                continue
            del stack[len(m[4]) // 2 - 1 :]
            ctype, _, name = what.rpartition(" ")
            stack.append(name)
            if name and not name.startswith("__empty_"):
                path = ".".join(s for s in stack if s)
                bits = (int(m[2]), int(m[3]) - int(m[2]) + 1) if m[2] else None
                record.fields.append((path, ctype.strip().replace(" [", "["), int(m[1]), bits, place))
        if record:
            yield record


def typedef_at(headers, place):
    """The header and name of `typedef struct { … } name` that begins at a place."""
    path, line, column = place.rsplit(":", 2)
    header = headers.relative(path)
    text = headers.code(header)
    start = sum(len(x) + 1 for x in text.split("\n")[: int(line) - 1]) + int(column) - 1
    if not re.search(r"typedef\s*$", text[:start]):
        return header, None
    depth = 0
    for i in range(start, len(text)):
        depth += (text[i] == "{") - (text[i] == "}")
        if text[i] == "}" and depth == 0:
            m = re.match(r"\}\s*(?:__attribute__\s*\(\(.*?\)\)|__packed)?\s*(\w+)", text[i:], re.S)
            return header, m and m[1]
    return header, None


def layouts_of(headers, abi, header, reading, dump):
    """Structure -> member -> (type, position) for the structures that a header defines."""
    tags = set(re.findall(r"\b(?:struct|union)\s+(?:__attribute__\s*\(\(.*?\)\)\s*)?(\w+)\s*\{", reading.text))
    found, elements = {}, {}
    for record in records(dump):
        if record.place:
            elements[record.place] = record
            where, name = typedef_at(headers, record.place)
            if name and where == header:
                found[name] = dataclasses.replace(record, ctype=name)
        elif record.ctype.split()[-1] in tags:
            found[record.ctype.split()[-1]] = record
    flat = {}
    for name, record in found.items():
        fields = list(record.fields)
        for path, ctype, offset, bits, place in record.fields:
            if re.search(r"\[[1-9]\d*\]$|\[\]$", ctype) and place in elements:
                fields += [(f"{path}[0].{p}", t, offset + o, b, pl) for p, t, o, b, pl in elements[place].fields]
        flat[name] = fields
    sizeof = {}
    for name, fields in flat.items():
        for path, ctype, _, bits, _ in fields:
            if not bits and not ctype.endswith("[]"):
                sizeof[name, path] = f"sizeof((({found[name].ctype}*)0)->{path})"
    good, _ = checked(headers, abi, reading.source, list(sizeof.values()))
    sizes = values(headers, abi, reading.source, good)
    out = {}
    for name, fields in flat.items():
        record = found[name]
        members = {".": (record.ctype, f"0:{record.size}:{record.align}")}
        for path, ctype, offset, bits, _ in fields:
            size = (sum(bits) + 7) // 8 if bits else sizes.get(sizeof.get((name, path)), 0)
            at = f"{offset}:{size}" + (f":{bits[0]}:{bits[1]}" if bits else "")
            members.setdefault(path, (ctype, at))
        out[name] = members
    return out


BUILDERS = {"_IO", "_IOR", "_IOW", "_IOWR", "_IOC", "_IOR_BAD", "_IOW_BAD", "_IOWR_BAD"}


def builds_request(body, reading, seen=()):
    """Whether a macro's body makes a request number: _IO(…), a macro around it, or another request's name."""
    body = re.sub(r"\b_IOC_(?:NR|TYPE|SIZE|DIR)\s*\([^()]*\)", "", body)
    alone = body.strip("() ")
    if alone in reading.every and alone not in seen:
        return builds_request(reading.every[alone], reading, (*seen, alone))
    for callee in re.findall(r"\b(\w+)\s*\(", body):
        if callee in BUILDERS:
            return True
        if callee in reading.functions and callee not in seen and builds_request(reading.functions[callee], reading, (*seen, callee)):
            return True
    return False


def is_request(header, name, reading):
    if builds_request(reading.macros.get(name, ""), reading):
        return True
    return bool(header in PLAIN_REQUESTS and re.fullmatch(PLAIN_REQUESTS[header], name) and not NO_REQUESTS.fullmatch(name))


@dataclasses.dataclass
class Facts:
    """What one header defines; lists have an entry for each ABI."""

    header: str
    compiles: bool = True
    constants: dict = dataclasses.field(default_factory=dict)  # name -> values
    requests: set = dataclasses.field(default_factory=set)
    with_arguments: set = dataclasses.field(default_factory=set)  # requests that are macros with arguments
    layouts: dict = dataclasses.field(default_factory=dict)  # structure -> member -> [type, positions]


def facts_of(headers, header):
    facts = Facts(header)
    own_functions = set(re.findall(r"^\s*#\s*define\s+(\w+)\(", headers.text(header), re.M))
    for i, abi in enumerate(ABIS):
        reading = read(headers, abi, header)
        if reading is None:
            facts.compiles = False
            continue
        names = [n for n, body in reading.macros.items() if may_be_integer(n, body)]
        names = sorted(set(names) | set(enumerators(reading.text)))
        if not names and "{" not in reading.text:
            continue
        found, dump = constants_of(headers, abi, reading.source, names)
        for name, value in found.items():
            facts.constants.setdefault(name, [None] * 3)[i] = value
            if is_request(header, name, reading) and 0 < value < 2**32:
                facts.requests.add(name)
        for name in own_functions & set(reading.functions):
            if builds_request(reading.functions[name], reading) and name not in BUILDERS:
                facts.with_arguments.add(name)
        for tag, members in layouts_of(headers, abi, header, reading, dump).items():
            item = facts.layouts.setdefault(tag, {})
            for path, (ctype, at) in members.items():
                item.setdefault(path, [ctype, None, None, None])[i + 1] = at
    return facts


def write(out, name, comment, rows):
    with open(os.path.join(out, name), "w", encoding="utf-8") as f:
        f.write("".join(f"# {line}\n" for line in comment))
        f.write("".join("\t".join(row) + "\n" for row in rows))


def hexadecimal(value):
    return "-" if value is None else f"{value:#x}"


def merge(mine, others):
    """Adds what others has for ABIs that mine lacks; False when they disagree."""
    if any(a is not None and b is not None and a != b for a, b in zip(mine, others, strict=True)):
        return False
    mine[:] = [b if a is None else a for a, b in zip(mine, others, strict=True)]
    return True


def write_constants(out, version, every):
    known = {}
    for facts in every:
        for name, numbers in facts.constants.items():
            if not any(merge(mine, numbers) for mine, _ in known.setdefault(name, [])):
                known[name].append((list(numbers), facts.header))
    broken = " ".join(f.header for f in every if not f.compiles)
    rows = [(name, *map(hexadecimal, v), h) for name in sorted(known) for v, h in known[name]]
    comment = [version, "name, value on x86_64, i386, x32, header", f"Headers that do not compile: {broken or 'none'}"]
    write(out, "constants.tsv", comment, rows)
    return known


def write_requests(out, version, every):
    rows = {(tuple(f.constants[n]), n): f.header for f in reversed(every) for n in f.requests}
    order = sorted(rows.items(), key=lambda r: (max(v or 0 for v in r[0][0]) & 0xFFFF, [v or 0 for v in r[0][0]], r[0][1]))
    functions = " ".join(sorted({n for f in every for n in f.with_arguments}))
    comment = [version, "number on x86_64, i386, x32, name, header", f"Macros with arguments, not here: {functions}"]
    write(out, "ioctls.tsv", comment, [(*map(hexadecimal, v), n, h) for (v, n), h in order])


def write_layouts(out, version, every):
    known, others = {}, []
    for facts in every:
        for tag, members in facts.layouts.items():
            mine, _ = known.setdefault(tag, ({}, facts.header))
            for i in (1, 2, 3):
                column = {path: item[i] for path, item in members.items() if item[i]}
                # asm/msgbuf.h has x32's structures, asm-generic/msgbuf.h those of the other ABIs.
                if not any(item[i] for item in mine.values()):
                    for path, at in column.items():
                        mine.setdefault(path, [members[path][0], None, None, None])[i] = at
                elif column and column != {path: item[i] for path, item in mine.items() if item[i]}:
                    others.append(f"{tag}({facts.header})")
                    break
    rows = []
    for tag, (members, header) in sorted(known.items()):
        rows += [(tag, path, ctype, *(a or "-" for a in at), header) for path, (ctype, *at) in members.items()]
    comment = [version, "structure, member, type, offset:size[:bit:width] on x86_64, i386, x32, header"]
    comment.append("Not here, as another header has that name: " + (" ".join(sorted(others)) or "none"))
    write(out, "layouts.tsv", comment, rows)


def write_extra(out, headers, known):
    extra = {name: ([value] * 3, source) for source, names in KERNEL_ONLY.items() for name, value in names.items()}
    for header, prefixes in LIBC.items():
        source = f"#include <{header}>\n"
        text = headers.run("x86_64", source, "-E", "-dD", libc=True).stdout
        macros = dict(re.findall(r"^#define (\w+) (.*)$", text, re.M))
        names = {n for n, body in macros.items() if may_be_integer(n, body)}
        names |= set(enumerators(re.sub(r"^#.*$", "", text, flags=re.M)))
        names = sorted(n for n in names if n.startswith(tuple(prefixes.split())) and n not in known and n not in extra)
        for i, abi in enumerate(ABIS):
            for name, value in constants_of(headers, abi, source, names, libc=True)[0].items():
                extra.setdefault(name, ([None] * 3, header))[0][i] = value
    comment = ["Constants that the kernel keeps outside its UAPI headers, as the C library or the kernel's include/ has them; "
               "made by extract.py.", "name, value on x86_64, i386, x32, header"]  # fmt: skip
    write(out, "constants.extra.tsv", comment, [(n, *map(hexadecimal, v), h) for n, (v, h) in sorted(extra.items())])


def write_numbered(out, headers, version):
    calls = []
    for abi, file in (("x86_64", "asm/unistd_64.h"), ("i386", "asm/unistd_32.h"), ("x32", "asm/unistd_x32.h")):
        found = re.findall(r"#define __NR_(\w+)\s+\(?(?:__X32_SYSCALL_BIT \+ )?(\d+)\)?", headers.text(file))
        calls += sorted((abi, int(number), name) for name, number in found)
    calls.sort(key=lambda c: (list(ABIS).index(c[0]), c[1]))
    write(out, "syscalls.tsv", [version, "ABI, number, name"], [(a, str(n), s) for a, n, s in calls])

    found = re.findall(r"#define\s+(SIG[A-Z0-9]+)\s+(\d+)\s", headers.text("asm/signal.h"))
    second = ("SIGIOT", "SIGPOLL", "SIGLOST", "SIGUNUSED", "SIGRTMIN")
    signals = {int(v): n for n, v in found if int(v) < 32 and n not in second}
    write(out, "signals.tsv", [version, "number, name"], [(str(n), s) for n, s in sorted(signals.items())])

    text = headers.text("asm-generic/errno-base.h") + headers.text("asm-generic/errno.h")
    errnos = {int(v): n for n, v in re.findall(r"#define\s+(E[A-Z0-9]+)\s+(\d+)\s", text)} | INTERNAL_ERRNOS
    comment = [version, "number, name; from 512 on those of include/linux/errno.h"]
    write(out, "errnos.tsv", comment, [(str(n), s) for n, s in sorted(errnos.items())])


def extract(root, out):
    headers = Headers(root)
    code = int(re.search(r"LINUX_VERSION_CODE (\d+)", headers.text("linux/version.h"))[1])
    version = f"Linux {code >> 16}.{code >> 8 & 255} UAPI headers, from the PyPI wheel {WHEEL}; made by extract.py."
    os.makedirs(out, exist_ok=True)
    write_numbered(out, headers, version)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        every = list(pool.map(lambda h: facts_of(headers, h), headers.names()))
    known = write_constants(out, version, every)
    write_requests(out, version, every)
    write_layouts(out, version, every)
    write_extra(out, headers, known)
    return [f.header for f in every if not f.compiles]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", help=f"the wheel {WHEEL}, instead of downloading it")
    parser.add_argument("--check", action="store_true", help="compare with the files that are there, and write none")
    options = parser.parse_args()
    data = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
    with tempfile.TemporaryDirectory() as work:
        wheel = options.wheel
        if not wheel:
            subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", work, WHEEL], check=True)
            wheel = next(os.path.join(work, f) for f in os.listdir(work) if f.endswith(".whl"))
        root = os.path.join(work, "wheel")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(root)
        out = os.path.join(work, "data") if options.check else data
        for header in extract(root, out):
            print(f"does not compile: {header}", file=sys.stderr)
        if options.check:
            _, differ, missing = filecmp.cmpfiles(data, out, sorted(os.listdir(out)), shallow=False)
            for name in differ + missing:
                print(f"{name} differs")
            sys.exit(1 if differ or missing else 0)


if __name__ == "__main__":
    main()
