# SPDX-License-Identifier: LGPL-2.1-or-later
"""File systems that do not answer: nothing that a sweep does may wait for one."""

import json
import os
import subprocess
import sys
import time

from zoo import FileSystem, Skipped, equal, findings, inside, main, need, states, tool, unknown

ALL = "LOOKUP,GETATTR,OPEN,READ,STATFS,READLINK"


def sweep_twice(zoo, *options, **more):
    """The second goes by what the first has noted."""
    zoo.sweep(*options, **more)
    return zoo.sweep(*options, **more)


def hangs_in(operations):
    def test(zoo):
        fs = FileSystem(zoo, zoo.path("fuse"), operations)
        zoo.animal("open", fs.point + "/dir/plugin.so")
        fs.hang()
        report = sweep_twice(zoo)
        need(unknown(report, "remote") >= 1, "what was not looked at is not counted")
        equal(fs.touched_by(zoo.sweeper_pid), [], "requests")
    test.__name__ = "a_file_system_that_hangs_in_" + operations.lower()
    return test


def a_file_system_that_hangs_in_all_of_them(zoo):
    fs = FileSystem(zoo, zoo.path("fuse"), ALL)
    stuck = zoo.animal("open", fs.point + "/dir/plugin.so", "map", fs.point + "/plugin.so")
    fs.hang()
    for options in ([], ["text"], ["baseline"], ["full"]):
        report = sweep_twice(zoo, *options)
        equal(findings(report, stuck), [], "findings")
        need(unknown(report, "remote") >= 2, "what was not looked at is not counted")
        equal(fs.touched_by(zoo.sweeper_pid), [], "requests")


def pages_that_were_never_read_are_not_read_now(zoo):
    fs = FileSystem(zoo, zoo.path("fuse"), ALL)
    zoo.animal("map", fs.point + "/plugin.so")
    fs.hang()
    report = sweep_twice(zoo)
    equal(fs.touched_by(zoo.sweeper_pid), [], "requests")
    need(unknown(report, "remote") >= 1, "what was not looked at is not counted")


def a_path_that_leads_there_by_a_link(zoo):
    fs = FileSystem(zoo, zoo.path("fuse"), ALL)
    path = zoo.plugin("links/plugin.so")
    stale = zoo.animal("open", path)
    os.unlink(path)
    os.symlink(fs.point + "/plugin.so", path)
    fs.hang()
    report = sweep_twice(zoo)
    equal(findings(report, stale), [], "findings")
    need(unknown(report, "remote") >= 1, "what was not looked at is not counted")
    equal(fs.touched_by(zoo.sweeper_pid), [], "requests")


def a_directory_that_became_a_link_there(zoo):
    fs = FileSystem(zoo, zoo.path("fuse"), ALL)
    path = zoo.plugin("was/plugin.so")
    zoo.animal("open", path)
    os.rename(zoo.path("was"), zoo.path("aside"))
    os.symlink("fuse/dir/../dir", zoo.path("was"))
    fs.hang()
    report = sweep_twice(zoo)
    need(unknown(report, "remote") >= 1 or report["findings"], "neither told nor counted")
    equal(fs.touched_by(zoo.sweeper_pid), [], "requests")


def mounted_over_a_component_of_the_path(zoo):
    path = zoo.plugin("over/dir/plugin.so")
    stale = zoo.animal("open", path)
    fs = FileSystem(zoo, zoo.path("over"), ALL)
    fs.hang()
    report = sweep_twice(zoo)
    need(states(report, stale) in ([], ["hidden"]), f"findings: {states(report, stale)}")
    need(states(report, stale) == ["hidden"] or unknown(report, "remote") >= 1, "neither told nor counted")
    equal(fs.touched_by(zoo.sweeper_pid), [], "requests")


def mounted_over_it_between_two_sweeps(zoo):
    path = zoo.plugin("over/dir/plugin.so")
    zoo.animal("open", path)
    zoo.sweep()
    fs = FileSystem(zoo, zoo.path("over"), ALL)
    fs.hang()
    sweep_twice(zoo)
    equal(fs.touched_by(zoo.sweeper_pid), [], "requests")


def a_process_whose_root_is_there(zoo):
    fs = FileSystem(zoo, zoo.path("fuse"), ALL)
    zoo.animal("open", fs.point + "/dir/plugin.so", "chroot", fs.point)
    fs.hang()
    sweep_twice(zoo)
    equal(fs.touched_by(zoo.sweeper_pid), [], "requests")


def a_process_whose_root_is_below_the_mount(zoo):
    """Its mountinfo does not show the mount that its root lies on."""
    fs = FileSystem(zoo, zoo.path("fuse"), ALL)
    zoo.animal("open", fs.point + "/dir/plugin.so", "open", zoo.plugin("other/plugin.so"), "chroot", fs.point + "/dir")
    fs.hang()
    sweep_twice(zoo)
    equal(fs.touched_by(zoo.sweeper_pid), [], "requests")


def a_root_there_in_a_namespace_that_nobody_else_sees(zoo):
    """As before, and the mount is gone from where the sweeper could see it."""
    fs = FileSystem(zoo, zoo.path("fuse"), ALL)
    zoo.animal("open", zoo.plugin("other/plugin.so"), "open", fs.point + "/dir/plugin.so", "chroot", fs.point + "/dir")
    subprocess.run(["umount", "-l", fs.point], check=True)
    fs.hang()
    sweep_twice(zoo)
    equal(fs.touched_by(zoo.sweeper_pid), [], "requests")


def overlay(zoo, lower, where=None):
    os.makedirs(zoo.path("second"), exist_ok=True)
    os.makedirs(zoo.path("merged"), exist_ok=True)
    zoo.mount("-t", "overlay", "overlay", "-o", f"lowerdir={zoo.path('second')}:{lower}", zoo.path("merged"), where=where)
    return zoo.path("merged")


def under_an_overlay(zoo):
    fs = FileSystem(zoo, zoo.path("fuse"), ALL)
    merged = overlay(zoo, fs.point)
    zoo.animal("open", merged + "/dir/plugin.so")
    fs.hang()
    report = sweep_twice(zoo)
    need(unknown(report, "remote") >= 1, "what was not looked at is not counted")
    equal(fs.touched_by(zoo.sweeper_pid), [], "requests")


def under_an_overlay_by_a_link(zoo):
    fs = FileSystem(zoo, zoo.path("fuse"), ALL)
    os.symlink(fs.point, zoo.path("link"))
    merged = overlay(zoo, zoo.path("link"))
    zoo.animal("open", merged + "/dir/plugin.so")
    fs.hang()
    sweep_twice(zoo)
    equal(fs.touched_by(zoo.sweeper_pid), [], "requests")


def detached_from_the_namespace(zoo):
    fs = FileSystem(zoo, zoo.path("fuse"), ALL)
    stuck = zoo.animal("open", fs.point + "/dir/plugin.so")
    subprocess.run(["umount", "-l", fs.point], check=True)
    fs.hang()
    report = sweep_twice(zoo)
    equal(states(report, stuck), ["unreachable"], "states")
    equal(fs.touched_by(zoo.sweeper_pid), [], "requests")


def of_a_user(zoo):
    """Mounted by a user for himself: the kernel refuses it to everyone else."""
    user = zoo.user()
    fs = FileSystem(zoo, zoo.path("fuse"), ALL, where=user)
    zoo.animal("open", fs.point + "/dir/plugin.so", "map", fs.point + "/plugin.so", where=user)
    fs.hang()
    report = sweep_twice(zoo)
    need(unknown(report, "remote") >= 1, "what was not looked at is not counted")
    equal(fs.touched_by(zoo.sweeper_pid), [], "requests")


def of_a_user_who_hides_it_under_an_overlay(zoo):
    """An overlay goes to its layers with the rights of who mounted it: nothing is refused there."""
    user = zoo.user()
    fs = FileSystem(zoo, zoo.path("fuse"), ALL, where=user)
    merged = overlay(zoo, fs.point, where=user)
    zoo.animal("open", merged + "/dir/plugin.so", "map", merged + "/plugin.so", where=user)
    subprocess.run([*inside(user), "umount", "-l", fs.point], check=True)
    fs.hang()
    for options in ([], ["text"], ["baseline"]):
        sweep_twice(zoo, *options)
        equal(fs.touched_by(zoo.sweeper_pid), [], "requests")


def of_a_user_whose_overlay_is_gone_as_well(zoo):
    user = zoo.user()
    fs = FileSystem(zoo, zoo.path("fuse"), ALL, where=user)
    merged = overlay(zoo, fs.point, where=user)
    zoo.animal("open", merged + "/dir/plugin.so", "map", merged + "/plugin.so", where=user)
    subprocess.run([*inside(user), "umount", "-l", merged], check=True)
    subprocess.run([*inside(user), "umount", "-l", fs.point], check=True)
    fs.hang()
    sweep_twice(zoo)
    equal(fs.touched_by(zoo.sweeper_pid), [], "requests")


def of_a_user_who_puts_it_where_a_library_was(zoo):
    """The verdict on a library of an ordinary file system then leads to the overlay."""
    user = zoo.user()
    path = zoo.plugin("merged/dir/plugin.so")
    stale = zoo.animal("open", path, where=user)
    zoo.sweep()
    fs = FileSystem(zoo, zoo.path("fuse"), ALL, where=user)
    overlay(zoo, fs.point, where=user)
    subprocess.run([*inside(user), "umount", "-l", fs.point], check=True)
    fs.hang()
    report = sweep_twice(zoo)
    need(states(report, stale) in ([], ["hidden"]), f"findings: {states(report, stale)}")
    equal(fs.touched_by(zoo.sweeper_pid), [], "requests")


def of_a_user_where_nothing_hangs(zoo):
    """What users mount is doubted, not left out: a replaced library is told there as well."""
    user = zoo.user()
    zoo.plugin("lower/dir/plugin.so")
    os.makedirs(zoo.path("upper"))
    os.makedirs(zoo.path("work"))
    os.makedirs(zoo.path("merged"))
    zoo.mount("-t", "overlay", "overlay", "-o", f"userxattr,lowerdir={zoo.path('lower')},"
              f"upperdir={zoo.path('upper')},workdir={zoo.path('work')}", zoo.path("merged"), where=user)
    path = zoo.path("merged/dir/plugin.so")
    stale = zoo.animal("open", path, where=user)
    equal(states(zoo.sweep(), stale), [], "states before")
    subprocess.run([*inside(user), "cp", tool("plugin-2.so"), path + ".new"], check=True)
    subprocess.run([*inside(user), "mv", path + ".new", path], check=True)
    report = sweep_twice(zoo)
    equal([(f["state"], f["path"]) for f in findings(report, stale)], [("replaced", path)], "findings")


def a_loaders_list_that_leads_there(zoo):
    """The list is in memory, and a page of memory may be one that a server has to fetch."""
    user = zoo.user()
    fs = FileSystem(zoo, zoo.path("fuse"), ALL, where=user)
    for mapped in "map", "data":
        for kind in "mapped", "named":
            zoo.animal(mapped, fs.point + "/plugin.so", "links", kind, "/x", where=user)
    fs.hang()
    for options in ([], ["text"], ["full"]):
        sweep_twice(zoo, *options)
        equal(fs.touched_by(zoo.sweeper_pid), [], "requests")


def a_workers_list_that_leads_there(zoo):
    """It is held against that of the process it was forked from before anything else is known of it."""
    user = zoo.user()
    fs = FileSystem(zoo, zoo.path("fuse"), ALL, where=user)
    zoo.animal("worker", "cover", fs.point + "/plugin.so", "ready", where=user)
    fs.hang()
    for options in ([], ["text"], ["text", "full"]):
        zoo.sweep(*options)
        equal(fs.touched_by(zoo.sweeper_pid), [], "requests")


def hold_the_memory(zoo, where=None, number=0):
    """
    A process whose memory is locked for as long as the server likes: one thread reads a page
    that does not come, another maps the file anew, and waits for that page with the lock held.
    """
    fs = FileSystem(zoo, zoo.path(f"fuse-{number}"), "READ", where=where)
    path = zoo.plugin(f"other-{number}/plugin.so")
    stuck = zoo.animal("open", path, "map", fs.point + "/plugin.so", "ready", "touch", "ready",
                       "lock", fs.point + "/plugin.so", where=where)
    zoo.plugin(f"other-{number}/plugin.so", 2)
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


def a_memory_that_is_locked_for_ever(zoo):
    """Its maps, cmdline, environ and mem do not answer: who reads them is given up, and all others are judged."""
    user = zoo.user()
    stuck = hold_the_memory(zoo, where=user)
    started = time.monotonic()
    done = subprocess.run([tool("stalelibctl"), "scan", "--json=short"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=60, check=False)
    duration = time.monotonic() - started
    equal(done.returncode, 0, "exit status")
    report = json.loads(done.stdout)
    zoo.check_honest(report)
    equal(findings(report, stuck), [], "findings of the stuck process")
    equal(report["sweep"]["unreadable"], 1, "counted as not readable")
    need(str(stuck.pid).encode() in done.stderr, "it is not named")
    need(duration < 30, f"took {duration:.0f} s")


def many_memories_that_are_locked_for_ever(zoo):
    """Each costs a few seconds, once; together they cost no more than an answer."""
    user = zoo.user()
    stuck = [hold_the_memory(zoo, where=user, number=i) for i in range(3)]
    done = subprocess.run([tool("stalelibctl"), "scan", "--json=short"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=90, check=False)
    report = json.loads(done.stdout)
    zoo.check_honest(report)
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
