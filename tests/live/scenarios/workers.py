# SPDX-License-Identifier: LGPL-2.1-or-later
"""Workers that map other files than what they were forked from, in as many pages."""
import mmap
import os

from harness import Stale, scenario

OPEN = ("open-handles",)
NOT_LOADER = ("not-loader",)
PAGES = 4


def static_pages(pid):
    """Pages that are neither data nor stack, proc_pid_statm(5)."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as f:
        fields = [int(n) for n in f.read().split()]
    return fields[0] - fields[5]


def data_of(w, pages, name="data"):
    with open(w.path(name), "wb") as f:
        f.truncate(pages * mmap.PAGESIZE)
    return w.path(name)


def static_pages_of(w, libraries):
    """How many a process has more of, once it has opened these."""
    host = w.host()
    before = static_pages(host.pid)
    for library in libraries:
        host.open(library)
    return static_pages(host.pid) - before


def worker_with_libraries_for_data(w, libraries, generations=1, thread=False):
    """A master with data, and a worker of as many pages that has libraries in its place."""
    pages = static_pages_of(w, libraries)
    data = data_of(w, pages)
    w.age()
    master = w.host()
    area = master.do("part", "r", "0", str(pages), data)
    worker = master
    for _ in range(generations):
        worker = w.worker(worker)
    worker.do("unmap", str(area), "0", str(pages))
    for library in libraries:
        handle = worker.open(library)
    if thread:
        worker.thread(handle)
    else:
        assert static_pages(worker.pid) == static_pages(master.pid)
    yield worker
    stale = [Stale(library, "replaced", OPEN, disk=w.replace(library, "plain-2")) for library in libraries]
    yield worker, *stale
    yield master


@scenario
def worker_opens_a_library_for_data(w):
    """a worker has unmapped data, and opened a library of just as many pages"""
    yield from worker_with_libraries_for_data(w, [w.install("plain-1")])


@scenario
def worker_opens_several_libraries_for_data(w):
    """the same with three libraries, in the worker of a worker"""
    yield from worker_with_libraries_for_data(w, [w.install("plain-1", f"plugin-{i}.so") for i in range(3)], generations=2)


@scenario
def worker_with_a_thread_opens_a_library_for_data(w):
    """the same in a worker that has started a thread"""
    yield from worker_with_libraries_for_data(w, [w.install("plain-1")], thread=True)


def forked_with(w, protection, file):
    """A master that has mapped a file, and its worker, when all files are older than both."""
    w.age()
    master = w.host()
    master.do("part", protection, "0", str(PAGES), file)
    return master, w.worker(master)


@scenario
def worker_maps_code_for_data(w):
    """a worker has mapped code where its master has data, without the loader"""
    code = w.install("plain-1", "code.so")
    master, worker = forked_with(w, "r", data_of(w, PAGES))
    worker.do("unmap", "0", "0", str(PAGES))
    worker.do("part", "rx", "0", str(PAGES), code)
    yield worker
    yield worker, Stale(code, "replaced", NOT_LOADER, disk=w.replace(code, "plain-2"))
    yield master


@scenario
def worker_maps_code_for_data_that_is_gone(w):
    """the same, of a file that had been removed before it was mapped"""
    code = w.install("plain-1", "code.so")
    master, worker = forked_with(w, "r", code)
    os.unlink(code)
    worker.do("protect", "0", "0", str(PAGES), "rx")
    yield worker, Stale(code, "deleted", NOT_LOADER, disk=None)
    yield master


@scenario
def worker_makes_data_executable_and_back(w):
    """mprotect(2) in a worker: what was data is code, and then data again"""
    code = w.install("plain-1", "code.so")
    master, worker = forked_with(w, "r", code)
    new = w.replace(code, "plain-2")
    worker.do("protect", "0", "0", "2", "rx")
    yield worker, Stale(code, "replaced", NOT_LOADER, disk=new)
    worker.do("protect", "0", "0", "2", "r")
    yield worker
    yield master


@scenario
def worker_maps_data_for_code(w):
    """a worker has data where its master has code that is stale"""
    code = w.install("plain-1", "code.so")
    master, worker = forked_with(w, "rx", code)
    worker.do("over", "0", "r", "0", data_of(w, PAGES))
    new = w.replace(code, "plain-2")
    yield worker
    yield master, Stale(code, "replaced", NOT_LOADER, disk=new)


@scenario
def worker_maps_another_file_in_place(w):
    """a worker has another file mapped at the very addresses where its master has one"""
    one, other = w.install("plain-1", "one.so"), w.install("plain-1", "other.so")
    master, worker = forked_with(w, "rx", one)
    worker.do("over", "0", "rx", "0", other)
    yield worker
    new = w.replace(other, "plain-2")
    yield worker, Stale(other, "replaced", NOT_LOADER, disk=new)
    yield master
    new_one = w.replace(one, "plain-2")
    yield master, Stale(one, "replaced", NOT_LOADER, disk=new_one)
    yield worker, Stale(other, "replaced", NOT_LOADER, disk=new)


@scenario
def worker_maps_another_file_elsewhere(w):
    """the same at another address, moved there by mremap(2)"""
    one, other = w.install("plain-1", "one.so"), w.install("plain-1", "other.so")
    master, worker = forked_with(w, "rx", one)
    worker.do("over", "0", "rx", "0", other)
    worker.do("move", "0", str(PAGES))
    new = w.replace(other, "plain-2")
    yield worker, Stale(other, "replaced", NOT_LOADER, disk=new)
    yield master


def mapped_as_data(w, protection):
    plugin = w.install("plain-1")
    host = w.host()
    host.do("map", protection, plugin)
    yield host
    w.replace(plugin, "plain-2")
    yield host
    os.unlink(plugin)
    yield host


@scenario
def data_only_replaced(w):
    """a library that a program maps itself, only to read it, as a symbolizer does: it does not run"""
    yield from mapped_as_data(w, "r")


@scenario
def data_only_writable_replaced(w):
    """the same, private and writable"""
    yield from mapped_as_data(w, "rw")


@scenario
def data_only_shared_replaced(w):
    """the same, shared"""
    yield from mapped_as_data(w, "rs")


@scenario
def data_only_and_executable_replaced(w):
    """the same, of a process that has another part of it executable"""
    plugin = w.install("plain-1")
    host = w.host()
    host.do("part", "r", "0", "1", plugin)
    host.do("part", "rx", "1", "1", plugin)
    yield host, Stale(plugin, "replaced", NOT_LOADER, disk=w.replace(plugin, "plain-2"))


@scenario
def data_only_beside_the_loaders_replaced(w):
    """the same, of a library that the loader has mapped as well"""
    plugin = w.install("plain-1")
    host = w.host()
    host.do("map", "r", plugin)
    host.open(plugin)
    yield host
    new = w.replace(plugin, "plain-2")
    yield host, Stale(plugin, "replaced", OPEN, disk=new)


@scenario
def mapped_beyond_its_end_beside_the_loaders(w):
    """the same, and further than the file goes: nothing was written to it"""
    plugin = w.install("plain-1")
    host = w.host()
    host.call(host.open(plugin))
    host.do("part", "rx", "1", "6", plugin)
    host.do("part", "r", "0", "9", plugin)
    yield host
