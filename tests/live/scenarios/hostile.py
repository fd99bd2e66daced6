# SPDX-License-Identifier: LGPL-2.1-or-later
"""Processes that cannot be looked at, that go away, and what is no library at all."""
import os
import subprocess

from harness import ANY, Counts, Look, Missing, Noted, Refused, Stale, scenario, scenario_of_host


@scenario
def no_such_process(w):
    """a pid that does not exist"""
    yield 4000000, Refused(3, "4000000")


@scenario
def zombie(w):
    """a process that has ended and was not waited for"""
    host = w.host()
    yield host.do("zombie"), Counts(processes=0), Noted("zombie")


@scenario
def killed_between(w):
    """a process that was there a moment ago"""
    host = w.host()
    host.process.kill()
    host.process.wait()
    yield host.pid, Refused(3, str(host.pid))


@scenario
def cut_off_library(w):
    """a library whose file is now shorter than its headers say"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    os.unlink(plugin)
    with open(plugin.path, "wb") as f:
        f.write(b"\x7fELF\x02\x01\x01" + bytes(20))
    yield host, Stale(plugin, "replaced", ("open-handles",), disk=w.file("plugin.so"))


@scenario
def text_mapped_executable(w):
    """a text file, mapped executable, and then replaced: it is no library"""
    with open(w.path("text"), "w", encoding="ascii") as f:
        f.write("text\n" * 2000)
    host = w.host()
    host.do("map", "rx", w.path("text"))
    os.unlink(w.path("text"))
    yield host


@scenario
def many_findings(w):
    """two hundred stale libraries in one process"""
    host = w.host()
    files = [w.install("plain-1", f"plugin-{n:03d}.so") for n in range(200)]
    for file in files:
        host.open(file)
        os.unlink(file)
    yield (host, *[Stale(file, "deleted", ("open-handles",), disk=None, flags=()) for file in files])


@scenario_of_host
def kernel_thread(w):
    """a kernel thread has nothing mapped, which is no error"""
    for pid in (int(p) for p in os.listdir("/proc") if p.isdigit()):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
                flags = int(f.read().rpartition(")")[2].split()[6])
        except OSError:
            continue
        if flags & 0x00200000:  # PF_KTHREAD
            yield pid, Counts(processes=0), Noted("kernel thread")
            return
    raise Missing("no kernel threads to be seen here")


@scenario
def of_another_user(w):
    """looking at root's process as nobody: said, not guessed"""
    host = w.host()
    plugin = w.install("plain-1")
    host.open(plugin)
    os.unlink(plugin)
    yield Look(host.pid, user=65534), Refused(3, "(?i)permi|may not|root|sudo")


@scenario
def all_as_nobody(w):
    """a sweep of all as nobody: what could not be read is counted"""
    hosts = [w.host() for _ in range(5)]
    yield Look(user=65534), Counts(processes=ANY, unreadable=ANY, unknown=ANY)
    assert hosts


@scenario
def all(w):
    """a sweep of all: every process is looked at"""
    hosts = [w.host() for _ in range(5)]
    plugin = w.install("plain-1")
    for h in hosts:
        h.open(plugin)
    yield Look(), Counts(processes=ANY)
    os.unlink(plugin)
    hosts[1:] = []
    yield hosts[0], Stale(plugin, "deleted", ("open-handles",), disk=None)


@scenario
def storm_of_exits(w):
    """processes come, go and become others while the sweep looks"""
    storm = subprocess.Popen(["sh", "-c", "while :; do /bin/true & /bin/true & /bin/true & wait; done"])
    for _ in range(20):
        yield Look(), Counts(processes=ANY, unreadable=ANY)
    storm.kill()
    storm.wait()
