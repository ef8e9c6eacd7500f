"""Where the members of structures are."""

import dataclasses
import re

from .evaluate import checked, values

UNNAMED = re.compile(r"(?:(?:\w+|\(unnamed \w+\))::)*\((?:unnamed|anonymous)(?: (?:struct|union|enum))?(?: at ([^()]*?:\d+:\d+))?\)")


@dataclasses.dataclass
class Record:
    """A structure or union as the compiler lays it out."""

    ctype: str
    place: str  # file:line:column where an unnamed one is defined
    size: int = 0
    align: int = 0
    fields: list = dataclasses.field(default_factory=list)  # (path, type, offset, (bit, width) or None, place of an unnamed type)


def records(headers, abi, source, types):
    """A Record for each of the types and for what they contain."""
    # -fdump-record-layouts-complete would not wait for what follows the brace: __attribute__((packed)).
    lines = "\n".join(f'_Static_assert(sizeof({t})|1,"");' for t in types)
    dump = headers.run(abi, source + lines, "-fsyntax-only", "-Xclang", "-fdump-record-layouts").stdout
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


def layouts_of(headers, abi, reading):
    """Structure -> member -> (type, position) for the structures that a header defines."""
    types = sorted(set(re.findall(r"\b(struct|union)\s+(?:__attribute__\s*\(\(.*?\)\)\s*)?(\w+)\s*\{", reading.text)))
    # The compiler knows a structure without a tag by its typedef. Members match too, and are no types.
    typedefs = sorted(set(re.findall(r"\}\s*(?:__attribute__\s*\(\(.*?\)\)\s*)?(\w+)\s*[,;]", reading.text)))
    tags = {tag for _, tag in types} | set(typedefs)
    if not types and not typedefs:
        return {}
    found, elements = {}, {}
    for record in records(headers, abi, reading.source, [*map(" ".join, types), *typedefs]):
        if record.place:
            elements[record.place] = record
        elif record.ctype.split()[-1] in tags:
            found[record.ctype.split()[-1]] = record
    flat = {}
    for name, record in found.items():
        fields = list(record.fields)
        for path, ctype, offset, _, place in record.fields:
            if re.search(r"\[[1-9]\d*\]$|\[\]$", ctype) and place in elements:
                fields += [(f"{path}[0].{p}", t, offset + o, b, pl) for p, t, o, b, pl in elements[place].fields]
        flat[name] = fields
    sizeof = {}
    for name, fields in flat.items():
        for path, ctype, _, bits, _ in fields:
            if not bits and not ctype.endswith("[]"):
                sizeof[name, path] = f"sizeof((({found[name].ctype}*)0)->{path})"
    good = checked(headers, abi, reading.source, list(sizeof.values()))
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
