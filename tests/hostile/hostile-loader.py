# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lists of loaders and ELF files that lie: in every way that a table of fields allows."""

import os
import struct
import sys

from hostile import Skipped, findings, main, need, equal, states, tool, SWEEP_PEAK_KIB


def forged(kind):
    """A list in front of the process's own libraries. It may say what it likes about itself, and nothing about others."""
    def test(hostile):
        path = hostile.plugin("forged/plugin.so")
        liar = hostile.start("open", path, "links", kind, os.fsencode(hostile.path("honest/plugin.so")))
        hostile.plugin("forged/plugin.so", 2)
        for options in ([], ["full"], ["text"]):
            for _ in range(5 if kind == "changing" else 2):
                report = hostile.sweep(*options)
                need("replaced" in states(report, liar), f"its stale library is not told: {states(report, liar)}")
                for f in findings(report, liar):
                    need(f["path"] == os.fsdecode(path) or f["state"] != "replaced", f"made up: {f['path']}")
    test.__name__ = "a_list_that_is_" + kind
    return test


# Offset and size of each field of the header, of a program header and of a dynamic entry of 64 bits: elf(5).
EHDR = {"class": (4, 1), "data": (5, 1), "version": (6, 1), "type": (16, 2), "machine": (18, 2), "e_version": (20, 4),
        "entry": (24, 8), "phoff": (32, 8), "shoff": (40, 8), "flags": (48, 4), "ehsize": (52, 2),
        "phentsize": (54, 2), "phnum": (56, 2), "shentsize": (58, 2), "shnum": (60, 2), "shstrndx": (62, 2)}
PHDR = {"type": (0, 4), "flags": (4, 4), "offset": (8, 8), "vaddr": (16, 8), "paddr": (24, 8), "filesz": (32, 8),
        "memsz": (40, 8), "align": (48, 8)}
VALUES = (0, 1, 0x7f, 0xff, 0xffff, 0x7fffffff, 0xfffffff0, 0xffffffff, 0x7fffffffffffffff, 0xfffffffffffff000,
          0xffffffffffffffff)


def put(data, offset, size, value):
    changed = bytearray(data)
    changed[offset:offset + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")
    return bytes(changed)


def broken_files(data):
    """One field of one structure wrong, in each of the ways above."""
    phoff, = struct.unpack_from("<Q", data, 32)
    phnum, = struct.unpack_from("<H", data, 56)
    fields = [(at, size) for at, size in EHDR.values()]
    dynamic = None
    for i in range(phnum):
        fields += [(phoff + 56 * i + at, size) for at, size in PHDR.values()]
        kind, _, offset = struct.unpack_from("<IIQ", data, phoff + 56 * i)
        if kind == 2:
            dynamic = offset
    at = dynamic
    while struct.unpack_from("<q", data, at)[0] != 0:
        fields.append((at + 8, 8))
        at += 16
    for at, size in fields:
        for value in VALUES:
            if value < 1 << 8 * size:
                yield put(data, at, size, value)
    for length in (0, 1, 16, 63, 64, 65, 120, 1000, len(data) // 2, len(data) - 1):
        yield data[:length] or b"\0"


def elf_files_with_every_field_wrong(hostile):
    """All mapped by few processes, all replaced: each must be read to be explained."""
    data = open(tool("plugin-1.so"), "rb").read()
    files = []
    contents = {}
    os.makedirs(hostile.path("broken"))
    for i, content in enumerate(broken_files(data)):
        files.append(hostile.path(f"broken/{i}.so"))
        with open(files[-1], "wb") as f:
            f.write(content)
        contents[files[-1]] = content
    processes = []
    for start in range(0, len(files), 200):
        part = files[start:start + 200]
        processes.append((hostile.start(*[w for f in part for w in ("map", f)]), part))
    for i, path in enumerate(files):
        with open(path + ".new", "wb") as f:
            f.write(data + bytes([i & 0xff]))
        os.rename(path + ".new", path)
    # Hundreds of files to read and to explain: more than an ordinary sweep.
    report = hostile.sweep(seconds=30)
    for process, part in processes:
        told = {f["path"]: f["state"] for f in findings(report, process)}
        for path, state in told.items():
            need(path in part and state == "replaced", f"{path}: {state}")
        # Those that do not begin as ELF files do are no libraries, and nobody's concern.
        no_elf = [p for p in part if contents[p][:4] != b"\x7fELF"]
        equal(sorted(set(part) - set(told)), sorted(no_elf), "what is not told")


def sixty_five_thousand_mappings(hostile):
    path = hostile.plugin("many/plugin.so")
    many = hostile.start("maps", "65000", path)
    hostile.plugin("many/plugin.so", 2)
    for options in ([], ["text"], ["full"]):
        report = hostile.sweep(*options)
        equal(states(report, many), ["replaced"], "states")


def twenty_thousand_files(hostile):
    """Each another name: what they are called is megabytes, and all of them are gone."""
    os.makedirs(hostile.path("files"))
    plugin = os.fsdecode(hostile.plugin("one/plugin.so"))
    words = []
    for i in range(20000):
        path = hostile.path(f"files/{i:05}{'x' * 200}.so")
        os.link(plugin, path)
        words.append(path)
    # One inode each is not needed: a name each is. The arguments would be too long for execve(2): a list of them.
    with open(hostile.path("list"), "w") as f:
        f.write("\n".join(words))
    many = hostile.start("maplist", hostile.path("list"))
    for path in words:
        os.unlink(path)
    report = hostile.sweep(seconds=30, peak_kib=4 * SWEEP_PEAK_KIB)
    need(len(findings(report, many)) <= 1024, "one process fills the report")
    need(len(findings(report, many)) >= 1, "nothing is told")


def many_long_lists(hostile):
    """250 processes with 16,000 entries each: memory and time stay within bounds."""
    for _ in range(250):
        hostile.start("links", "long", "/x")
    for options in ([], ["text"]):
        hostile.sweep(*options, seconds=30)


TESTS = [forged(kind) for kind in ("loop", "self", "cross", "nowhere", "endless", "names", "namespaces", "changing", "wild")] + [
    elf_files_with_every_field_wrong,
    many_long_lists,
    sixty_five_thousand_mappings,
    twenty_thousand_files,
]

if __name__ == "__main__":
    sys.exit(main(__file__, TESTS))
