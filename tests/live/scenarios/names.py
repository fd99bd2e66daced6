# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names that the kernel prints in a way of its own, and names that lie."""
import os

from harness import File, Stale, scenario

OPEN = ("open-handles",)


def replaced_under(w, name):
    host = w.host()
    plugin = w.install("plain-1", name)
    host.open(plugin)
    new = w.replace(plugin, "plain-2")
    return host, Stale(plugin, "replaced", OPEN, disk=new)


@scenario
def name_with_newline(w):
    """a newline, which the text of maps escapes"""
    yield replaced_under(w, "plug\nin\n.so")


@scenario
def name_with_backslash(w):
    """a backslash and what looks like an escaped newline, which the text of maps does not escape"""
    yield replaced_under(w, "plug\\012in.so")


@scenario
def name_with_both(w):
    """a real newline and one that only looks like it"""
    yield replaced_under(w, "a\\012b\nc.so")


@scenario
def name_with_spaces_and_no_utf8(w):
    """spaces, a tab, and bytes that are no UTF-8"""
    yield replaced_under(w, os.fsdecode(b" a b\tc \xff\xfe plugin.so "))


@scenario
def name_with_terminal_controls(w):
    """what would move a terminal's cursor or reorder its text"""
    yield replaced_under(w, "\x1b[2Jplugin\u202e\u009b.so")


@scenario
def name_of_a_pseudo_file(w):
    """what looks like one of the kernel's own names"""
    yield replaced_under(w, "[vdso]")


@scenario
def name_like_sysv_memory(w):
    """a real library that is called like shared memory"""
    yield replaced_under(w, "SYSV00000000")


@scenario
def name_really_ends_in_deleted(w):
    """a file whose name ends in ` (deleted)`, and which is there"""
    host = w.host()
    host.open(w.install("plain-1", "plugin.so (deleted)"))
    yield host


@scenario
def name_really_ends_in_deleted_and_is(w):
    """a file whose name ends in ` (deleted)`, and which is deleted"""
    host = w.host()
    plugin = w.install("plain-1", "plugin.so (deleted)")
    host.open(plugin)
    os.unlink(plugin)
    yield host, Stale(plugin, "deleted", OPEN, disk=None)


@scenario
def name_with_decoy(w):
    """a deleted library, and beside it a file that is called as the kernel prints it"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    os.unlink(plugin)
    w.install("plain-1", "plugin.so (deleted)")
    yield host, Stale(plugin, "deleted", OPEN, disk=None)


@scenario
def name_with_decoy_of_same_inode(w):
    """the decoy is the very same inode, so that this is as good as a rename"""
    host = w.host()
    plugin = w.install("plain-1")
    os.link(plugin, w.path("plugin.so (deleted)"))
    host.open(plugin)
    os.unlink(plugin)
    yield host, Stale(plugin.at(plugin.path + " (deleted)"), "moved", OPEN)


@scenario
def name_relative(w):
    """opened by a relative name: nobody knows relative to what"""
    host = w.host(cwd=w.directory)
    plugin = w.install("plain-1")
    host.open("./plugin.so")
    host.do("chdir", "/")
    yield host
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin, "replaced", OPEN, disk=new)


@scenario
def name_relative_current(w):
    """opened by a relative name that leads elsewhere from the directory it is in now"""
    host = w.host(cwd=w.directory)
    w.install("plain-1")
    host.open("./plugin.so")
    w.make("elsewhere")
    w.install("plain-2", "elsewhere/plugin.so")
    host.do("chdir", w.path("elsewhere"))
    yield host


@scenario
def name_longer_than_path_max(w):
    """longer than any name that the kernel takes; deleted"""
    host = w.host()
    w.make("near")
    host.open(w.install("plain-1", "near/plugin.so"))
    # A loader in such a directory, as that of glibc 2.41, may hang: the directory goes there afterwards.
    deep = os.open(w.directory, os.O_PATH)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=deep)
        deep = os.open("d" * 250, os.O_PATH, dir_fd=deep)
    os.rename(w.path("near"), "near", dst_dir_fd=deep)
    near = os.open("near", os.O_PATH, dir_fd=deep)
    plugin = File(f"/proc/self/fd/{near}/plugin.so").at(w.path(*["d" * 250] * 20, "near/plugin.so"))
    os.unlink("plugin.so", dir_fd=near)
    yield host, Stale(plugin, "deleted", OPEN)
