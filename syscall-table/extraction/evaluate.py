"""The values of constants, as the compiler evaluates them."""

import re


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
    """The expressions that are integer constants."""
    lines = "\n".join(f'_Static_assert(((unsigned long long)({e}))|1,"");' for e in exprs)
    run = headers.run(abi, source + lines, "-fsyntax-only", libc=libc)
    first = source.count("\n") + 1
    bad = {int(n) - first for n in re.findall(r"^<stdin>:(\d+):\d+: (?:fatal )?error", run.stderr, re.M)}
    return [e for i, e in enumerate(exprs) if i not in bad]


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
    """The value of each expression that is an integer constant."""
    good = checked(headers, abi, source, exprs, libc)
    # The parser may have blamed an innocent line after a broken one.
    rest = [e for e in exprs if e not in set(good)]
    while rest:
        more = checked(headers, abi, source, rest, libc)
        if not more:
            break
        good += more
        rest = [e for e in rest if e not in set(more)]
    return values(headers, abi, source, good, libc)
