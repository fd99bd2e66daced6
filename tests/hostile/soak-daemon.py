# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The daemon and its scanner, as they run, over processes that come, load, execute and go,
and libraries that are replaced: memory, descriptors and files of both must stay flat, the
scanner must stay the same one, and in the end every finding that was told must have been
told to be gone. Takes seconds: 20 by default; 1800 is a real soak (make soak).
"""

import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time

import hostile as frame
from daemon import Daemon
from hostile import Process, main, need, tool

SECONDS = int(os.environ.get("HOSTILE_SOAK", "20"))
LONG = SECONDS >= 300
# Turns of the group a second: a long soak is to run beside other work.
PAUSE = 0.25 if LONG else 0.04
frame.TEST_SECONDS = SECONDS + 90
frame.SERVER_SECONDS = SECONDS + 90


class Ear:
    """Which findings were told to come, and not yet to go."""

    def __init__(self, daemon):
        self.open, self.added, self.removed, self.bad, self.hears = set(), 0, 0, [], False
        self.monitor = subprocess.Popen(["busctl", "--json=short", "monitor", "org.stalelib1"], env=daemon.environment,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        threading.Thread(target=self.listen, daemon=True).start()
        daemon.until(lambda: daemon.ask("get-property", "State") and self.hears, "a word on the bus")

    def listen(self):
        for line in self.monitor.stdout:
            message = json.loads(line)
            self.hears = True
            if message.get("member") not in ("FindingAdded", "FindingRemoved"):
                continue
            finding = {k: v["data"] for k, v in message["payload"]["data"][0].items()}
            key = finding["pid"], finding["start_time"], finding["path"], finding["mapped"]["inode"]["data"]
            if message["member"] == "FindingAdded":
                self.added += 1
                self.open.add(key)
            else:
                self.removed += 1
                if key not in self.open:
                    self.bad.append(key)
                self.open.discard(key)


def churn(hostile, paths, stop):
    """A group of twelve, one of which is exchanged at each turn, as is a library now and then."""
    chance = random.Random(1)
    group = []
    turn = 0
    while not stop.is_set():
        turn += 1
        if len(group) >= 12:
            group.pop(chance.randrange(len(group))).end()
        path = chance.choice(paths)
        word = chance.choice(("open", "churn", "exec", "idle"))
        if word == "open":
            group.append(hostile.start("open", path))
        elif word == "churn":
            group.append(Process([tool("hostile-process"), "open", chance.choice(paths), "churn", path, "50"]))
        elif word == "exec":
            group.append(Process(["sh", "-c", f"{tool('hostile-process')} open {os.fsdecode(path)} </dev/null; "
                                 f"exec {tool('hostile-process')} open {os.fsdecode(path)} ready"]))
        else:
            subprocess.run(["true"], check=True)
        if turn % (20 if LONG else 5) == 0:
            hostile.plugin(chance.choice(paths), 1 + turn % 2)
        stop.wait(PAUSE)
    for process in group:
        process.end()
    return turn


def third(samples, which):
    n = len(samples) // 3
    return statistics.median(samples[which * n:(which + 1) * n])


# What medians may differ by: pages that one sweep needs and another does not, descriptors of the moment.
SLACK = {"KiB of the daemon": 512, "KiB of the scanner": 1024, "descriptors of the daemon": 1,
         "descriptors of the scanner": 8}
# It is written anew when it has 4096 lines more than it needs.
STATE_FILE_BYTES = 8 << 20


def the_daemon_and_its_scanner_stay_flat(hostile):
    paths = [hostile.plugin(f"soak-{i}/plugin.so") for i in range(8)]
    hostile.honest.end()
    daemon = Daemon(hostile)
    ear = Ear(daemon)
    stop, turns = threading.Event(), []
    herder = threading.Thread(target=lambda: turns.append(churn(hostile, paths, stop)))
    herder.start()
    samples = []
    end = time.monotonic() + SECONDS
    try:
        while time.monotonic() < end:
            need(herder.is_alive(), "the group has ended")
            samples.append(daemon.costs())
            time.sleep(1 if LONG else 0.1)
    finally:
        stop.set()
        herder.join()

    # What has come must have gone, and the last answer must say so.
    daemon.until(lambda: daemon.ask("call", "Sweep").stdout.startswith("a{sv}") and
                 daemon.ask("get-property", "StaleProcesses").stdout == "u 0\n", "the end of all findings")
    daemon.until(lambda: not ear.open, f"word of the end of {ear.open}")
    need(not ear.bad, f"gone, but never told: {ear.bad}")
    need(ear.added > SECONDS / 4, f"only {ear.added} findings")
    daemon.scanner_pid()

    # The first sixth fills the caches.
    samples = samples[len(samples) // 6:]
    print(f"# {turns[0]} turns; {ear.added} findings added, {ear.removed} removed", file=sys.stderr)
    for what, slack in SLACK.items():
        early, late = (third([s[what] for s in samples], which) for which in (0, 2))
        print(f"# {what}: {early:.0f} early, {late:.0f} late, at most {max(s[what] for s in samples)}", file=sys.stderr)
        need(late <= early + slack, f"{what}: {early}, then {late}")
    state_file = max(s["bytes of the state file"] for s in samples)
    print(f"# bytes of the state file: at most {state_file}", file=sys.stderr)
    need(state_file < STATE_FILE_BYTES, f"a state file of {state_file} bytes")
    daemon.daemon.send_signal(signal.SIGTERM)
    need(daemon.daemon.wait(20) == 0, f"the daemon ended badly: {daemon.said()}")


TESTS = [the_daemon_and_its_scanner_stay_flat]

if __name__ == "__main__":
    sys.exit(main(__file__, TESTS))
