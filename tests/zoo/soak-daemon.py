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

import zoo as frame
from zoo import Process, Skipped, main, need, tool

SECONDS = int(os.environ.get("ZOO_SOAK", "20"))
LONG = SECONDS >= 300
# Turns of the herd a second: a long soak is to run beside other work.
PAUSE = 0.25 if LONG else 0.04
frame.TEST_SECONDS = SECONDS + 90
frame.SERVER_SECONDS = SECONDS + 90


class Daemon:
    """A bus, a socket with scanners behind it, and the daemon."""

    def __init__(self, zoo):
        for program in ("dbus-daemon", "busctl", "systemd-socket-activate"):
            if not shutil.which(program):
                raise Skipped(f"needs {program}")
        self.directory = zoo.path("daemon")
        os.makedirs(self.directory + "/state")
        self.log = open(self.directory + "/log", "w+", encoding="utf-8", errors="replace")
        self.address = f"unix:path={self.directory}/bus"
        self.environment = {k: v for k, v in os.environ.items()
                            if k not in ("JOURNAL_STREAM", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")}
        self.environment["DBUS_SYSTEM_BUS_ADDRESS"] = self.address
        with open(self.directory + "/bus.conf", "w") as f:
            f.write(f"<busconfig><type>custom</type><listen>{self.address}</listen><auth>EXTERNAL</auth>"
                    '<policy context="default"><allow send_destination="*" eavesdrop="true"/>'
                    '<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>')
        with open(self.directory + "/conf", "w") as f:
            f.write(f"[Stalelibd]\nSweepIntervalSec=1s\nSettleSec=0\nMetricsFile={self.directory}/stalelib.prom\n")
        self.bus = self.start("dbus-daemon", f"--config-file={self.directory}/bus.conf", "--nofork")
        self.socket = self.start("systemd-socket-activate", "--accept", "-l", self.directory + "/scanner", tool("stalelib-scanner"))
        self.until(lambda: os.path.exists(self.directory + "/bus") and os.path.exists(self.directory + "/scanner"), "a bus")
        self.daemon = self.start(tool("stalelibd"), "--bus-address=" + self.address, "--config=" + self.directory + "/conf",
                                 "--scanner-socket=" + self.directory + "/scanner",
                                 "--state-directory=" + self.directory + "/state")
        self.until(lambda: self.ask("get-property", "State").returncode == 0, "the daemon")
        self.scanner = self.scanner_pid()

    def start(self, *arguments):
        return subprocess.Popen(arguments, env=self.environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def until(self, condition, what, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            need(time.monotonic() < end, f"{what} did not come: {self.said()}")
            time.sleep(0.05)

    def said(self):
        self.log.flush()
        with open(self.log.name, encoding="utf-8", errors="replace") as f:
            return f.read()[-2000:]

    def ask(self, verb, *arguments):
        return subprocess.run(["busctl", "--timeout=30", verb, "org.stalelib1", "/org/stalelib1", "org.stalelib1.Manager", *arguments],
                              env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)

    def scanner_pid(self):
        with open(f"/proc/{self.socket.pid}/task/{self.socket.pid}/children") as f:
            children = f.read().split()
        need(len(children) == 1, f"scanners: {children}; {self.said()}")
        return int(children[0])

    def costs(self):
        need(self.scanner_pid() == self.scanner, f"another scanner: {self.said()}")
        return {f"{what} of {who}": cost(pid) for who, pid in (("the daemon", self.daemon.pid), ("the scanner", self.scanner))
                for what, cost in (("KiB", resident_kib), ("descriptors", count_descriptors))} | {
                    "bytes of the ledger": os.path.getsize(self.directory + "/state/known")}


def resident_kib(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))


def count_descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


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


def churn(zoo, paths, stop):
    """A herd of twelve, one of which is exchanged at each turn, as is a library now and then."""
    chance = random.Random(1)
    herd = []
    turn = 0
    while not stop.is_set():
        turn += 1
        if len(herd) >= 12:
            herd.pop(chance.randrange(len(herd))).end()
        path = chance.choice(paths)
        word = chance.choice(("open", "churn", "exec", "idle"))
        if word == "open":
            herd.append(zoo.animal("open", path))
        elif word == "churn":
            herd.append(Process([tool("animal"), "open", chance.choice(paths), "churn", path, "50"]))
        elif word == "exec":
            herd.append(Process(["sh", "-c", f"{tool('animal')} open {os.fsdecode(path)} </dev/null; "
                                 f"exec {tool('animal')} open {os.fsdecode(path)} ready"]))
        else:
            subprocess.run(["true"], check=True)
        if turn % (20 if LONG else 5) == 0:
            zoo.plugin(chance.choice(paths), 1 + turn % 2)
        stop.wait(PAUSE)
    for process in herd:
        process.end()
    return turn


def third(samples, which):
    n = len(samples) // 3
    return statistics.median(samples[which * n:(which + 1) * n])


# What medians may differ by: pages that one sweep needs and another does not, descriptors of the moment.
SLACK = {"KiB of the daemon": 512, "KiB of the scanner": 1024, "descriptors of the daemon": 1,
         "descriptors of the scanner": 8}
# It is written anew when it has 4096 lines more than it needs.
LEDGER_BYTES = 8 << 20


def the_daemon_and_its_scanner_stay_flat(zoo):
    paths = [zoo.plugin(f"soak-{i}/plugin.so") for i in range(8)]
    zoo.honest.end()
    daemon = Daemon(zoo)
    ear = Ear(daemon)
    stop, turns = threading.Event(), []
    herder = threading.Thread(target=lambda: turns.append(churn(zoo, paths, stop)))
    herder.start()
    samples = []
    end = time.monotonic() + SECONDS
    try:
        while time.monotonic() < end:
            need(herder.is_alive(), "the herd has ended")
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
    ledger = max(s["bytes of the ledger"] for s in samples)
    print(f"# bytes of the ledger: at most {ledger}", file=sys.stderr)
    need(ledger < LEDGER_BYTES, f"a ledger of {ledger} bytes")
    daemon.daemon.send_signal(signal.SIGTERM)
    need(daemon.daemon.wait(20) == 0, f"the daemon ended badly: {daemon.said()}")


TESTS = [the_daemon_and_its_scanner_stay_flat]

if __name__ == "__main__":
    sys.exit(main(__file__, TESTS))
