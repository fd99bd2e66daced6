# SPDX-License-Identifier: LGPL-2.1-or-later
"""Processes that have left the root that their names are of, alone in their namespaces, and users' own."""
import os
import shutil

from harness import File, Look, Missing, Stale, scenario

OPEN = ("open-handles",)
PRIVATE = ("unshare", "--mount", "--propagation=private", "--")
USER = 65534
AS_USER = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--")


def in_own_namespace(w, before=PRIVATE):
    try:
        return w.host(before=before)
    except RuntimeError as e:
        raise Missing(str(e)) from e


def replaced_after_chroot(w, host):
    plugin = w.install("plain-1")
    host.open(plugin)
    host.do("chroot", w.make("empty"))
    yield host
    yield host, Stale(plugin, "replaced", OPEN, disk=w.replace(plugin, "plain-2"))


@scenario
def chroot_in_own_namespace(w):
    """a service with PrivateTmp= that calls chroot(2) once it has loaded all: no other process sees its names"""
    host = in_own_namespace(w)
    yield from replaced_after_chroot(w, host)


@scenario
def chroot_in_own_namespace_deleted(w):
    """the same, and the file is removed; another one of its names is left"""
    host = in_own_namespace(w)
    plugin = w.install("plain-1")
    os.link(plugin, w.path("another name"))
    host.open(plugin)
    host.do("chroot", w.make("empty"))
    os.unlink(plugin)
    yield host, Stale(plugin, "deleted", OPEN, disk=None)


@scenario
def chroot_in_own_namespace_program(w):
    """the same, and the program itself is replaced"""
    program = w.program("host-1")
    try:
        host = w.host(before=PRIVATE, program=program)
    except RuntimeError as e:
        raise Missing(str(e)) from e
    host.do("chroot", w.make("empty"))
    w.install("host-2", "program")
    yield host, Stale(program, "replaced", ("executable",), disk=w.file("program"))


@scenario
def chroot_in_own_namespace_with_decoy(w):
    """the same, and its new root has another file by that name"""
    host = in_own_namespace(w)
    plugin = w.install("plain-1")
    host.open(plugin)
    os.makedirs(w.make("jail") + w.directory)
    w.install("plain-2", "jail" + plugin.path)
    host.do("chroot", w.path("jail"))
    yield host
    yield host, Stale(plugin, "replaced", OPEN, disk=w.replace(plugin, "plain-2"))


@scenario
def chroot_in_own_namespace_on_own_file_system(w):
    """the same, with a library on a file system that only the process has"""
    w.make("private"), w.make("empty")
    host = in_own_namespace(w)
    w.inside(host, "mount", "-t", "tmpfs", "none", w.path("private"))
    seen = f"/proc/{host.pid}/root{w.path('private')}"
    shutil.copy(w.install("plain-1"), f"{seen}/plugin.so")
    plugin = File(f"{seen}/plugin.so").at(w.path("private/plugin.so"))
    host.open(plugin)
    # A descriptor that stays, to see what the process has left.
    directory = os.open(seen, os.O_PATH)
    host.do("chroot", w.path("empty"))
    shutil.copy(w.install("plain-2"), f"/proc/self/fd/{directory}/new")
    os.rename(f"/proc/self/fd/{directory}/new", f"/proc/self/fd/{directory}/plugin.so")
    # Where no other process is that sees the file system, the inode without a name is all that there is to be seen.
    yield host, Stale(plugin, "deleted", OPEN, disk=None)


@scenario
def chroot_in_own_namespace_with_a_thread(w):
    """the same in a process with a thread"""
    host = in_own_namespace(w)
    plugin = w.install("plain-1")
    host.thread(host.open(plugin))
    host.do("chroot", w.make("empty"))
    yield host, Stale(plugin, "replaced", OPEN, disk=w.replace(plugin, "plain-2"))


@scenario
def child_in_chroot(w):
    """a service in its own mount namespace, and a child of it that has called chroot(2): each asked for alone"""
    host = in_own_namespace(w)
    plugin = w.install("plain-1")
    host.open(plugin)
    child = w.worker(host)
    child.do("chroot", w.make("empty"))
    yield child
    stale = Stale(plugin, "replaced", OPEN, disk=w.replace(plugin, "plain-2"))
    yield child, stale
    yield host, stale


@scenario
def grandchild_in_chroot(w):
    """the same with a child of the child, whose parent has gone into yet another root"""
    host = in_own_namespace(w)
    plugin = w.install("plain-1")
    host.open(plugin)
    child = w.worker(host)
    grandchild = w.worker(child)
    child.do("chroot", w.make("empty"))
    grandchild.do("chroot", w.make("other"))
    stale = Stale(plugin, "replaced", OPEN, disk=w.replace(plugin, "plain-2"))
    for process in (grandchild, child, host):
        yield process, stale


@scenario
def chroot_where_others_are(w):
    """in the namespace of all: names that lie outside of its root"""
    host = w.host()
    plugin, kept = w.install("plain-1"), w.install("plain-1", "kept.so")
    host.open(plugin)
    host.open(kept)
    host.do("chroot", w.make("empty"))
    yield host, Stale(plugin, "replaced", OPEN, disk=w.replace(plugin, "plain-2"))


def owned_by_user(w, namespaces):
    """A host of an ordinary user, in namespaces of its own or none."""
    os.chmod(w.directory, 0o777)
    return in_own_namespace(w, (*AS_USER, *namespaces))


@scenario
def of_a_user(w):
    """a user's own process, asked for by root and by him"""
    host = owned_by_user(w, ())
    plugin = w.install("plain-1")
    host.open(plugin)
    yield Look(host.pid, also_as=USER)
    yield Look(host.pid, also_as=USER), Stale(plugin, "replaced", OPEN, disk=w.replace(plugin, "plain-2"))


@scenario
def of_a_user_in_his_namespaces(w):
    """the same in user and mount namespaces of the user, as a rootless container has them"""
    host = owned_by_user(w, ("unshare", "--user", "--map-root-user", "--mount", "--"))
    plugin = w.install("plain-1")
    host.open(plugin)
    yield host
    stale = Stale(plugin, "replaced", OPEN, disk=w.replace(plugin, "plain-2"))
    yield host, stale
    stale.or_unknown = True
    yield Look(host.pid, user=USER), stale


@scenario
def chroot_in_user_namespace(w):
    """the same, and then chroot(2)"""
    host = owned_by_user(w, ("unshare", "--user", "--map-root-user", "--mount", "--"))
    yield from replaced_after_chroot(w, host)


@scenario
def chroot_in_user_namespace_asked_by_its_user(w):
    """the same, asked for by the user: told, or said to be unknown, and never left out"""
    host = owned_by_user(w, ("unshare", "--user", "--map-root-user", "--mount", "--"))
    plugin = w.install("plain-1")
    host.open(plugin)
    worker = w.worker(host)
    worker.do("chroot", w.make("empty"))
    w.replace(plugin, "plain-2")
    for process in (host, worker):
        yield Look(process.pid, user=USER), Stale(plugin, "replaced", OPEN, or_unknown=True)


@scenario
def user_namespace_that_was_entered_late(w):
    """a process that has mapped all before it makes its namespaces"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    try:
        host.do("unshare", "user")
    except RuntimeError as e:
        raise Missing(str(e)) from e
    yield host
    yield host, Stale(plugin, "replaced", OPEN, disk=w.replace(plugin, "plain-2"))
