# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a mapped file is, compared with what is on disk now."""
import os
import shutil
import time

from harness import ANY, Counts, File, Look, Stale, scenario
import fixtures

OPEN = ("open-handles",)


@scenario
def current(w):
    """nothing has changed"""
    host = w.host()
    host.open(w.install("plain-1"))
    yield host


@scenario
def touched(w):
    """times, mode and link count change, the content does not"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    os.utime(plugin, (time.time() + 60, time.time() + 60))
    os.chmod(plugin, 0o700)
    os.link(plugin, w.path("another name"))
    yield host


@scenario
def unloaded(w):
    """closed, and opened again: the plain case in which a reload works"""
    host = w.host()
    plugin = w.install("plain-1")
    handle = host.open(plugin)
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin, "replaced", OPEN, disk=new)
    host.close(handle)
    assert host.call(host.open(plugin)) == 2
    yield host


@scenario
def replaced(w):
    """a new file was renamed over it"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin, "replaced", OPEN, disk=new, certainty="certain", action="reload")


@scenario
def replaced_twice(w):
    """renamed over twice: the newest file counts"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    w.replace(plugin, "plain-2")
    newest = w.replace(plugin, "large-2")
    yield host, Stale(plugin, "replaced", OPEN, disk=newest)


@scenario
def replaced_by_same_content(w):
    """a reinstall: another inode, the same bytes"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    new = w.replace(plugin, "plain-1")
    yield host, Stale(plugin, "replaced", OPEN, disk=new, flags=("same-content",))


@scenario
def replaced_by_same_content_without_build_id(w):
    """a reinstall of a file that has no build-id: its bytes tell"""
    host = w.host()
    plugin = w.install("no-id-1")
    host.open(plugin)
    new = w.replace(plugin, "no-id-1")
    yield host, Stale(plugin, "replaced", OPEN, disk=new, flags=("same-content",))


@scenario
def replaced_without_build_id(w):
    """another file without a build-id: not the same content"""
    host = w.host()
    plugin = w.install("no-id-1")
    host.open(plugin)
    new = w.replace(plugin, "no-id-2")
    yield host, Stale(plugin, "replaced", OPEN, disk=new)


@scenario
def replaced_by_no_library(w):
    """what has the path now is no library"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    with open(w.path("text"), "w", encoding="ascii") as f:
        f.write("not a library\n")
    os.rename(w.path("text"), plugin)
    yield host, Stale(plugin, "replaced", OPEN, disk=File(plugin))


@scenario
def replaced_by_directory(w):
    """what has the path now is a directory, so that no file has it"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    os.unlink(plugin)
    os.mkdir(plugin)
    yield host, Stale(plugin, "deleted", OPEN)


@scenario
def deleted(w):
    """unlinked, nothing in its place"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    os.unlink(plugin)
    yield host, Stale(plugin, "deleted", OPEN, disk=None)


@scenario
def deleted_with_directory(w):
    """its whole directory was removed"""
    host = w.host()
    w.make("release")
    plugin = w.install("plain-1", "release/plugin.so")
    host.open(plugin)
    shutil.rmtree(w.path("release"))
    yield host, Stale(plugin, "deleted", OPEN, disk=None)


@scenario
def deleted_with_another_link(w):
    """the name it was mapped by is gone, another hard link lives on"""
    host = w.host()
    plugin = w.install("plain-1")
    os.link(plugin, w.path("other.so"))
    host.open(plugin)
    os.unlink(plugin)
    yield host, Stale(plugin, "deleted", OPEN, disk=None)


@scenario
def linked_again(w):
    """the kernel says (deleted), but the same inode has the path again"""
    host = w.host()
    plugin = w.install("plain-1")
    os.link(plugin, w.path("other.so"))
    host.open(plugin)
    os.unlink(plugin)
    os.link(w.path("other.so"), plugin)
    yield host


@scenario
def moved_there_and_back(w):
    """renamed aside and back again"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    os.rename(plugin, w.path("aside.so"))
    yield host, Stale(plugin.at(w.path("aside.so")), "moved", OPEN)
    os.rename(w.path("aside.so"), plugin)
    yield host


@scenario
def moved(w):
    """renamed aside, and nothing put in its place"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    os.rename(plugin, w.path("plugin.so.old"))
    yield host, Stale(plugin.at(w.path("plugin.so.old")), "moved", OPEN)


@scenario
def superseded_by_backup(w):
    """renamed aside as a backup, and a new file put in its place: the kernel follows the rename"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    os.rename(plugin, w.path("plugin.so.bak"))
    w.install("plain-2")
    yield host, Stale(plugin.at(w.path("plugin.so.bak")), "superseded", OPEN, successor=plugin)


@scenario
def superseded_by_symlink(w):
    """a `current` symlink was flipped to the new release"""
    host = w.host()
    w.make("release-1"), w.make("release-2")
    plugin = w.install("plain-1", "release-1/plugin.so")
    w.install("plain-2", "release-2/plugin.so")
    os.symlink("release-1", w.path("current"))
    host.open(w.path("current/plugin.so"))
    os.symlink("release-2", w.path("next"))
    os.rename(w.path("next"), w.path("current"))
    yield host, Stale(plugin, "superseded", OPEN)


@scenario
def superseded_by_version(w):
    """a versioned soname link leads to a newer file, the older one is still there"""
    host = w.host()
    old = w.install("versioned-1", "libplugin.so.1.0")
    os.symlink("libplugin.so.1.0", w.path("libplugin.so.1"))
    host.open(w.path("libplugin.so.1"))
    w.install("versioned-2", "libplugin.so.1.1")
    os.symlink("libplugin.so.1.1", w.path("next"))
    os.rename(w.path("next"), w.path("libplugin.so.1"))
    yield host, Stale(old, "superseded", OPEN)


@scenario
def deleted_and_superseded(w):
    """the shape of a security update: the versioned file is gone, its link leads to another"""
    host = w.host()
    old = w.install("versioned-1", "libplugin.so.1.0")
    os.symlink("libplugin.so.1.0", w.path("libplugin.so.1"))
    host.open(w.path("libplugin.so.1"))
    new = w.install("versioned-2", "libplugin.so.1.1")
    os.symlink("libplugin.so.1.1", w.path("next"))
    os.rename(w.path("next"), w.path("libplugin.so.1"))
    os.unlink(old)
    yield host, Stale(old, "deleted", OPEN, successor=ANY)
    assert new


@scenario
def modified_by_copy(w):
    """cp wrote another build into it"""
    host = w.host()
    plugin = w.install("plain-1")
    host.call(host.open(plugin))
    w.overwrite(plugin, "large-2")
    yield host, Stale(plugin, "modified", OPEN, flags=("crash-risk",), action="restart-now")


@scenario
def modified_by_copy_of_same_layout(w):
    """cp wrote a build of identical layout into it: only lost relocations tell"""
    host = w.host()
    plugin = w.install("plain-1")
    host.call(host.open(plugin))
    w.overwrite(plugin, "plain-2")
    yield host, Stale(plugin, "modified", OPEN, flags=("crash-risk",), action="restart-now")


@scenario
def modified_before_the_fork(w):
    """forked after cp wrote into it: the child is younger than the write, its mapping is older"""
    host = w.host()
    plugin = w.install("plain-1")
    host.call(host.open(plugin))
    w.overwrite(plugin, "large-2")
    time.sleep(1.5)  # what is to be seen is a child that is younger, by more than clocks of files are coarse
    child = host.do("fork")
    stale = Stale(plugin, "modified", OPEN, flags=("crash-risk",), action="restart-now")
    yield host, stale
    yield child, stale


@scenario
def modified_without_trace(w):
    """written over without truncation: the changed pages may or may not be private by now, one look cannot always know"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    w.overwrite(plugin, "plain-2", truncate=False)
    yield host, Stale(plugin, "modified", OPEN, flags=ANY, required=False)


@scenario
def modified_by_truncation(w):
    """truncated: the next touch is a SIGBUS"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    os.truncate(plugin, 0)
    yield host, Stale(plugin, "modified", OPEN, flags=("crash-risk",), action="restart-now")


@scenario
def modified_by_truncation_to_a_page(w):
    """truncated to its first page"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    os.truncate(plugin, 4096)
    yield host, Stale(plugin, "modified", OPEN, flags=("crash-risk",), action="restart-now")


@scenario
def modified_by_reinstall_in_place(w):
    """cp wrote the same bytes into it: the relocations are lost all the same"""
    host = w.host()
    plugin = w.install("plain-1")
    host.call(host.open(plugin))
    w.overwrite(plugin, "plain-1")
    yield host, Stale(plugin, "modified", OPEN, flags=ANY, action="restart-now")


@scenario
def modified_pinned(w):
    """cp wrote into a library that cannot be unloaded"""
    host = w.host()
    plugin = w.install("nodelete-1")
    host.call(host.open(plugin))
    w.overwrite(plugin, "nodelete-2")
    yield host, Stale(plugin, "modified", ("nodelete",), flags=("crash-risk",), action="restart-now")


@scenario
def both_generations(w):
    """each release has a name of its own, and the old one was not closed"""
    host = w.host()
    old = w.install("versioned-1", "plugin-1.so")
    host.open(old)
    os.unlink(old)
    new = w.install("plain-2", "plugin-2.so")
    host.open(new)
    yield host, Stale(old, "deleted", OPEN, disk=None)


@scenario
def both_generations_of_one_path(w):
    """opened again by another spelling of the same path: the loader does not know it is the same"""
    host = w.host()
    w.make("lib")
    os.symlink("lib", w.path("alias"))
    plugin = w.install("plain-1", "lib/plugin.so")
    host.open(plugin)
    new = w.replace(plugin, "plain-2")
    assert host.call(host.open(w.path("alias/plugin.so"))) == 2
    yield host, Stale(plugin, "replaced", OPEN, disk=new, flags=("both-generations",))


@scenario
def both_generations_of_one_name(w):
    """a symbolic link was turned, and the new file opened by its own name: what the name leads to now is mapped as well"""
    host = w.host()
    old = w.install("plain-1", "plugin-1.so")
    os.symlink("plugin-1.so", w.path("plugin.so"))
    host.open(w.path("plugin.so"))
    new = w.install("plain-2", "plugin-2.so")
    os.symlink("plugin-2.so", w.path("new"))
    os.rename(w.path("new"), w.path("plugin.so"))
    yield host, Stale(old, "superseded", OPEN, disk=ANY, flags=(), successor=new)
    host.open(new)
    yield host, Stale(old, "superseded", OPEN, disk=ANY, flags=("both-generations",), successor=new)


@scenario
def two_libraries_of_one_soname(w):
    """a program brings a library of its own beside the system's of the same soname: that is no generation of it"""
    host = w.host()
    w.make("system"), w.make("bundled")
    plugin = w.install("versioned-1", "system/libplugin.so.1")
    host.open(plugin)
    host.open(w.install("versioned-1", "bundled/libplugin.so.1"))
    new = w.replace(plugin, "versioned-2")
    yield host, Stale(plugin, "replaced", OPEN, disk=new, flags=())


@scenario
def executable_replaced(w):
    """the program itself was replaced"""
    program = w.program("host-1")
    host = w.host(program=program)
    new = w.program("host-1")
    yield host, Stale(program, "replaced", ("executable",), disk=new, flags=("same-content",), action="restart")


@scenario
def executable_deleted(w):
    """the program itself was removed"""
    program = w.program("host-1")
    host = w.host(program=program)
    os.unlink(program)
    yield host, Stale(program, "deleted", ("executable",), disk=None, action="restart")


@scenario
def static_executable_replaced(w):
    """a static program, that has no loader at all"""
    program = w.program("host-static-1")
    host = w.host(program=program)
    new = w.program("host-1")
    yield host, Stale(program, "replaced", ("executable",), disk=new)


@scenario
def children_share_it(w):
    """a forked child maps the same old file"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    child = host.do("fork")
    new = w.replace(plugin, "plain-2")
    stale = Stale(plugin, "replaced", OPEN, disk=new)
    yield host, stale
    yield child, stale


@scenario
def workers_share_it(w):
    """many forked from one, in a look at all processes: what is said of the first holds for all"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    children = [host.do("fork") for _ in range(5)]
    new = w.replace(plugin, "plain-2")
    stale = Stale(plugin, "replaced", OPEN, disk=new, detail="1 open handle")
    yield Look(), Counts(processes=ANY), *[stale] * 6
    for child in children:
        yield child, stale


@scenario
def workers_are_alike_and_not_the_same(w):
    """the parent opened it once more after the fork: to the address they are alike, but not in what holds it"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    child = host.do("fork")
    host.open(plugin)
    new = w.replace(plugin, "plain-2")
    parents, childs = [Stale(plugin, "replaced", OPEN, disk=new, detail=f"{n} open handle") for n in (2, 1)]
    yield Look(), Counts(processes=ANY), parents, childs
    yield host, parents
    yield child, childs


def workers_load_again_in(w, folder, old, new):
    """each worker keeps what it was forked with, or goes over to another release: plugin.so of folder/one or folder/two"""
    current = w.path(f"{folder}/current")
    plugin = f"{current}/plugin.so"
    os.symlink("one", current)
    time.sleep(1.5)  # what is to be seen are files that are older than who maps them, by more than clocks of files are coarse
    host = w.host()
    handle = str(host.open(plugin))
    before = [host.do("fork") for _ in range(2)]
    os.symlink("two", w.path(f"{folder}/next"))
    os.rename(w.path(f"{folder}/next"), current)
    after = [host.do("work", "again", handle, plugin) for _ in range(2)]
    stale = Stale(old, "superseded", OPEN, successor=new)
    yield Look(), Counts(processes=ANY), *[stale] * 3
    host.do("again", handle, plugin)
    yield Look(), Counts(processes=ANY), *[stale] * 2
    for pid in before:
        yield pid, stale
    for pid in [host, *after]:
        yield (pid,)


@scenario
def workers_load_again(w):
    """another release, of the same sizes and at the same addresses, with another inode"""
    w.make("releases/one"), w.make("releases/two")
    old, new = w.install("plain-1", "releases/one/plugin.so"), w.install("plain-2", "releases/two/plugin.so")
    yield from workers_load_again_in(w, "releases", old, new)


@scenario
def a_worker_loads_more(w):
    """one of many, all alike but for a library that this one has opened since"""
    host = w.host()
    extra = w.install("plain-1", "extra.so")
    workers = [host.do("fork"), host.do("work", "open", "now", extra), host.do("fork")]
    new = w.replace(extra, "plain-2")
    stale = Stale(extra, "replaced", OPEN, disk=new)
    yield Look(), Counts(processes=ANY), stale
    yield workers[1], stale


@scenario
def threads_of_another_process_share_it(w):
    """a second process on the same memory (CLONE_VM)"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    child = host.do("clone")
    new = w.replace(plugin, "plain-2")
    stale = Stale(plugin, "replaced", OPEN, disk=new)
    yield host, stale
    yield child, stale


@scenario
def text_unmapped(w):
    """its code is unmapped, the loader still lists it"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    host.do("punch", "plugin.so")
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin, "replaced", OPEN, disk=new)


@scenario
def upgraded_by_dpkg(w):
    """a real package manager put the new version there"""
    fixtures.need("dpkg-deb")
    for generation in "12":
        w.make(f"pkg-{generation}/DEBIAN"), w.make(f"pkg-{generation}/usr/lib")
        with open(w.path(f"pkg-{generation}/DEBIAN/control"), "w", encoding="ascii") as f:
            f.write(f"Package: plugin\nVersion: {generation}\nArchitecture: all\nMaintainer: nobody <n@example.org>\n"
                    "Description: a plugin\n")
        w.install(f"plain-{generation}", f"pkg-{generation}/usr/lib/plugin.so")
        w.run("dpkg-deb", "--build", w.path(f"pkg-{generation}"), w.path(f"plugin-{generation}.deb"))
    w.make("root/var/lib/dpkg/updates"), w.make("root/var/lib/dpkg/info")
    for name in ("status", "available"):
        with open(w.path("root/var/lib/dpkg", name), "w", encoding="ascii"):
            pass

    def install(generation):
        w.run("dpkg", f"--root={w.path('root')}", "--force-not-root", "--force-script-chrootless",
              "--install", w.path(f"plugin-{generation}.deb"))
        return File(w.path("root/usr/lib/plugin.so"))

    plugin = install("1")
    host = w.host()
    host.open(plugin)
    new = install("2")
    yield host, Stale(plugin, "replaced", OPEN, disk=new)
