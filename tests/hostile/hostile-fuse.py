# SPDX-License-Identifier: LGPL-2.1-or-later
"""File systems that do not answer: nothing that a sweep does may wait for one."""

import json
import os
import subprocess
import sys
import time

from hostile import FileSystem, Skipped, equal, findings, inside, main, need, states, tool, unknown

ALL = "LOOKUP,GETATTR,OPEN,READ,STATFS,READLINK"


def sweep_twice(hostile, *options, **more):
    """The second goes by what the first has noted."""
    hostile.sweep(*options, **more)
    return hostile.sweep(*options, **more)


def hangs_in(operations):
    def test(hostile):
        fs = FileSystem(hostile, hostile.path("fuse"), operations)
        hostile.start("open", fs.point + "/dir/plugin.so")
        fs.hang()
        report = sweep_twice(hostile)
        need(unknown(report, "remote") >= 1, "what was not looked at is not counted")
        equal(fs.touched_by(hostile.sweeper_pid), [], "requests")
    test.__name__ = "a_file_system_that_hangs_in_" + operations.lower()
    return test


def a_file_system_that_hangs_in_all_of_them(hostile):
    fs = FileSystem(hostile, hostile.path("fuse"), ALL)
    stuck = hostile.start("open", fs.point + "/dir/plugin.so", "map", fs.point + "/plugin.so")
    fs.hang()
    for options in ([], ["text"], ["baseline"], ["full"]):
        report = sweep_twice(hostile, *options)
        equal(findings(report, stuck), [], "findings")
        need(unknown(report, "remote") >= 2, "what was not looked at is not counted")
        equal(fs.touched_by(hostile.sweeper_pid), [], "requests")


def pages_that_were_never_read_are_not_read_now(hostile):
    fs = FileSystem(hostile, hostile.path("fuse"), ALL)
    hostile.start("map", fs.point + "/plugin.so")
    fs.hang()
    report = sweep_twice(hostile)
    equal(fs.touched_by(hostile.sweeper_pid), [], "requests")
    need(unknown(report, "remote") >= 1, "what was not looked at is not counted")


def a_path_that_leads_there_by_a_link(hostile):
    fs = FileSystem(hostile, hostile.path("fuse"), ALL)
    path = hostile.plugin("links/plugin.so")
    stale = hostile.start("open", path)
    os.unlink(path)
    os.symlink(fs.point + "/plugin.so", path)
    fs.hang()
    report = sweep_twice(hostile)
    equal(findings(report, stale), [], "findings")
    need(unknown(report, "remote") >= 1, "what was not looked at is not counted")
    equal(fs.touched_by(hostile.sweeper_pid), [], "requests")


def a_directory_that_became_a_link_there(hostile):
    fs = FileSystem(hostile, hostile.path("fuse"), ALL)
    path = hostile.plugin("was/plugin.so")
    hostile.start("open", path)
    os.rename(hostile.path("was"), hostile.path("aside"))
    os.symlink("fuse/dir/../dir", hostile.path("was"))
    fs.hang()
    report = sweep_twice(hostile)
    need(unknown(report, "remote") >= 1 or report["findings"], "neither told nor counted")
    equal(fs.touched_by(hostile.sweeper_pid), [], "requests")


def mounted_over_a_component_of_the_path(hostile):
    path = hostile.plugin("over/dir/plugin.so")
    stale = hostile.start("open", path)
    fs = FileSystem(hostile, hostile.path("over"), ALL)
    fs.hang()
    report = sweep_twice(hostile)
    need(states(report, stale) in ([], ["hidden"]), f"findings: {states(report, stale)}")
    need(states(report, stale) == ["hidden"] or unknown(report, "remote") >= 1, "neither told nor counted")
    equal(fs.touched_by(hostile.sweeper_pid), [], "requests")


def mounted_over_it_between_two_sweeps(hostile):
    path = hostile.plugin("over/dir/plugin.so")
    hostile.start("open", path)
    hostile.sweep()
    fs = FileSystem(hostile, hostile.path("over"), ALL)
    fs.hang()
    sweep_twice(hostile)
    equal(fs.touched_by(hostile.sweeper_pid), [], "requests")


def a_process_whose_root_is_there(hostile):
    fs = FileSystem(hostile, hostile.path("fuse"), ALL)
    hostile.start("open", fs.point + "/dir/plugin.so", "chroot", fs.point)
    fs.hang()
    sweep_twice(hostile)
    equal(fs.touched_by(hostile.sweeper_pid), [], "requests")


def a_process_whose_root_is_below_the_mount(hostile):
    """Its mountinfo does not show the mount that its root lies on."""
    fs = FileSystem(hostile, hostile.path("fuse"), ALL)
    hostile.start("open", fs.point + "/dir/plugin.so", "open", hostile.plugin("other/plugin.so"), "chroot", fs.point + "/dir")
    fs.hang()
    sweep_twice(hostile)
    equal(fs.touched_by(hostile.sweeper_pid), [], "requests")


def a_root_there_in_a_namespace_that_nobody_else_sees(hostile):
    """As before, and the mount is gone from where the sweeper could see it."""
    fs = FileSystem(hostile, hostile.path("fuse"), ALL)
    hostile.start("open", hostile.plugin("other/plugin.so"), "open", fs.point + "/dir/plugin.so", "chroot", fs.point + "/dir")
    subprocess.run(["umount", "-l", fs.point], check=True)
    fs.hang()
    sweep_twice(hostile)
    equal(fs.touched_by(hostile.sweeper_pid), [], "requests")


def overlay(hostile, lower, where=None):
    os.makedirs(hostile.path("second"), exist_ok=True)
    os.makedirs(hostile.path("merged"), exist_ok=True)
    hostile.mount("-t", "overlay", "overlay", "-o", f"lowerdir={hostile.path('second')}:{lower}", hostile.path("merged"), where=where)
    return hostile.path("merged")


def under_an_overlay(hostile):
    fs = FileSystem(hostile, hostile.path("fuse"), ALL)
    merged = overlay(hostile, fs.point)
    hostile.start("open", merged + "/dir/plugin.so")
    fs.hang()
    report = sweep_twice(hostile)
    need(unknown(report, "remote") >= 1, "what was not looked at is not counted")
    equal(fs.touched_by(hostile.sweeper_pid), [], "requests")


def under_an_overlay_by_a_link(hostile):
    fs = FileSystem(hostile, hostile.path("fuse"), ALL)
    os.symlink(fs.point, hostile.path("link"))
    merged = overlay(hostile, hostile.path("link"))
    hostile.start("open", merged + "/dir/plugin.so")
    fs.hang()
    sweep_twice(hostile)
    equal(fs.touched_by(hostile.sweeper_pid), [], "requests")


def detached_from_the_namespace(hostile):
    fs = FileSystem(hostile, hostile.path("fuse"), ALL)
    stuck = hostile.start("open", fs.point + "/dir/plugin.so")
    subprocess.run(["umount", "-l", fs.point], check=True)
    fs.hang()
    report = sweep_twice(hostile)
    equal(states(report, stuck), ["unreachable"], "states")
    equal(fs.touched_by(hostile.sweeper_pid), [], "requests")


def of_a_user(hostile):
    """Mounted by a user for himself: the kernel refuses it to everyone else."""
    user = hostile.user()
    fs = FileSystem(hostile, hostile.path("fuse"), ALL, where=user)
    hostile.start("open", fs.point + "/dir/plugin.so", "map", fs.point + "/plugin.so", where=user)
    fs.hang()
    report = sweep_twice(hostile)
    need(unknown(report, "remote") >= 1, "what was not looked at is not counted")
    equal(fs.touched_by(hostile.sweeper_pid), [], "requests")


def of_a_user_who_hides_it_under_an_overlay(hostile):
    """An overlay goes to its layers with the rights of who mounted it: nothing is refused there."""
    user = hostile.user()
    fs = FileSystem(hostile, hostile.path("fuse"), ALL, where=user)
    merged = overlay(hostile, fs.point, where=user)
    hostile.start("open", merged + "/dir/plugin.so", "map", merged + "/plugin.so", where=user)
    subprocess.run([*inside(user), "umount", "-l", fs.point], check=True)
    fs.hang()
    for options in ([], ["text"], ["baseline"]):
        sweep_twice(hostile, *options)
        equal(fs.touched_by(hostile.sweeper_pid), [], "requests")


def of_a_user_whose_overlay_is_gone_as_well(hostile):
    user = hostile.user()
    fs = FileSystem(hostile, hostile.path("fuse"), ALL, where=user)
    merged = overlay(hostile, fs.point, where=user)
    hostile.start("open", merged + "/dir/plugin.so", "map", merged + "/plugin.so", where=user)
    subprocess.run([*inside(user), "umount", "-l", merged], check=True)
    subprocess.run([*inside(user), "umount", "-l", fs.point], check=True)
    fs.hang()
    sweep_twice(hostile)
    equal(fs.touched_by(hostile.sweeper_pid), [], "requests")


def of_a_user_who_puts_it_where_a_library_was(hostile):
    """The verdict on a library of an ordinary file system then leads to the overlay."""
    user = hostile.user()
    path = hostile.plugin("merged/dir/plugin.so")
    stale = hostile.start("open", path, where=user)
    hostile.sweep()
    fs = FileSystem(hostile, hostile.path("fuse"), ALL, where=user)
    overlay(hostile, fs.point, where=user)
    subprocess.run([*inside(user), "umount", "-l", fs.point], check=True)
    fs.hang()
    report = sweep_twice(hostile)
    need(states(report, stale) in ([], ["hidden"]), f"findings: {states(report, stale)}")
    equal(fs.touched_by(hostile.sweeper_pid), [], "requests")


def of_a_user_where_nothing_hangs(hostile):
    """What users mount is doubted, not left out: a replaced library is told there as well."""
    user = hostile.user()
    hostile.plugin("lower/dir/plugin.so")
    os.makedirs(hostile.path("upper"))
    os.makedirs(hostile.path("work"))
    os.makedirs(hostile.path("merged"))
    hostile.mount("-t", "overlay", "overlay", "-o", f"userxattr,lowerdir={hostile.path('lower')},"
              f"upperdir={hostile.path('upper')},workdir={hostile.path('work')}", hostile.path("merged"), where=user)
    path = hostile.path("merged/dir/plugin.so")
    stale = hostile.start("open", path, where=user)
    equal(states(hostile.sweep(), stale), [], "states before")
    subprocess.run([*inside(user), "cp", tool("plugin-2.so"), path + ".new"], check=True)
    subprocess.run([*inside(user), "mv", path + ".new", path], check=True)
    report = sweep_twice(hostile)
    equal([(f["state"], f["path"]) for f in findings(report, stale)], [("replaced", path)], "findings")


def a_loaders_list_that_leads_there(hostile):
    """The list is in memory, and a page of memory may be one that a server has to fetch."""
    user = hostile.user()
    fs = FileSystem(hostile, hostile.path("fuse"), ALL, where=user)
    for mapped in "map", "data":
        for kind in "mapped", "named":
            hostile.start(mapped, fs.point + "/plugin.so", "links", kind, "/x", where=user)
    fs.hang()
    for options in ([], ["text"], ["full"]):
        sweep_twice(hostile, *options)
        equal(fs.touched_by(hostile.sweeper_pid), [], "requests")


def a_workers_list_that_leads_there(hostile):
    """It is held against that of the process it was forked from before anything else is known of it."""
    user = hostile.user()
    fs = FileSystem(hostile, hostile.path("fuse"), ALL, where=user)
    hostile.start("worker", "cover", fs.point + "/plugin.so", "ready", where=user)
    fs.hang()
    for options in ([], ["text"], ["text", "full"]):
        hostile.sweep(*options)
        equal(fs.touched_by(hostile.sweeper_pid), [], "requests")


def hold_the_memory(hostile, where=None, number=0):
    """
    A process whose memory is locked for as long as the server likes: one thread reads a page
    that does not come, another maps the file anew, and waits for that page with the lock held.
    """
    fs = FileSystem(hostile, hostile.path(f"fuse-{number}"), "READ", where=where)
    path = hostile.plugin(f"other-{number}/plugin.so")
    stuck = hostile.start("open", path, "map", fs.point + "/plugin.so", "ready", "touch", "ready",
                       "lock", fs.point + "/plugin.so", where=where)
    hostile.plugin(f"other-{number}/plugin.so", 2)
    fs.hang()
    stuck.tell()
    stuck.ready()
    time.sleep(0.3)
    stuck.tell()
    stuck.ready()
    time.sleep(0.3)
    probe = subprocess.Popen(["cat", f"/proc/{stuck.pid}/environ"], stdout=subprocess.DEVNULL)
    try:
        probe.wait(1)
    except subprocess.TimeoutExpired:
        probe.kill()
        probe.wait()
        return stuck
    raise Skipped("the lock is not held by that on this kernel")


def a_memory_that_is_locked_for_ever(hostile):
    """Its maps, cmdline, environ and mem do not answer: who reads them is given up, and all others are judged."""
    user = hostile.user()
    stuck = hold_the_memory(hostile, where=user)
    started = time.monotonic()
    done = subprocess.run([tool("stalelibctl"), "scan", "--json=short"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=60, check=False)
    duration = time.monotonic() - started
    equal(done.returncode, 0, "exit status")
    report = json.loads(done.stdout)
    hostile.check_honest(report)
    equal(findings(report, stuck), [], "findings of the stuck process")
    equal(report["sweep"]["unreadable"], 1, "counted as not readable")
    need(str(stuck.pid).encode() in done.stderr, "it is not named")
    need(duration < 30, f"took {duration:.0f} s")


def many_memories_that_are_locked_for_ever(hostile):
    """Each costs a few seconds, once; together they cost no more than an answer."""
    user = hostile.user()
    stuck = [hold_the_memory(hostile, where=user, number=i) for i in range(3)]
    done = subprocess.run([tool("stalelibctl"), "scan", "--json=short"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=90, check=False)
    report = json.loads(done.stdout)
    hostile.check_honest(report)
    equal(report["sweep"]["unreadable"], len(stuck), "counted as not readable")


TESTS = [
    hangs_in("LOOKUP"),
    hangs_in("GETATTR"),
    hangs_in("OPEN"),
    hangs_in("READ"),
    a_file_system_that_hangs_in_all_of_them,
    pages_that_were_never_read_are_not_read_now,
    a_path_that_leads_there_by_a_link,
    a_directory_that_became_a_link_there,
    mounted_over_a_component_of_the_path,
    mounted_over_it_between_two_sweeps,
    a_process_whose_root_is_there,
    a_process_whose_root_is_below_the_mount,
    a_root_there_in_a_namespace_that_nobody_else_sees,
    under_an_overlay,
    detached_from_the_namespace,
    of_a_user,
    of_a_user_who_hides_it_under_an_overlay,
    of_a_user_whose_overlay_is_gone_as_well,
    of_a_user_who_puts_it_where_a_library_was,
    of_a_user_where_nothing_hangs,
    a_loaders_list_that_leads_there,
    a_workers_list_that_leads_there,
    a_memory_that_is_locked_for_ever,
    many_memories_that_are_locked_for_ever,
]

if __name__ == "__main__":
    sys.exit(main(__file__, TESTS))
