# SPDX-License-Identifier: LGPL-2.1-or-later
"""What changes while it is looked at: pids, processes, mappings, files."""

import ctypes
import os
import shutil
import subprocess
import sys
import time
import traceback

from hostile import Process, Skipped, findings, main, need, equal, states, tool


def forked(work):
    """Runs for ever beside the test, which ends it."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
        os._exit(1)
    return pid


def end(pid):
    os.kill(pid, 9)
    os.waitpid(pid, 0)


def choose_next_pid(pid):
    try:
        with open("/proc/sys/kernel/ns_last_pid", "w") as f:
            f.write(str(pid - 1))
    except OSError as error:
        raise Skipped("the pid cannot be chosen") from error


def pids_that_are_used_again(hostile):
    """
    One pid is by turns a process with a stale library and one without. What is said of the one
    must never be said of the other: they run under different names.
    """
    stale_exe, clean_exe = hostile.path("stale-one"), hostile.path("clean-one")
    shutil.copy(tool("hostile-process"), stale_exe)
    shutil.copy(tool("hostile-process"), clean_exe)
    path = hostile.plugin("again/plugin.so")
    keep = hostile.path("again/old.so")
    os.link(path, keep)
    number = 20000

    def spawn(arguments):
        choose_next_pid(number)
        return Process(arguments)

    first = spawn([clean_exe, "ready"])
    if first.pid != number:
        raise Skipped("the pid cannot be chosen")
    first.end()

    def work():
        for turn in range(1 << 30):
            # Mapped from the old file, which is then replaced again: stale as soon as it says so.
            os.unlink(path)
            os.link(keep, path)
            process = spawn([stale_exe, "open", path, "ready"]).ready()
            shutil.copy(tool("plugin-2.so"), os.fsdecode(path) + ".new")
            os.rename(os.fsdecode(path) + ".new", path)
            time.sleep(0.01 * (turn % 5))
            process.end()
            process = spawn([clean_exe, "open", path, "ready"]).ready()
            time.sleep(0.002 * (turn % 3))
            process.end()

    hostile.sweep()  # starts the sweeper, which might get the number otherwise
    worker = forked(work)
    seen = 0
    try:
        # So often, and until it was met often enough: a sweep may take less time than such a process lives.
        end_by = time.monotonic() + 60
        sweeps = 0
        while sweeps < 150 or (seen < 20 and time.monotonic() < end_by):
            sweeps += 1
            for f in hostile.sweep()["findings"]:
                if f["pid"] == number:
                    seen += 1
                    need(f["exe"] == stale_exe and f["comm"] == "stale-one", f"said of {f['exe']} ({f['comm']})")
                    equal((f["path"], f["state"]), (os.fsdecode(path), "replaced"), "finding")
    finally:
        end(worker)
    need(seen >= 20, f"it was seen {seen} times in {sweeps} sweeps")


def start_unrandomized(pid, *command):
    choose_next_pid(pid)
    process = Process(["setarch", "-R", *command, "ready"]).ready()
    equal(process.pid, pid, "pid")
    return process


def judged_alike(hostile, process, state, path):
    for options in ([], ["text"], ["full"]):
        report = hostile.sweep(*options)
        equal([(f["state"], f["path"]) for f in findings(report, process)], [(state, path)], f"findings {options}")


def the_same_program_at_the_same_addresses(hostile):
    """Not a fork, though all is where it was, and the older release has the higher pid: that one is stale."""
    program = hostile.path("program")
    shutil.copy(tool("hostile-process"), program)
    time.sleep(1.5)  # a file is older than who maps it by more than clocks are coarse
    stale = start_unrandomized(20000, program)
    shutil.copy(program, program + ".new")
    os.rename(program + ".new", program)
    time.sleep(1.5)
    start_unrandomized(10000, program)
    judged_alike(hostile, stale, "replaced", program)


def the_same_library_at_the_same_address(hostile):
    """One was started before it was written to in place, the other one behind that."""
    path = os.fsdecode(hostile.plugin("written/plugin.so"))
    time.sleep(1.5)
    stale = start_unrandomized(20000, tool("hostile-process"), "open", path)
    time.sleep(1.5)
    with open(tool("plugin-2.so"), "rb") as new, open(path, "wb") as f:
        f.write(new.read())
    time.sleep(1.5)
    start_unrandomized(10000, tool("hostile-process"), "open", path)
    judged_alike(hostile, stale, "modified", path)


def a_storm_of_forks(hostile):
    """Whoever has ended between two reads is gone, and was not unreadable."""
    storms = [Process([tool("hostile-process"), "storm"]) for _ in range(2)]
    for options in ([], ["full"], ["owners"], ["owners", "text"]):
        for _ in range(100):
            equal(hostile.sweep(*options)["sweep"]["unreadable"], 0, "counted as not readable")
    for storm in storms:
        storm.end()


def a_herd_that_gets_smaller(hostile):
    path = hostile.plugin("group/plugin.so")
    group = [hostile.start("open", path) for _ in range(60)]
    hostile.plugin("group/plugin.so", 2)
    report = hostile.sweep()
    equal([states(report, p) for p in group], [["replaced"]] * 60, "states")
    for i in range(10):
        for process in group[i * 5:i * 5 + 5]:
            process.end()
        report = hostile.sweep()
        equal([states(report, p) for p in group], [[]] * (i * 5 + 5) + [["replaced"]] * (55 - i * 5), "states")


def a_library_replaced_ten_thousand_times_a_minute(hostile):
    path = os.fsdecode(hostile.plugin("busy/plugin.so"))
    stale = hostile.start("open", path)

    def work():
        for i in range(1 << 30):
            os.link(hostile.path(f"busy/{i % 2}.so"), path + ".new")
            os.rename(path + ".new", path)
            time.sleep(0.005)

    for i in range(2):
        shutil.copy(tool(f"plugin-{i + 1}.so"), hostile.path(f"busy/{i}.so"))
    shutil.copy(hostile.path("busy/0.so"), path + ".new")
    os.rename(path + ".new", path)
    worker = forked(work)
    try:
        for options in ([], ["baseline"], ["full"]):
            for _ in range(30):
                equal(states(hostile.sweep(*options), stale), ["replaced"], "states")
    finally:
        end(worker)


def a_process_that_unmaps_as_we_look(hostile):
    path = hostile.plugin("blink/plugin.so")
    blinking = Process([tool("hostile-process"), "blink", path])
    churning = Process([tool("hostile-process"), "churn", path, "0"])
    old = hostile.start("open", path)
    time.sleep(0.1)
    hostile.plugin("blink/plugin.so", 2)
    time.sleep(0.1)
    for options in ([], ["text"], ["full"]):
        for _ in range(40):
            report = hostile.sweep(*options)
            equal(states(report, old), ["replaced"], "states")
            # They map the new one by now: whatever is caught of them is current, or nothing.
            equal([(f["state"], f["message"]) for p in (blinking, churning) for f in findings(report, p)], [], "made up")
    blinking.end()
    churning.end()


def a_process_that_executes_itself_for_ever(hostile):
    path = hostile.plugin("exec/plugin.so")
    script = f"exec {tool('hostile-process')} open {os.fsdecode(path)} reexec"
    process = Process(["sh", "-c", script])
    hostile.plugin("exec/plugin.so", 2)
    time.sleep(0.2)
    for options in ([], ["text"]):
        for _ in range(40):
            report = hostile.sweep(*options)
            equal([f["state"] for f in findings(report, process)], [], "made up")
    process.end()


def a_library_that_is_mounted_over_and_back(hostile):
    path = os.fsdecode(hostile.plugin("mounts/plugin.so"))
    stale = hostile.start("open", path)
    libc, point, MNT_DETACH = ctypes.CDLL(None), os.fsencode(hostile.path("mounts")), 2

    def work():
        """Not by mount(8): that would outlive its parent, and mount once more."""
        while libc.mount(b"none", point, b"tmpfs", 0, None) == 0 and libc.umount2(point, MNT_DETACH) == 0:
            pass
        raise AssertionError("it does not mount")

    worker = forked(work)
    try:
        for _ in range(60):
            for state in states(hostile.sweep(), stale):
                equal(state, "hidden", "state")
    finally:
        end(worker)
    subprocess.run(["umount", "-l", hostile.path("mounts")], check=False, stderr=subprocess.DEVNULL)
    equal(states(hostile.sweep(), stale), [], "states afterwards")


TESTS = [
    pids_that_are_used_again,
    the_same_program_at_the_same_addresses,
    the_same_library_at_the_same_address,
    a_storm_of_forks,
    a_herd_that_gets_smaller,
    a_library_replaced_ten_thousand_times_a_minute,
    a_process_that_unmaps_as_we_look,
    a_process_that_executes_itself_for_ever,
    a_library_that_is_mounted_over_and_back,
]

if __name__ == "__main__":
    sys.exit(main(__file__, TESTS))
