"""Precompiles one header for each of V8's big targets, made of the headers that most of its files include.

    precompile.py OUT PCH    ninja's folder, and a folder for what is made

A target's files then start from it (-include-pch). What can't be precompiled is left as it was: slow, but right.
"""

import collections
import pathlib
import platform
import re
import shlex
import subprocess
import sys

# Target, and how many of its files have to include a header that is worth it.
TARGETS = {
    "v8_base_without_compiler": 40,
    "v8_compiler": 8,
    "torque_generated_initializers": 3,
    "v8_initializers": 3,
}
# Headers that mean something else each time, or are not for this system.
SKIP = ("object-macros", "-macros.h", "setup-isolate", "win32", "trap-handler", "vtune", "etw")
MACHINES = re.compile(r"/(arm64|arm|x64|ia32|mips|ppc|s390|riscv|loong)")
OURS = {"x86_64": "x64", "aarch64": "arm64"}[platform.machine()]


def elsewhere(name):
    """Whether a header is for another machine than this."""
    machine = MACHINES.search(name)
    return machine is not None and machine[1] != OURS


def wanted(out, sources, least):
    """The headers, those with inline functions first."""
    count = collections.Counter()
    for source in sources:
        path = out / source
        if path.exists():
            text = path.read_text(errors="replace")
            count.update(set(re.findall(r'^#include "((?:src|torque-generated|include)/[^"]+)"', text, re.M)))
    names = (name for name, often in count.items() if often >= least)
    names = (name for name in names if not any(part in name for part in SKIP) and not elsewhere(name))
    names = (name for name in names if any((out / place / name).exists() for place in ("../src/v8", "gen/v8")))
    return sorted(names, key=lambda name: (not name.endswith("-inl.h"), name))


def command(out, object_file):
    """How ninja compiles one file of the target, less what names that file."""
    asked = subprocess.run(["ninja", "-t", "commands", object_file], cwd=out, capture_output=True, text=True, check=True)
    words = iter(shlex.split(asked.stdout.strip().splitlines()[-1]))
    kept = []
    for word in words:
        if word in ("-MF", "-o"):
            next(words)
        elif word not in ("-c", "-MD") and not (word.endswith(".cc") and not word.startswith("-")):
            kept.append(word)
    return kept


def main(out, pch):
    pch.mkdir(exist_ok=True)
    for target, least in TARGETS.items():
        ninja = out / "obj/v8" / f"{target}.ninja"
        text = ninja.read_text()
        builds = re.findall(r"^build (obj/\S+\.o): cxx (\S+\.cc)", text, re.M)
        headers = wanted(out, [source for _, source in builds], least)
        header, made = pch / f"{target}.h", pch / f"{target}.pch"
        header.write_text("".join(f'#include "{name}"\n' for name in headers))
        flags = ["-w", "-x", "c++-header", str(header), "-Xclang", "-fno-pch-timestamp", "-fpch-instantiate-templates"]
        done = subprocess.run(
            [*command(out, builds[0][0]), *flags, "-o", str(made)], cwd=out, capture_output=True, text=True
        )
        if done.returncode == 0:
            use = rf"\1 -w -include-pch {made}"
            ninja.write_text(re.sub(r"^(cflags_cc = .*)$", use, text, count=1, flags=re.M))
            print(f"V8: {target}: {len(headers)} headers precompiled for {len(builds)} files")
        else:
            print(f"V8: {target}: the headers can't be precompiled, so this is slow: {done.stderr[:300]}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve())
