# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where a path means another thing to the process than to whoever looks, and file systems with numbers of their own."""
import os
import shutil
import signal
import sys
import time

import fixtures
from harness import ANY, Counts, File, Host, Look, Missing, Stale, scenario
from scenarios.states import workers_load_again_in

OPEN = ("open-handles",)
PRIVATE = ("unshare", "--mount", "--propagation=private", "--")


@scenario
def chroot(w):
    """started in a chroot: its /usr/lib is not ours"""
    jail = w.jail()
    plugin = w.install("plain-1", "jail/usr/lib/plugin.so")
    host = w.host(before=("chroot", jail), program="/host")
    host.open("/usr/lib/plugin.so")
    yield host
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin, "replaced", OPEN, disk=new)


@scenario
def chroot_after_mapping(w):
    """mapped first, then chroot(): its path is out of its own reach"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    host.do("chroot", w.make("empty"))
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin, "replaced", OPEN, disk=new)


@scenario
def chroot_after_mapping_current(w):
    """mapped first, then chroot(): nothing has changed"""
    host = w.host()
    host.open(w.install("plain-1"))
    host.do("chroot", w.make("empty"))
    yield host


@scenario
def mount_namespace(w):
    """a file system that only the process sees"""
    w.make("private")
    host = w.host(before=PRIVATE)
    w.inside(host, "mount", "-t", "tmpfs", "none", w.path("private"))
    w.inside(host, "cp", fixtures.get("plain-1"), w.path("private/plugin.so"))
    inode = int(w.inside(host, "stat", "-c", "%i", w.path("private/plugin.so")))
    host.open(w.path("private/plugin.so"))
    plugin = File(w.directory).at(w.path("private/plugin.so"))
    plugin.inode = inode
    yield host
    w.inside(host, "cp", fixtures.get("plain-2"), w.path("private/new"))
    w.inside(host, "mv", w.path("private/new"), w.path("private/plugin.so"))
    new = File(w.directory).at(plugin)
    new.inode = int(w.inside(host, "stat", "-c", "%i", w.path("private/plugin.so")))
    yield host, Stale(plugin, "replaced", OPEN, disk=new)


@scenario
def mount_namespace_decoy(w):
    """the same path leads to another file on the host: no business of this process"""
    w.make("lib"), w.make("theirs")
    w.install("plain-1", "theirs/plugin.so")
    host = w.host(before=PRIVATE)
    w.inside(host, "mount", "--bind", w.path("theirs"), w.path("lib"))
    host.open(w.path("lib/plugin.so"))
    w.install("plain-2", "lib/plugin.so")
    yield host


@scenario
def user_namespace(w):
    """a process in a user namespace"""
    plugin = w.install("plain-1")
    try:
        host = w.host(before=("unshare", "--user", "--map-root-user", "--"))
    except RuntimeError as e:
        raise Missing(str(e)) from e
    host.open(plugin)
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin, "replaced", OPEN, disk=new)


@scenario
def user_and_mount_namespace(w):
    """a process in user and mount namespaces, over a file system it mounted itself"""
    w.make("private")
    try:
        host = w.host(before=("unshare", "--user", "--map-root-user", "--mount", "--", "sh", "-c",
                              f"mount -t tmpfs none '{w.path('private')}' && cp '{fixtures.get('plain-1')}' "
                              f"'{w.path('private/plugin.so')}' && exec \"$0\""))
    except RuntimeError as e:
        raise Missing(str(e)) from e
    seen = f"/proc/{host.pid}/root{w.path('private')}"
    plugin = File(f"{seen}/plugin.so").at(w.path("private/plugin.so"))
    host.open(plugin)
    yield host
    shutil.copy(fixtures.get("plain-2"), f"{seen}/new")
    os.rename(f"{seen}/new", f"{seen}/plugin.so")
    yield host, Stale(plugin, "replaced", OPEN, disk=File(f"{seen}/plugin.so"))


def container(w):
    """A root file system to pivot into, and the old root below it."""
    w.jail("root")
    w.make("root/old")
    return w.path("root")


@scenario
def pivot_root_before_mapping(w):
    """a container: pivot_root(), then a library from inside"""
    root = container(w)
    plugin = w.install("plain-1", "root/usr/lib/plugin.so")
    host = w.host(before=(*PRIVATE, "sh", "-c",
                          f"mount --bind '{root}' '{root}' && cd '{root}' && pivot_root . old && exec /host"))
    host.open("/usr/lib/plugin.so")
    yield host
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin.at("/usr/lib/plugin.so"), "replaced", OPEN, disk=new)


@scenario
def pivot_root_before_mapping_decoy(w):
    """a container: the host has another file under the same path"""
    root = container(w)
    os.makedirs(root + w.directory, exist_ok=True)
    shutil.copy(fixtures.get("plain-1"), root + w.path("plugin.so"))
    host = w.host(before=(*PRIVATE, "sh", "-c",
                          f"mount --bind '{root}' '{root}' && cd '{root}' && pivot_root . old && exec /host"))
    host.open(w.path("plugin.so"))
    w.install("plain-2", "plugin.so")
    yield host


def overlay(w, options=""):
    for d in ("lower", "upper", "work", "merged"):
        w.make(d)
    w.mount("-t", "overlay", "none", "-o", f"lowerdir={w.path('lower')},upperdir={w.path('upper')},workdir={w.path('work')}"
            + options, w.path("merged"))


def overlay_far(w):
    """Layers on two file systems without a common numbering: st_dev is not what maps prints."""
    for d in ("lower", "upper-fs", "merged"):
        w.make(d)
    w.mount("-t", "tmpfs", "none", w.path("upper-fs"))
    w.make("upper-fs/upper"), w.make("upper-fs/work")
    w.mount("-t", "overlay", "none", "-o", f"lowerdir={w.path('lower')},upperdir={w.path('upper-fs/upper')},"
            f"workdir={w.path('upper-fs/work')},xino=off", w.path("merged"))


def overlay_replaced_in(w):
    host = w.host()
    plugin = File(w.path("merged/plugin.so"))
    host.open(plugin)
    yield host
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin, "replaced", OPEN, disk=new)


@scenario
def overlay_replaced(w):
    """a container's overlay: a new file in the upper layer over an old one in the lower"""
    w.make("lower")
    w.install("plain-1", "lower/plugin.so")
    overlay(w)
    yield from overlay_replaced_in(w)


@scenario
def overlay_far_replaced(w):
    """the same with layers on two file systems"""
    w.make("lower")
    w.install("plain-1", "lower/plugin.so")
    overlay_far(w)
    yield from overlay_replaced_in(w)


@scenario
def overlay_deleted(w):
    """a container's overlay: a whiteout over the lower file"""
    w.make("lower")
    w.install("plain-1", "lower/plugin.so")
    overlay(w)
    host = w.host()
    plugin = File(w.path("merged/plugin.so"))
    host.open(plugin)
    os.unlink(plugin)
    yield host, Stale(plugin, "deleted", OPEN, disk=None)


@scenario
def overlay_upper_replaced(w):
    """a container's overlay: both generations in the upper layer"""
    overlay(w)
    w.install("plain-1", "merged/plugin.so")
    yield from overlay_replaced_in(w)


@scenario
def overlay_copied_up(w):
    """a change of its times copies the file up: another inode below, the same content"""
    w.make("lower")
    w.install("plain-1", "lower/plugin.so")
    overlay(w)
    host = w.host()
    host.open(w.path("merged/plugin.so"))
    os.utime(w.path("merged/plugin.so"))
    yield host


@scenario
def overlay_far_copied_up(w):
    """the same with layers on two file systems"""
    w.make("lower")
    w.install("plain-1", "lower/plugin.so")
    overlay_far(w)
    host = w.host()
    host.open(w.path("merged/plugin.so"))
    yield host
    os.utime(w.path("merged/plugin.so"))
    yield host


def overlay_copied_up_and_modified_in(w, fixture):
    host = w.host()
    plugin = File(w.path("merged/plugin.so"))
    host.call(host.open(plugin))
    w.overwrite(plugin, fixture)
    yield host, Stale(plugin, "modified", OPEN, disk=ANY)
    assert host.call(0) == 1  # it runs on the old content, safely


@scenario
def overlay_copied_up_and_modified(w):
    """cp in a container writes to a copy: every number is the same, only memory shows the old content"""
    w.make("lower")
    w.install("plain-1", "lower/plugin.so")
    overlay(w)
    yield from overlay_copied_up_and_modified_in(w, "large-2")


@scenario
def overlay_copied_up_and_modified_same_layout(w):
    """the same with a build of identical layout"""
    w.make("lower")
    w.install("plain-1", "lower/plugin.so")
    overlay(w)
    yield from overlay_copied_up_and_modified_in(w, "plain-2")


@scenario
def overlay_far_copied_up_and_modified(w):
    """the same with layers on two file systems"""
    w.make("lower")
    w.install("plain-1", "lower/plugin.so")
    overlay_far(w)
    yield from overlay_copied_up_and_modified_in(w, "large-2")


@scenario
def btrfs(w):
    """btrfs: the device that maps prints is not that of stat"""
    w.image("volume", 200 << 20, "mkfs.btrfs", "-q")
    host = w.host()
    plugin = w.install("plain-1", "volume/plugin.so")
    host.open(plugin)
    yield host
    yield Look(), Counts(processes=ANY)
    new = w.replace(plugin, "plain-2")
    stale = Stale(plugin, "replaced", OPEN, disk=new)
    yield host, stale
    yield Look(), Counts(processes=ANY), stale


def in_two_subvolumes(w):
    """plugins in volume/one and volume/two, with one inode number"""
    volume = w.image("volume", 200 << 20, "mkfs.btrfs", "-q")
    for name in ("one", "two"):
        w.run("btrfs", "subvolume", "create", f"{volume}/{name}")
    one, two = w.install("plain-1", "volume/one/plugin.so"), w.install("plain-2", "volume/two/plugin.so")
    assert one.inode == two.inode
    return one, two


@scenario
def btrfs_subvolumes(w):
    """btrfs: the same inode number in two subvolumes is not the same file"""
    plugin, other = in_two_subvolumes(w)
    os.symlink("one", w.path("volume/current"))
    time.sleep(1.5)  # what is to be seen are files that are older than who maps them, by more than clocks of files are coarse
    others, host = w.host(), w.host()
    others.open(other)
    host.open(w.path("volume/current/plugin.so"))
    yield host
    os.unlink(w.path("volume/current"))
    os.symlink("two", w.path("volume/current"))
    stale = Stale(plugin, "superseded", OPEN)
    yield host, stale
    yield Look(), Counts(processes=ANY), stale


@scenario
def btrfs_workers(w):
    """btrfs: workers forked from one, alike to the address and to what is printed, and each with another file"""
    yield from workers_load_again_in(w, "volume", *in_two_subvolumes(w))


@scenario
def xfs(w):
    """xfs"""
    w.image("volume", 400 << 20, "mkfs.xfs", "-q")
    host = w.host()
    plugin = w.install("plain-1", "volume/plugin.so")
    host.open(plugin)
    yield host
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin, "replaced", OPEN, disk=new)


@scenario
def tmpfs(w):
    """tmpfs, which is no reason to ignore a library"""
    w.mount("-t", "tmpfs", "none", w.make("volume"))
    host = w.host()
    plugin = w.install("plain-1", "volume/plugin.so")
    host.open(plugin)
    os.unlink(plugin)
    yield host, Stale(plugin, "deleted", OPEN, disk=None)


@scenario
def file_bind_mount(w):
    """a single file mounted into a container: its source was replaced, the mount shows the old one for ever"""
    w.make("source"), w.make("seen")
    plugin = w.install("plain-1", "source/plugin.so")
    with open(w.path("seen/plugin.so"), "w", encoding="ascii"):
        pass
    w.mount("--bind", plugin, w.path("seen/plugin.so"))
    host = w.host()
    host.open(w.path("seen/plugin.so"))
    yield host
    w.replace(plugin, "plain-2")
    yield host, Stale(plugin.at(w.path("seen/plugin.so")), "deleted", OPEN, flags=("file-bind-mount",), action="remount")


@scenario
def directory_bind_mount(w):
    """a directory mounted into a container shows what is replaced in its source"""
    w.make("source"), w.make("seen")
    plugin = w.install("plain-1", "source/plugin.so")
    w.mount("--bind", w.path("source"), w.path("seen"))
    host = w.host()
    host.open(w.path("seen/plugin.so"))
    yield host
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin.at(w.path("seen/plugin.so")), "replaced", OPEN, disk=new)


@scenario
def hidden_by_mount(w):
    """something is mounted over its directory, with another file under its name"""
    w.make("lib")
    plugin = w.install("plain-1", "lib/plugin.so")
    host = w.host()
    host.open(plugin)
    w.mount("-t", "tmpfs", "none", w.path("lib"))
    other = w.install("plain-2", "lib/plugin.so")
    yield host, Stale(plugin, "hidden", OPEN, disk=other)
    w.run("umount", w.path("lib"))
    yield host


@scenario
def hidden_by_empty_mount(w):
    """something is mounted over its directory, and there is no such name"""
    w.make("lib")
    plugin = w.install("plain-1", "lib/plugin.so")
    host = w.host()
    host.open(plugin)
    w.mount("-t", "tmpfs", "none", w.path("lib"))
    yield host, Stale(plugin, "hidden", OPEN, disk=None)


@scenario
def hidden_in_the_namespace_left(w):
    """a worker has unshared its mounts since: what covers the file for its master does not for the worker"""
    w.make("lib")
    host = w.host()
    plugin = w.install("plain-1", "lib/plugin.so")
    host.open(plugin)
    workers = [w.worker(host), w.worker(host)]
    for worker, kind in zip(workers, ("mount", "user")):
        worker.do("unshare", kind)
    w.mount("-t", "tmpfs", "none", w.path("lib"))
    for worker in workers:
        yield worker
    yield host, Stale(plugin, "hidden", OPEN, disk=None)


@scenario
def detached(w):
    """its file system was unmounted lazily: the kernel prints a path that is none"""
    w.mount("-t", "tmpfs", "none", w.make("volume"))
    w.make("volume/sub")
    plugin = w.install("plain-1", "volume/sub/plugin.so")
    host = w.host()
    host.open(plugin)
    w.run("umount", "--lazy", w.path("volume"))
    yield host, Stale(plugin.at("/sub/plugin.so"), "unreachable", OPEN)


@scenario
def detached_decoy(w):
    """its file system was unmounted lazily, and the path that is none exists on the host"""
    w.mount("-t", "tmpfs", "none", w.make("volume"))
    w.make("volume" + w.directory)
    plugin = w.install("plain-1", "volume" + w.path("plugin.so"))
    host = w.host()
    host.open(plugin)
    w.run("umount", "--lazy", w.path("volume"))
    w.install("plain-2")
    yield host, Stale(plugin.at(w.path("plugin.so")), "unreachable", OPEN)


@scenario
def detached_and_mounted_anew(w):
    """its file system was exchanged for another one with a new release"""
    w.mount("-t", "tmpfs", "none", w.make("volume"))
    plugin = w.install("plain-1", "volume/plugin.so")
    host = w.host()
    host.open(plugin)
    w.run("umount", "--lazy", w.path("volume"))
    w.mount("-t", "tmpfs", "none", w.path("volume"))
    w.install("plain-2", "volume/plugin.so")
    yield host, Stale(plugin.at("/plugin.so"), "unreachable", OPEN)


@scenario
def remote_file_system(w):
    """a userspace file system is not touched, so that one that hangs takes nobody with it: unknown, and counted"""
    served = w.install("plain-1")
    mountpoint = w.make("remote")
    if not os.path.exists("/dev/fuse"):
        raise Missing("no /dev/fuse")
    server = Host(w.start(sys.executable, os.path.join(fixtures.HERE, "fuse.py"), mountpoint, served))
    try:
        server.answer(("mount",))
        host = w.host()
        host.open(w.path("remote/plugin.so"))
        yield host, Counts(unknown=1)
        server.process.send_signal(signal.SIGSTOP)
        yield host, Counts(unknown=1)
    finally:
        server.process.kill()


@scenario
def chroot_superseded(w):
    """in a chroot, a symlink with an absolute target was flipped: it stays inside"""
    jail = w.jail()
    w.make("jail/opt/1"), w.make("jail/opt/2")
    plugin = w.install("plain-1", "jail/opt/1/plugin.so")
    w.install("plain-2", "jail/opt/2/plugin.so")
    os.symlink("/opt/1", w.path("jail/opt/current"))
    host = w.host(before=("chroot", jail), program="/host")
    host.open("/opt/current/plugin.so")
    yield host
    os.symlink("/opt/2", w.path("jail/opt/next"))
    os.rename(w.path("jail/opt/next"), w.path("jail/opt/current"))
    yield host, Stale(plugin, "superseded", OPEN)


@scenario
def pivot_root_after_mapping(w):
    """pivot_root() after the library was mapped, as an init does that leaves its initramfs"""
    root = container(w)
    plugin = w.install("plain-1")
    host = w.host(before=PRIVATE)
    host.open(plugin)
    w.inside(host, "sh", "-c", f"mount --bind '{root}' '{root}' && cd '{root}' && pivot_root . old")
    yield host
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin.at("/old" + plugin.path), "replaced", OPEN, disk=new)
