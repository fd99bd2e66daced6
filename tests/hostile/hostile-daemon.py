# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon among all of them at once: it answers, names what it leaves out, and costs no more than this."""

import importlib
import json
import os
import sys
import time

import hostile as frame
from daemon import Daemon, resident_kib
from hostile import FileSystem, Process, main, need, tool

fuse = importlib.import_module("hostile-fuse")

frame.SERVER_SECONDS = 90
ANSWER_SECONDS = 1 * frame.SLACK
DAEMON_KIB = 64 * 1024 * frame.SLACK
SCANNER_KIB = 128 * 1024 * frame.SLACK
# Of one processor, over WATCH_SECONDS, with a sweep each second and whatever is wished for.
DAEMON_SHARE = 0.1 * frame.SLACK
SCANNER_SHARE = 0.5 * frame.SLACK
WATCH_SECONDS = 8


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def report_of(daemon):
    """What the daemon lists, as a report has it."""
    started = time.monotonic()
    done = daemon.ask("call", "ListFindings", options=["--json=short"])
    need(time.monotonic() - started < ANSWER_SECONDS, f"an answer took {time.monotonic() - started:.1f} s")
    need(done.returncode == 0, f"no answer: {daemon.said()}")

    def plain(value):
        if isinstance(value, dict) and set(value) == {"type", "data"}:
            return plain(value["data"])
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items()}
        return [plain(v) for v in value] if isinstance(value, list) else value
    return {"findings": plain(json.loads(done.stdout)["data"][0])}


def all_of_them_at_once(hostile):
    user = hostile.user()
    fs = FileSystem(hostile, hostile.path("fuse"), fuse.ALL)
    hostile.start("open", fs.point + "/dir/plugin.so")
    many = hostile.plugin("many/plugin.so")
    hostile.start("maps", "65000", many)
    hostile.plugin("many/plugin.so", 2)
    for kind in ("loop", "changing", "names"):
        hostile.start("open", hostile.plugin(f"{kind}/plugin.so"), "links", kind, os.fsencode(hostile.path("honest/plugin.so")))
        hostile.plugin(f"{kind}/plugin.so", 2)
    blink = os.fsdecode(hostile.plugin("blink/plugin.so"))
    started = [Process([tool("hostile-process"), "storm"]), Process([tool("hostile-process"), "blink", blink])]
    stuck = fuse.hold_the_memory(hostile, where=user)
    fs.hang()

    daemon = Daemon(hostile, "ScannerTimeoutSec=2s\n")
    daemon.until(lambda: "1 process is left out" in daemon.ask("get-property", "DegradedReason").stdout, "that one is left out")
    daemon.until(lambda: any(f["pid"] == hostile.honest.pid for f in report_of(daemon)["findings"]), "the honest one")
    need(str(stuck.pid) in daemon.said(), f"the process that hangs is not named: {daemon.said()}")

    scanner = max(int(p) for p in open(f"/proc/{daemon.socket.pid}/task/{daemon.socket.pid}/children").read().split())
    before = {pid: cpu_seconds(pid) for pid in (daemon.daemon.pid, scanner)}
    end = time.monotonic() + WATCH_SECONDS
    while time.monotonic() < end:
        report = report_of(daemon)
        hostile.check_honest(report)
        need(not any(f["pid"] == stuck.pid for f in report["findings"]), "made up")
        time.sleep(0.5)
    for pid, share, kib in ((daemon.daemon.pid, DAEMON_SHARE, DAEMON_KIB), (scanner, SCANNER_SHARE, SCANNER_KIB)):
        used = (cpu_seconds(pid) - before[pid]) / WATCH_SECONDS
        print(f"# {resident_kib(pid)} KiB, {used:.3f} of a processor", file=sys.stderr)
        need(used <= share, f"takes {used:.2f} of a processor")
        need(resident_kib(pid) <= kib, f"takes {resident_kib(pid)} KiB")
    need(fs.touched_by(scanner) == [] and fs.touched_by(daemon.daemon.pid) == [], "the file system was asked")
    for process in started:
        process.end()


TESTS = [all_of_them_at_once]

if __name__ == "__main__":
    sys.exit(main(__file__, TESTS))
