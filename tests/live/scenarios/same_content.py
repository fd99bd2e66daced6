# SPDX-License-Identifier: LGPL-2.1-or-later
"""Equal content at the name that a start would use, whatever lies there by now: no urgency in any state."""
import os
import shutil

from harness import File, Stale, scenario

OPEN = ("open-handles",)
SAME = {"flags": ("same-content",), "urgency": "none"}


def opened(w, fixture, path):
    """A host that has opened a fixture by this name."""
    plugin = w.install(fixture, path)
    host = w.host()
    host.open(plugin)
    return host, plugin


def replaced_in(w, fixture):
    host, plugin = opened(w, fixture, "plugin.so")
    yield host, Stale(plugin, "replaced", OPEN, disk=w.replace(plugin, fixture), **SAME)


@scenario
def same_replaced(w):
    """replaced by the same build: a reinstall"""
    yield from replaced_in(w, "plain-1")


@scenario
def same_replaced_without_build_id(w):
    """the same without a build-id: the bytes are equal"""
    yield from replaced_in(w, "no-id-1")


@scenario
def same_replaced_several(w):
    """three libraries reinstalled, one of them with another build"""
    host = w.host()
    plugins = [w.install("plain-1", f"plugin-{i}.so") for i in range(3)]
    for plugin in plugins:
        host.open(plugin)
    yield (host,
           Stale(plugins[0], "replaced", OPEN, disk=w.replace(plugins[0], "plain-1"), **SAME),
           Stale(plugins[1], "replaced", OPEN, disk=w.replace(plugins[1], "plain-2"), urgency="normal"),
           Stale(plugins[2], "replaced", OPEN, disk=w.replace(plugins[2], "plain-1"), **SAME))


def deleted_in(w, fixture):
    """A library with its release in its name, opened by a link that leads to the next one."""
    old = w.install(fixture, "libplugin.so.1.0")
    os.symlink("libplugin.so.1.0", w.path("libplugin.so.1"))
    host = w.host()
    host.open(w.path("libplugin.so.1"))
    new = w.install(fixture, "libplugin.so.1.1")
    os.symlink("libplugin.so.1.1", w.path("next"))
    os.rename(w.path("next"), w.path("libplugin.so.1"))
    os.unlink(old)
    yield host, Stale(old, "deleted", OPEN, successor=new, **SAME)


@scenario
def same_deleted(w):
    """removed, and its successor has another name and the same content"""
    yield from deleted_in(w, "plain-1")


@scenario
def same_deleted_without_build_id(w):
    """the same without a build-id"""
    yield from deleted_in(w, "no-id-1")


def superseded_in(w, fixture):
    w.make("v1"), w.make("v2")
    os.symlink("v1", w.path("current"))
    plugin = w.install(fixture, "v1/plugin.so")
    new = w.install(fixture, "v2/plugin.so")
    host = w.host()
    host.open(w.path("current/plugin.so"))
    yield host
    os.symlink("v2", w.path("next"))
    os.rename(w.path("next"), w.path("current"))
    yield host, Stale(plugin, "superseded", OPEN, successor=new, **SAME)


@scenario
def same_superseded(w):
    """a link was flipped to a directory with the same build"""
    yield from superseded_in(w, "plain-1")


@scenario
def same_superseded_without_build_id(w):
    """the same without a build-id"""
    yield from superseded_in(w, "no-id-1")


def hidden_in(w, fixture, *mount):
    w.make("lib"), w.make("other")
    host, plugin = opened(w, fixture, "lib/plugin.so")
    w.install(fixture, "other/plugin.so")
    w.mount(*mount, w.path("lib"))
    if not os.path.exists(plugin):
        w.install(fixture, "lib/plugin.so")
    yield host, Stale(plugin, "hidden", OPEN, disk=File(plugin.path), **SAME)


@scenario
def same_hidden_by_tmpfs(w):
    """a file system is mounted over it, with a copy"""
    yield from hidden_in(w, "plain-1", "-t", "tmpfs", "none")


@scenario
def same_hidden_by_tmpfs_without_build_id(w):
    """the same without a build-id"""
    yield from hidden_in(w, "no-id-1", "-t", "tmpfs", "none")


@scenario
def same_hidden_by_bind_mount(w):
    """a directory with a copy is bound over its own"""
    yield from hidden_in(w, "plain-1", "--bind", w.make("other"))


@scenario
def same_hidden_by_bind_mount_of_the_file(w):
    """a copy of the file is bound over it"""
    host, plugin = opened(w, "plain-1", "plugin.so")
    copy = w.install("plain-1", "copy.so")
    w.mount("--bind", copy, plugin)
    yield host, Stale(plugin, "hidden", OPEN, disk=copy, **SAME)


def unreachable_in(w, fixture, mount_anew, **expected):
    """On a file system that is detached; a copy lies beneath it, or on the next one."""
    w.make("volume")
    if not mount_anew:
        w.install(fixture, "volume/plugin.so")
    w.mount("-t", "tmpfs", "none", w.path("volume"))
    host, plugin = opened(w, fixture, "volume/plugin.so")
    w.run("umount", "--lazy", w.path("volume"))
    if mount_anew:
        w.mount("-t", "tmpfs", "none", w.path("volume"))
        w.install(fixture, "volume/plugin.so")
    yield host, Stale(plugin.at("/plugin.so"), "unreachable", OPEN, **(expected or SAME))


@scenario
def same_unreachable(w):
    """its file system was detached, and a copy lies where that was mounted"""
    yield from unreachable_in(w, "plain-1", mount_anew=False)


@scenario
def same_unreachable_without_build_id(w):
    """the same without a build-id: of a file that may not be read, all that tells it from another one is gone"""
    yield from unreachable_in(w, "no-id-1", mount_anew=False, urgency="normal")


@scenario
def same_unreachable_and_mounted_anew(w):
    """its file system was exchanged for another one with a copy"""
    yield from unreachable_in(w, "plain-1", mount_anew=True)


@scenario
def same_unreachable_program(w):
    """the program itself on a file system that was detached, and the same beneath"""
    w.make("volume")
    w.program("host-1", "volume/program")
    w.mount("-t", "tmpfs", "none", w.path("volume"))
    program = w.program("host-1", "volume/program")
    host = w.host(program=program)
    w.run("umount", "--lazy", w.path("volume"))
    yield host, Stale(program.at("/program"), "unreachable", ("executable",), **SAME)


# --- an overlay over a tree, as systemd-sysext has it ---

def tree(w, *extensions):
    """A tree with two libraries and a program, and layers that may be merged into it."""
    for directory in ("usr/lib", *(f"{e}/lib" for e in extensions)):
        w.make(directory)
    for name in ("one.so", "two.so"):
        w.install("plain-1", f"usr/lib/{name}")
    w.program("host-1", "usr/program")


def merge(w, *layers, options="ro"):
    layers = ":".join(w.path(layer) for layer in (*layers, "usr"))
    w.mount("-t", "overlay", "overlay", "-o", f"{options},lowerdir={layers}", w.path("usr"))


def libraries(w):
    return w.file("usr/lib/one.so"), w.file("usr/lib/two.so")


def hidden_libraries(w, one, two):
    return [Stale(plugin, "hidden", OPEN, disk=File(plugin.path), **SAME) for plugin in (one, two)]


def host_of_tree(w):
    host, (one, two) = w.host(), libraries(w)
    host.open(one)
    host.open(two)
    return host, one, two


@scenario
def merged(w):
    """an overlay was mounted over the tree: each file in it is the lower one"""
    tree(w, "extension")
    host, one, two = host_of_tree(w)
    merge(w, "extension")
    yield host, *hidden_libraries(w, one, two)
    w.run("umount", w.path("usr"))
    yield host


@scenario
def merged_writable(w):
    """the same with an upper layer"""
    tree(w)
    host, one, two = host_of_tree(w)
    merge(w, options=f"upperdir={w.make('upper')},workdir={w.make('work')}")
    yield host, *hidden_libraries(w, one, two)


@scenario
def merged_twice(w):
    """the same, one over the other"""
    tree(w, "extension", "another")
    host, one, two = host_of_tree(w)
    merge(w, "extension")
    merge(w, "another")
    yield host, *hidden_libraries(w, one, two)


@scenario
def merged_with_a_change(w):
    """the overlay has another build of one of two libraries"""
    tree(w, "extension")
    host, one, two = host_of_tree(w)
    w.install("plain-2", "extension/lib/two.so")
    merge(w, "extension")
    yield (host, Stale(one, "hidden", OPEN, disk=File(one.path), **SAME),
           Stale(two, "hidden", OPEN, disk=File(two.path), urgency="normal"))


def started_under_merge(w):
    merge(w, "extension")
    host, one, two = host_of_tree(w)
    w.run("umount", "--lazy", w.path("usr"))
    return host, one.at("/lib/one.so"), two.at("/lib/two.so")


@scenario
def unmerged(w):
    """started under the overlay, which is then detached: the same files lie beneath"""
    tree(w, "extension")
    host, one, two = started_under_merge(w)
    yield host, *(Stale(plugin, "unreachable", OPEN, **SAME) for plugin in (one, two))


@scenario
def unmerged_program(w):
    """the program itself, started under the overlay"""
    tree(w, "extension")
    merge(w, "extension")
    host = w.host(program=w.path("usr/program"))
    program = w.file("usr/program")
    w.run("umount", "--lazy", w.path("usr"))
    yield host, Stale(program.at("/program"), "unreachable", ("executable",), **SAME)


@scenario
def merged_anew(w):
    """started under the overlay, which is detached and merged anew with one changed library"""
    tree(w, "extension", "next")
    host, one, two = started_under_merge(w)
    w.install("plain-2", "next/lib/two.so")
    merge(w, "next")
    yield (host, Stale(one, "unreachable", OPEN, **SAME), Stale(two, "unreachable", OPEN, urgency="normal"))


@scenario
def merged_anew_workers(w):
    """the same in a chain of forked workers"""
    tree(w, "extension", "next")
    host, one, two = started_under_merge(w)
    middle = w.worker(host)
    worker = w.worker(middle)
    w.install("plain-2", "next/lib/two.so")
    merge(w, "next")
    for process in (host, middle, worker):
        yield (process, Stale(one, "unreachable", OPEN, **SAME), Stale(two, "unreachable", OPEN, urgency="normal"))


@scenario
def merged_over_an_overlay(w):
    """a live system whose root is an overlay: merged, and all that starts then is what is on disk, whatever path is printed"""
    w.mount("-t", "tmpfs", "none", w.make("layers"))
    for directory in ("layers/lower", "layers/upper", "layers/work", "usr"):
        w.make(directory)
    w.mount("-t", "overlay", "overlay", "-o", ",".join(f"{o}={w.path('layers', d)}" for o, d in
                                                      (("lowerdir", "lower"), ("upperdir", "upper"), ("workdir", "work"))),
            w.path("usr"))
    tree(w, "extension")
    merge(w, "extension")
    host, one, two = host_of_tree(w)
    yield (host, *(Stale(File(f"/proc/{host.pid}/root{plugin.path}").at(plugin.path[len(w.path('usr')):]), "unreachable", OPEN,
                         required=False, **SAME) for plugin in (one, two)))


@scenario
def copied_tree(w):
    """a whole tree is put in the place of another one, as by an image's update: equal files, other inodes"""
    tree(w)
    host, one, two = host_of_tree(w)
    shutil.copytree(w.path("usr"), w.path("next"))
    os.rename(w.path("usr"), w.path("last"))
    os.rename(w.path("next"), w.path("usr"))
    yield (host, *(Stale(plugin.at(w.path("last", *plugin.path.split("/")[-2:])), "superseded", OPEN, **SAME)
                   for plugin in (one, two)))
