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
    ioctls.tsv           request number on x86_64, i386, x32, name, header. Requests are the macros and enumerators made
                         by _IO() and its kin, however indirectly, and the older plain numbers; extraction/requests.py
                         says which names strace does not print, and adds those that it prints and no header has. Macros
                         with arguments (EVIOCGNAME(len)) have no row; their names are in a comment.
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
import os
import re
import subprocess
import sys
import tempfile
import zipfile

from extraction.elsewhere import INTERNAL_ERRNOS, KERNEL_ONLY, LIBC
from extraction.evaluate import constants_of, enumerators, may_be_integer
from extraction.headers import ABIS, Headers, read
from extraction.layouts import layouts_of
from extraction.requests import BUILDERS, builds_request, elsewhere, is_request, with_compat, with_mixer

WHEEL = "ziglang==0.17.1"


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
        for name, value in constants_of(headers, abi, reading.source, names).items():
            facts.constants.setdefault(name, [None] * 3)[i] = value
            if is_request(header, name, reading) and 0 < value < 2**32:
                facts.requests.add(name)
        for name in own_functions & set(reading.functions):
            if builds_request(reading.functions[name], reading) and name not in BUILDERS:
                facts.with_arguments.add(name)
        for tag, members in layouts_of(headers, abi, reading).items():
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
    rows = {(*f.constants[n], n): f.header for f in reversed(every) for n in f.requests}
    rows = with_mixer(with_compat(rows))
    rows |= {(number, number, number, name): source for number, name, source in elsewhere()}
    order = sorted(rows, key=lambda r: ([v or 0 for v in r[:3]], r[3]))
    functions = " ".join(sorted({n for f in every for n in f.with_arguments}))
    comment = [version, "number on x86_64, i386, x32, name, header", f"Macros with arguments, not here: {functions}"]
    write(out, "ioctls.tsv", comment, [(*map(hexadecimal, r[:3]), r[3], rows[r]) for r in order])


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
            for name, value in constants_of(headers, abi, source, names, libc=True).items():
                extra.setdefault(name, ([None] * 3, header))[0][i] = value
    comment = ["Constants that the kernel keeps outside its UAPI headers, as the C library or the kernel's include/ has them; "
               "made by extract.py.", "name, value on x86_64, i386, x32, header"]  # fmt: skip
    write(out, "constants.extra.tsv", comment, [(n, *map(hexadecimal, v), h) for n, (v, h) in sorted(extra.items())])


# Calls that only code of the kernel's own making makes, and that are known by their numbers.
NAMELESS = {"uprobe"}


def write_numbered(out, headers, version):
    calls = []
    for abi, file in (("x86_64", "asm/unistd_64.h"), ("i386", "asm/unistd_32.h"), ("x32", "asm/unistd_x32.h")):
        found = re.findall(r"#define __NR_(\w+)\s+\(?(?:__X32_SYSCALL_BIT \+ )?(\d+)\)?", headers.text(file))
        calls += sorted((abi, int(number), name) for name, number in found if name not in NAMELESS)
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
