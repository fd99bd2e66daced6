# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon and its scanner, as they run, in a hostile."""

import os
import shutil
import subprocess
import time

from hostile import Skipped, need, tool


class Daemon:
    """A bus, a socket with scanners behind it, and the daemon."""

    def __init__(self, hostile, settings=""):
        for program in ("dbus-daemon", "busctl", "systemd-socket-activate"):
            if not shutil.which(program):
                raise Skipped(f"needs {program}")
        self.directory = hostile.path("daemon")
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
            f.write(f"[Stalelibd]\nSweepIntervalSec=1s\nSettleSec=0\nMetricsFile={self.directory}/stalelib.prom\n{settings}")
        self.bus = self.start("dbus-daemon", f"--config-file={self.directory}/bus.conf", "--nofork")
        self.socket = self.start("systemd-socket-activate", "--accept", "-l", self.directory + "/scanner", tool("stalelib-scanner"))
        self.until(lambda: os.path.exists(self.directory + "/bus") and "Listening on" in self.said(), "a bus")
        self.daemon = self.start(tool("stalelibd"), "--bus-address=" + self.address, "--config=" + self.directory + "/conf",
                                 "--scanner-socket=" + self.directory + "/scanner",
                                 "--state-directory=" + self.directory + "/state")
        self.until(lambda: self.ask("get-property", "State").returncode == 0, "the daemon")
        self.scanner = None  # the one that is there when its costs are first asked for

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

    def ask(self, verb, *arguments, options=()):
        return subprocess.run(["busctl", "--timeout=30", *options, verb, "org.stalelib1", "/org/stalelib1", "org.stalelib1.Manager", *arguments],
                              env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)

    def scanner_pid(self):
        with open(f"/proc/{self.socket.pid}/task/{self.socket.pid}/children") as f:
            children = f.read().split()
        need(len(children) == 1, f"scanners: {children}; {self.said()}")
        return int(children[0])

    def costs(self):
        self.scanner = self.scanner or self.scanner_pid()
        need(self.scanner_pid() == self.scanner, f"another scanner: {self.said()}")
        return {f"{what} of {who}": cost(pid) for who, pid in (("the daemon", self.daemon.pid), ("the scanner", self.scanner))
                for what, cost in (("KiB", resident_kib), ("descriptors", count_descriptors))} | {
                    "bytes of the state file": os.path.getsize(self.directory + "/state/known")}


def resident_kib(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))


def count_descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))
