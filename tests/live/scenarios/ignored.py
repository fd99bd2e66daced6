# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is mapped, executable and gone, and is nobody's stale library."""
import os
import shutil

import fixtures
from harness import Stale, scenario


@scenario
def memory_file(w):
    """a library loaded from a memfd"""
    host = w.host()
    host.do("memfd", w.install("plain-1"))
    yield host


@scenario
def anonymous_memory(w):
    """shared memory, System V memory, an O_TMPFILE and a JIT's memfd, all executable"""
    host = w.host()
    host.do("anonymous", "/tmp")
    yield host


@scenario
def posix_shared_memory(w):
    """an unlinked file in /dev/shm without an ELF header"""
    host = w.host()
    path = f"/dev/shm/stalelib-{os.getpid()}"
    with open(path, "wb") as f:
        f.write(bytes(4096))
    host.do("map", "rx", path)
    os.unlink(path)
    yield host


@scenario
def device(w):
    """/dev/zero, mapped executable: reading it never ends"""
    host = w.host()
    host.do("map", "rx", "/dev/zero")
    yield host


@scenario
def data_file(w):
    """a deleted data file, mapped for reading"""
    host = w.host()
    with open(w.path("data"), "wb") as f:
        f.write(b"data" * 2000)
    host.do("map", "r", w.path("data"))
    os.unlink(w.path("data"))
    yield host


@scenario
def closure_page(w):
    """libffi's closure page: an unlinked temporary file without an ELF header"""
    host = w.host()
    path = f"/tmp/ffi{os.getpid() % 1000000:06d}"
    with open(path, "wb") as f:
        f.write(bytes(4096))
    host.do("map", "rxs", path)
    os.unlink(path)
    yield host


def extracted(w, name):
    """A library that a program unpacked for itself, loaded and removed."""
    os.makedirs(os.path.dirname(name), exist_ok=True)
    shutil.copy(fixtures.get("plain-1"), name)
    host = w.host()
    host.open(name)
    os.unlink(name)
    return host


@scenario
def extracted_by_jna(w):
    """JNA unpacks its library, loads it and removes it"""
    yield extracted(w, f"/tmp/jna-{os.getpid()}/jna{os.getpid()}12345678.tmp")


@scenario
def extracted_by_jffi(w):
    """jffi does, too"""
    yield extracted(w, f"/tmp/jffi{os.getpid()}1234567890.so")


@scenario
def extracted_by_zstd_jni(w):
    """zstd-jni does, too"""
    yield extracted(w, f"/tmp/libzstd-jni-1.5.5-1{os.getpid()}12345.so")


@scenario
def extracted_by_nobody_known(w):
    """what only looks a bit like it is still a finding"""
    plugin = w.install("plain-1", "libjnaplugin.so")
    host = w.host()
    host.open(plugin)
    os.unlink(plugin)
    yield host, Stale(plugin, "deleted", ("open-handles",), disk=None)


@scenario
def wiped_before_it_ran(w):
    """an O_TMPFILE that is a library, opened through its descriptor"""
    fd = os.open(w.directory, os.O_TMPFILE | os.O_RDWR, 0o700)
    with open(fixtures.get("plain-1"), "rb") as f:
        os.write(fd, f.read())
    path = f"/proc/{os.getpid()}/fd/{fd}"
    host = w.host()
    host.open(path)
    os.close(fd)
    yield host
