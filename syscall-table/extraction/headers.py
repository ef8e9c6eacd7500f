"""The kernel's headers and the compiler that reads them."""

import dataclasses
import itertools
import os
import re
import subprocess

ABIS = {"x86_64": "x86_64-linux-gnu", "i386": "i386-linux-gnu", "x32": "x86_64-linux-gnux32"}

# What headers expect of the C library's, told in the kernel's own terms: both define struct timeval, sockaddr_in and more.
STUBS = {
    "sys/socket.h": "#include <linux/socket.h>\ntypedef unsigned short sa_family_t; typedef unsigned socklen_t;\n"
    "struct sockaddr { sa_family_t sa_family; char sa_data[14]; };\n",
    "sys/types.h": "#include <linux/types.h>\n"
    "typedef __kernel_size_t size_t; typedef __kernel_ssize_t ssize_t; typedef __kernel_pid_t pid_t; typedef __kernel_off_t off_t;\n"
    "typedef __kernel_uid32_t uid_t; typedef __kernel_gid32_t gid_t; typedef __kernel_caddr_t caddr_t; typedef __kernel_mode_t mode_t;\n"
    "typedef unsigned short u_short; typedef unsigned u_int; typedef unsigned long u_long;\n"
    "typedef __kernel_old_time_t time_t; typedef __kernel_ino_t ino_t;\n"
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
# After a header: what its macros use and it does not include, since nobody expands them there. The first that compiles.
EPILOGUES = (
    "#include <linux/ioctl.h>\n#include <linux/types.h>\n#include <linux/major.h>\n#include <sys/types.h>\n#include <linux/const.h>\n"
    "#include <asm/fcntl.h>\n#include <asm/errno.h>\n#include <linux/sockios.h>\n#include <linux/limits.h>\n"
    "#include <linux/netlink.h>\n#include <linux/atmioc.h>\n#include <linux/usb/ch9.h>\ntypedef __u64 u64;\n"
    "#define BIT(n) (1UL << (n))\n#define GENMASK(high, low) ((~0UL << (low)) & (~0UL >> (__BITS_PER_LONG - 1 - (high))))\n",
    "#include <linux/ioctl.h>\n#include <linux/types.h>\n",
    "",
)
# Those that have to include more for their requests' arguments.
COMPANIONS = {
    "asm-generic/ioctls.h": "asm/termbits.h linux/serial.h",
    "linux/fs.h": "linux/blktrace_api.h linux/fiemap.h",
    "linux/ivtvfb.h": "linux/videodev2.h",
    "linux/ppdev.h": "linux/time.h",
    "linux/ppp-ioctl.h": "linux/filter.h",
    "misc/xilinx_sdfec.h": "stdbool.h",
}
# Headers that are no interface of the kernel, or are only meant to be included by another.
SKIPPED = re.compile(r"asm(-generic)?/unistd\w*\.h|linux/patchkey\.h")


class Headers:
    """The unpacked wheel: its headers, and its compiler set up to read them."""

    def __init__(self, root):
        self.blanked = {}
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

    def code(self, name):
        """The text with its comments blanked out, so that lines and columns stay."""
        if name not in self.blanked:
            self.blanked[name] = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m[0]), self.text(name), flags=re.S)
        return self.blanked[name]

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
    enumerators: dict  # of this header: name -> what it is set to
    text: str  # of this header, macros expanded


def read(headers, abi, header):
    """A Reading, or None for a header that does not compile whatever is included before it."""
    # An asm-generic header is in force only as the architecture's header of that name includes it.
    own = header.replace("asm-generic/", "asm/", 1) if header.startswith("asm-generic/") else header
    include = own if headers.text(own) else header
    companions = "".join(f"#include <{c}>\n" for c in COMPANIONS.get(header, "").split())
    for epilogue, prelude in itertools.product(EPILOGUES, PRELUDES):
        source = f"{prelude}#include <{include}>\n{companions}{epilogue}"
        if headers.run(abi, source, "-fsyntax-only").returncode == 0:
            break
    else:
        return None
    run = headers.run(abi, source, "-E", "-dD")
    reading = Reading(source, {}, {}, {}, {}, "")
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
    # Expanded, they are plain numbers.
    reading.enumerators = dict(re.findall(r"^\s*(\w+)\s*=\s*(\w+\s*\([^;{}]*?\))\s*,?\s*$", headers.code(header), re.M))
    return reading
