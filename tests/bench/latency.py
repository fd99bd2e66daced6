# SPDX-License-Identifier: LGPL-2.1-or-later
"""How soon the daemon answers and tells, and what it costs to have it.

Runs stalelibd and its scanner on a bus of their own, beside a workload (workload.py) in a
pid and mount namespace of its own, and measures with caller.c:

- how long a call takes: with nothing else to do, while sweeps follow one another as
  fast as the daemon lets them, while one goes on alone, while the scanner hangs, is given
  up and replaced, and while another client lists all findings as often as it is let
- from rename(2) of a mapped library to FindingAdded, one by one and in a burst
- memory of both processes after their sweeps
- processor time of both, as the share of one core that a day at the default interval takes

Needs root. Ends with 77 where it cannot run.
"""

import argparse
import collections
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time

import bench

CALLS = ["GetId", "State", "LastSweepSummary"]
LIST_PAUSE_USEC = 250000  # lists are not answered more than four times a second
LIBRARIES = "/opt/latency"
HOLDER_SIZE = 30  # libraries a process: more than 128 findings of one are left out
SINGLE, BURST = 210, 100
INTERVAL_SEC = 60  # SweepIntervalSec=
LOOK_SEC = 3600  # of common/scan/process-cache.c


def prioritize(o, scanner=False):
    """In the child: the scanner below the others, as stalelib-scanner@.service has it; all above other work, if so wished."""
    if o.realtime:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1 if scanner else 2))
    elif scanner:
        os.nice(10)


class Daemon:
    """A bus, a socket with scanners behind it, and the daemon, after its first sweep."""

    def __init__(self, o, *settings):
        self.d = "%s/daemon%d" % (o.directory, len(os.listdir(o.directory)))
        os.makedirs(self.d + "/state")
        self.o, self.log, self.started = o, open(self.d + "/log", "w+"), []
        address = "unix:path=" + self.d + "/bus"
        self.environment = {k: v for k, v in os.environ.items() if k not in ("JOURNAL_STREAM", "NOTIFY_SOCKET", "WATCHDOG_USEC")}
        self.environment["DBUS_SYSTEM_BUS_ADDRESS"] = address
        with open(self.d + "/bus.conf", "w") as f:
            f.write("<busconfig><type>custom</type><listen>%s</listen><auth>EXTERNAL</auth><policy context='default'>"
                    "<allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/></policy></busconfig>" % address)
        with open(self.d + "/conf", "w") as f:
            f.write("[Stalelibd]\n" + "".join(s + "\n" for s in settings))
        self.bus = self.start("dbus-daemon", "--config-file=" + self.d + "/bus.conf", "--nofork")
        self.socket = self.start("systemd-socket-activate", "--accept", "-l", self.d + "/scanner", o.scanner,
                                 scanner=True)
        self.until(lambda: os.path.exists(self.d + "/bus") and os.path.exists(self.d + "/scanner"), "a bus")
        self.daemon = self.start(o.stalelibd, "--bus-address=" + address, "--config=" + self.d + "/conf",
                                 "--scanner-socket=" + self.d + "/scanner", "--state-directory=" + self.d + "/state")
        self.until(lambda: self.state() in ('s "running"', 's "degraded"'), "the first sweep")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Scanners end with the daemon's connection."""
        for p in reversed(self.started):
            p.terminate()
            p.wait(20)

    def start(self, *argv, scanner=False):
        p = subprocess.Popen(argv, env=self.environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                             preexec_fn=lambda: prioritize(self.o, scanner))
        self.started.append(p)
        return p

    def until(self, condition, what):
        end = time.monotonic() + 60
        while not condition():
            if time.monotonic() > end:
                self.log.seek(0)
                raise TimeoutError("%s did not come: %s" % (what, self.log.read()[-2000:]))
            time.sleep(0.05)

    def state(self):
        r = subprocess.run(["busctl", "get-property", "org.stalelib1", "/org/stalelib1", "org.stalelib1.Manager", "State"],
                           env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return r.stdout.strip()

    @property
    def scanners(self):
        with open("/proc/%d/task/%d/children" % (self.socket.pid, self.socket.pid)) as f:
            return [int(x) for x in f.read().split()]

    def both(self):
        return [self.daemon.pid] + self.scanners

    def call(self, *arguments):
        """What the caller says: µs of each kind."""
        r = subprocess.run([self.o.caller] + [str(a) for a in arguments], env=self.environment, stdout=subprocess.PIPE, check=True, text=True,
                           preexec_fn=lambda: prioritize(self.o))
        usec = collections.defaultdict(list)
        for line in r.stdout.splitlines():
            what, t = line.split("\t")
            usec[what].append(int(t))
        return usec

    def sweeps(self, n):
        """Calls one after the other, each alone."""
        return [t for _ in range(n) for t in self.call("sweep", 0.001, 0)["Sweep"]]


def cpu_ms(pids):
    return sum(int(open("/proc/%d/schedstat" % pid).read().split()[0]) for pid in pids) / 1e6


def memory_kib(pid, name):
    with open("/proc/%d/smaps_rollup" % pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith(name + ":"))


def percentile(values, p):
    return sorted(values)[min(len(values) - 1, len(values) * p // 100)]


def row(what, usec):
    return [what, "%d" % len(usec)] + ["%.2f" % (x / 1e3) for x in (min(usec), statistics.median(usec), percentile(usec, 99), max(usec))]


HEAD = ["n", "min ms", "p50 ms", "p99 ms", "max ms"]


def merge(into, usec):
    for what, times in usec.items():
        into[what] += times


def answers(o):
    rows = []

    def told(phase, usec):
        rows.extend([phase] + row(what, usec[what]) for what in CALLS + ["ListFindings", "Sweep"] if usec[what])

    with Daemon(o, "SweepIntervalSec=infinity", "Watch=no") as d:
        told("idle", d.call("call", o.seconds, 200, *CALLS))
    # A new daemon may sweep for two seconds before it is held to a tenth of the time.
    usec = collections.defaultdict(list)
    for _ in range(o.rounds):
        with Daemon(o, "SweepIntervalSec=100ms", "SettleSec=0") as d:
            merge(usec, d.call("sweep", 2, 0, *CALLS))
    told("sweeps without pause", usec)
    with Daemon(o, "SettleSec=0") as d:
        pause = 10 * statistics.median(d.sweeps(3))
        told("one sweep", d.call("sweep", o.seconds + 40 * pause / 1e6, "%d" % pause, *CALLS))
    with Daemon(o, "ScannerTimeoutSec=2s", "SettleSec=0") as d:
        stuck = d.scanners[0]
        os.kill(stuck, signal.SIGSTOP)
        sweep = d.start(o.caller, "sweep", "0.001", "0")
        told("scanner hangs, then is replaced", d.call("call", 5, 200, *CALLS))
        sweep.wait(30)
        os.kill(stuck, signal.SIGKILL)
        d.until(lambda: set(d.scanners) - {stuck}, "another scanner")
    with Daemon(o, "SweepIntervalSec=infinity", "Watch=no") as d:
        told("idle, a list of all", d.call("call", 4 * o.seconds, LIST_PAUSE_USEC, "ListFindings"))
        lister = d.start(o.caller, "call", "%g" % o.seconds, "%d" % LIST_PAUSE_USEC, "ListFindings")
        told("another lists all, again and again", d.call("call", o.seconds, 200, *CALLS))
        lister.wait(30)
    bench.table(["while", "call"] + HEAD, rows)


def changes(o, w):
    files = ["%s/lib%d.so" % (LIBRARIES, i) for i in range(SINGLE + BURST)]
    for i in range(0, len(files), HOLDER_SIZE):
        w.hold(1, files[i:i + HOLDER_SIZE])
    for f in files:
        w.new(f)
    rows = []
    with Daemon(o, "SettleSec=0") as d:
        pause = 10 * statistics.median(d.sweeps(3))
        rows.append(row("one by one", d.call("rename", "%d" % max(50000, pause), *files[:SINGLE])["FindingAdded"]))
        rows.append(row("%d at once" % BURST, d.call("rename", 0, *files[SINGLE:])["FindingAdded"]))
    bench.table(["from rename(2) to FindingAdded"] + HEAD, rows)


def sweep_ms(o, *words):
    return [int(line.split("\t")[0]) / 1e3 for line in bench.output([o.sweeper, *words]).splitlines()]


def costs(o):
    with Daemon(o) as d:
        before = cpu_ms(d.both())
        d.sweeps(o.sweeps)
        steady = (cpu_ms(d.both()) - before) / o.sweeps
        memory = [[who] + ["%.1f" % (sum(memory_kib(pid, what) for pid in pids) / 1024) for what in ("Rss", "Pss", "Pss_Anon")]
                  for who, pids in (("stalelibd", d.both()[:1]), ("stalelib-scanner", d.both()[1:]), ("both", d.both()))]
    bench.table(["memory after %d sweeps" % (o.sweeps + 1), "RSS MiB", "PSS MiB", "of it anonymous"], memory)
    full = statistics.median(sweep_ms(o, "full", "4")[1:])
    share = (steady / INTERVAL_SEC + full / LOOK_SEC) / 10
    rows = [["%.1f" % steady, "%.0f" % full, "%.3f" % share]]
    head = ["steady sweep, CPU ms of both", "all examined", "%% of a core: / %d s + / %d s" % (INTERVAL_SEC, LOOK_SEC)]
    if o.minutes:
        with Daemon(o) as d:
            before = cpu_ms(d.both())
            time.sleep(60 * o.minutes)
            rows[0].append("%.3f" % ((cpu_ms(d.both()) - before) / (60 * o.minutes) / 10))
        head.append("measured over %d minutes" % o.minutes)
    bench.table(head, rows)


def inside(o):
    w = bench.settle(o)
    w.copies(LIBRARIES, ["lib%d.so" % i for i in range(SINGLE + BURST)])
    bench.start(w)
    for part in o.parts.split(","):
        {"answers": lambda: answers(o), "changes": lambda: changes(o, w), "costs": lambda: costs(o)}[part]()
    print()


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--processes", type=int, default=500)
    p.add_argument("--parts", default="costs,answers,changes")
    p.add_argument("--seconds", type=float, default=5, help="of calls, of each kind")
    p.add_argument("--rounds", type=int, default=3, help="of sweeps without pause, two seconds each")
    p.add_argument("--sweeps", type=int, default=20, help="to take the processor time of")
    p.add_argument("--realtime", action="store_true", help="daemon, scanner, bus and caller before all other work (SCHED_FIFO)")
    p.add_argument("--minutes", type=int, default=0, help="also measure a daemon left alone for so long")
    p.add_argument("--timeout", type=int, default=1800, help="seconds; then all is ended")
    p.add_argument("--inside", dest="directory", help=argparse.SUPPRESS)
    programs = ["stalelibd", "scanner", "sweeper", "caller", "holder", "plugin"]
    for name in programs:
        p.add_argument("--" + name, required=True)
    o = p.parse_args()
    for name in programs:
        setattr(o, name, os.path.abspath(getattr(o, name)))
    for name in "dbus-daemon", "busctl", "systemd-socket-activate":
        if not shutil.which(name):
            print("needs %s" % name)
            sys.exit(77)
    if o.directory:
        sys.stdout.reconfigure(line_buffering=True)
        inside(o)
    else:
        bench.outside(o, __file__)


if __name__ == "__main__":
    main()
