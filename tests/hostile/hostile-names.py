# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names, and what stands at a name: all of it is chosen by whoever wants to be believed."""

import os
import shutil
import socket
import stat
import sys

from hostile import equal, findings, main, need, states, tool, unescape, unknown

NAMES = {
    "a_name_with_newlines": b"lib\nx\n.so",
    "a_name_that_is_no_utf8": b"lib\xff\xfe\xc3\x28\xed\xa0\x80.so",
    "a_name_with_terminal_escapes": b"lib\x1b[2J\x1b]0;owned\x07\r\x08\x7f.so",
    "a_name_like_a_journal_field": b"x\nPRIORITY=0\nMESSAGE_ID=fc2e22bc6ee647b6b90729ab34a250b1\nSTALELIB_PID=1\n.so",
    "a_name_like_a_line_of_maps": b"x\n7f0000000000-7f0000001000 r-xp 00000000 fd:00 1 /usr/lib/libc.so.6\n.so",
    "a_name_that_ends_like_a_removed_one": b"lib.so (deleted)",
    "a_name_with_backslashes": b"lib\\x0a\\012\\\\.so",
    "a_name_of_json": b'lib","pid":1,"state":"current"}],"x":[{".so',
    "a_name_of_format_characters": b"lib%s%n%200000d.so",
    "a_name_in_both_directions": "lib\u202e\u2066os.\u200b.so".encode(),
    "a_name_as_long_as_names_may_be": b"n" * 248 + b".so",
}


def named(test, name):
    def run(hostile):
        path = os.fsencode(hostile.directory) + b"/named/" + name
        hostile.plugin(path)
        stale = hostile.start("open", path)
        hostile.plugin(path, 2)
        for options in ([], ["text"], ["full"]):
            report = hostile.sweep(*options)
            found = findings(report, stale)
            equal([(unescape(f["path"]), f["state"]) for f in found], [(path, "replaced")], "findings")
            for text in (found[0]["path"], found[0]["message"], found[0]["advice"]):
                need(all(c.isprintable() for c in text), f"not printable: {text!r}")
        os.unlink(path)
        equal(states(hostile.sweep(), stale), ["deleted"], "states without it")
    run.__name__ = test
    return run


def a_path_longer_than_any_call_takes(hostile):
    """It was mapped by a short name, from within; the kernel gives no name of such a length to a query."""
    os.makedirs(hostile.path("deep"))
    here = os.open(hostile.path("deep"), os.O_PATH)
    for _ in range(30):
        os.mkdir("d" * 200, dir_fd=here)
        here = os.open("d" * 200, os.O_PATH, dir_fd=here)
    os.fchdir(here)
    os.makedirs("x", exist_ok=True)
    data = open(tool("plugin-1.so"), "rb").read()
    with open("plugin.so", "wb") as f:
        f.write(data)
    stale = hostile.start("map", "./plugin.so") # the loader of glibc 2.41 would hang here
    with open("new", "wb") as f:
        f.write(data + b"2")
    os.rename("new", "plugin.so")
    for options in ([], ["text"]):
        report = hostile.sweep(*options)
        need(findings(report, stale) or unknown(report, "name") or unknown(report, "other"), "neither told nor counted")
    os.chdir("/")


def a_path_as_long_as_paths_may_be(hostile):
    """4,095 bytes, and the one that ends it."""
    path = os.fsencode(hostile.path("deep"))
    while len(path) < 4095 - 200:
        path += b"/" + b"d" * 150
    path += b"/" + b"n" * (4095 - len(path) - 1)
    data = open(tool("plugin-1.so"), "rb").read()
    os.makedirs(os.path.dirname(path))
    with open(path, "wb") as f:
        f.write(data)
    stale = hostile.start("open", path)
    with open(hostile.path("new"), "wb") as f:
        f.write(data + b"2")
    os.rename(hostile.path("new"), path)
    for options in ([], ["text"], ["full"]):
        equal([(unescape(f["path"]), f["state"]) for f in findings(hostile.sweep(*options), stale)], [(path, "replaced")], "findings")


def more_text_of_maps_than_is_read(hostile):
    """Nearly 40 MB, of which a library is at the end: what is not looked at is counted."""
    directory = os.fsencode(hostile.path("deep"))
    while len(directory) < 3900:
        directory += b"/" + b"d" * 150
    os.makedirs(directory)
    long_path = directory + b"/file"
    shutil.copy(tool("plugin-1.so"), long_path)
    path = hostile.plugin("stale/plugin.so")
    stale = hostile.start("open", path, "maps", "9500", long_path)
    hostile.plugin("stale/plugin.so", 2)
    equal(states(hostile.sweep(), stale), ["replaced"], "states")
    report = hostile.sweep("text")
    need(states(report, stale) == ["replaced"] or unknown(report, "other") >= 1, "it is neither told nor counted")


def a_link_out_of_the_root(hostile):
    """What a jailed process calls /lib/plugin.so is never looked for outside of its jail."""
    outside = hostile.plugin("outside/plugin.so", 2)
    for i, target in enumerate([os.fsdecode(outside), "../../../../.." + os.fsdecode(outside),
                                "/proc/1/root" + os.fsdecode(outside)]):
        jail = hostile.path(f"jail-{i}")
        path = hostile.plugin(f"jail-{i}/lib/plugin.so")
        stale = hostile.start("open", path, "chroot", jail)
        os.unlink(path)
        os.symlink(target, path)
        found = findings(hostile.sweep(), stale)
        equal([(f["state"], f["disk"]) for f in found], [("deleted", None)], "findings")


def dots_out_of_the_root(hostile):
    path = hostile.plugin("jail/a/b/plugin.so")
    outside = os.stat(hostile.plugin("b/plugin.so", 2)).st_ino
    stale = hostile.start("open", path, "chroot", hostile.path("jail"))
    os.rename(hostile.path("jail/a/b"), hostile.path("jail/a/aside"))
    os.symlink("../../../b", hostile.path("jail/a/b"))
    for f in findings(hostile.sweep(), stale):
        need(not f["disk"] or f["disk"]["inode"] != outside, "was looked for outside of the root")


def links_in_a_circle(hostile):
    path = hostile.plugin("circle/plugin.so")
    stale = hostile.start("open", path)
    os.unlink(path)
    os.symlink("plugin.so", path)
    report = hostile.sweep()
    need(findings(report, stale) or unknown(report, "other") >= 1, "neither told nor counted")


def at_its_path(make, *expected):
    """Something else than a file took the library's place."""
    def run(hostile):
        path = hostile.plugin("place/plugin.so")
        stale = hostile.start("open", path)
        os.unlink(path)
        make(path)
        for options in ([], ["baseline"], ["full"]):
            report = hostile.sweep(*options)
            equal(tuple(states(report, stale)), expected, "states")
            equal(tuple(states(hostile.sweep(*options), stale)), expected, "states of the next sweep")
    run.__name__ = make.__name__ + "_at_its_path"
    return run


def a_fifo(path):
    os.mkfifo(path)


def a_socket(path):
    socket.socket(socket.AF_UNIX).bind(path)


def a_terminal(path):
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(5, 0))


def an_endless_device(path):
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))


def a_directory(path):
    os.mkdir(path)


def a_terabyte_of_nothing(path):
    os.truncate(os.open(path, os.O_CREAT | os.O_RDWR, 0o755), 1 << 40)


def a_terabyte_of_library(path):
    with open(path, "wb") as f:
        f.write(open(tool("plugin-1.so"), "rb").read())
        f.truncate(1 << 40)


def an_empty_file(path):
    open(path, "wb").close()


def a_link_to_a_fifo(path):
    os.mkfifo(path + b".fifo")
    os.symlink(path + b".fifo", path)


def a_terabyte_mapped(hostile):
    path = hostile.path("large")
    a_terabyte_of_library(path)
    stale = hostile.start("maps", "1", path)
    hostile.plugin("large", 2)
    for options in ([], ["baseline"]):
        equal(states(hostile.sweep(*options), stale), ["replaced"], "states")


def a_file_that_is_truncated_again_and_again(hostile):
    """Its mapping is judged closely each time: it has been written to."""
    path = hostile.plugin("cut/plugin.so")
    hostile.start("map", path)
    data = open(tool("plugin-1.so"), "rb").read()
    pid = os.fork()
    if pid == 0:
        fd = os.open(path, os.O_RDWR)
        while True:
            os.ftruncate(fd, 0)
            os.pwrite(fd, data, 0)
            os.ftruncate(fd, 1 << 30)
            os.ftruncate(fd, len(data) // 2)
    try:
        for _ in range(20):
            hostile.sweep("baseline")
            hostile.sweep("full", "baseline")
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)


def a_report_in_every_language(hostile):
    """The names all at once, and the report is still one JSON object a line."""
    stale = []
    for i, name in enumerate(NAMES.values()):
        path = os.fsencode(hostile.directory) + b"/all-%d/" % i + name
        hostile.plugin(path)
        stale.append((hostile.start("open", path), path))
        hostile.plugin(path, 2)
    report = hostile.sweep()
    for process, path in stale:
        equal([unescape(f["path"]) for f in findings(report, process)], [path], "paths")


TESTS = [named(test, name) for test, name in NAMES.items()] + [
    a_path_as_long_as_paths_may_be,
    a_path_longer_than_any_call_takes,
    more_text_of_maps_than_is_read,
    a_report_in_every_language,
    a_link_out_of_the_root,
    dots_out_of_the_root,
    links_in_a_circle,
    at_its_path(a_fifo, "deleted"),
    at_its_path(a_link_to_a_fifo, "deleted"),
    at_its_path(a_socket, "deleted"),
    at_its_path(a_terminal, "deleted"),
    at_its_path(an_endless_device, "deleted"),
    at_its_path(a_directory, "deleted"),
    at_its_path(an_empty_file, "replaced"),
    at_its_path(a_terabyte_of_nothing, "replaced"),
    at_its_path(a_terabyte_of_library, "replaced"),
    a_terabyte_mapped,
    a_file_that_is_truncated_again_and_again,
]

if __name__ == "__main__":
    sys.exit(main(__file__, TESTS))
