# SPDX-License-Identifier: LGPL-2.1-or-later
"""The ways in which a sweep may be asked for, and the difference of their answers.

Each way is a sweeper (tests/hostile/sweeper.c). All have to give the same findings and
the same unknown mappings of each process. The reference is the examination of one
process, by PROCMAP_QUERY: it takes no short cut.

Some ways may know more than the reference, and only these: see may_know().
"""
import json
import os
import select
import struct
import subprocess

from daemon import Daemon
from hostile import tool

REFERENCE = "pid, query"
WAYS = {
    REFERENCE: ("once",),
    "pid, text": ("once", "text"),
    "once, query": ("once",),
    "once, text": ("once", "text"),
    "first, query": ("anew",),
    "first, text": ("anew", "text"),
    "first, without layers": ("anew", "plain"),
    "steady, query": (),
    "steady, text": ("text",),
    "baseline, query": ("baseline",),
    "baseline, text": ("baseline", "text"),
}
DAEMON = "daemon" # where it runs
ANSWER_SECONDS = 30

# What is not compared: times, and the sentences that are made of what is compared.
LEFT_OUT = ("start_time", "first_seen", "message")

# CLOCK_REALTIME is made late by this, so that SWEEP_SLACK_NSEC (one second) is in effect REMAINING_SLACK.
REMAINING_SLACK = 0.05
LATE_NSEC = 1_000_000_000 - int(REMAINING_SLACK * 1e9)
# A file is as old as sweeps want it after this: the slack, a tick of start times, and one of the clock of files.
AGE_SECONDS = REMAINING_SLACK + 0.03


class Clock:
    """What clock.c reads."""

    def __init__(self, path):
        self.path = path
        self.seconds = 0
        self.set(0)

    def set(self, seconds):
        self.seconds = seconds
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb") as f:
            f.write(struct.pack("=qq", seconds * 1_000_000_000, LATE_NSEC))

    def forward(self, seconds):
        self.set(self.seconds + seconds)


class Sweeper:
    def __init__(self, program, options, preload, clock):
        self.process = subprocess.Popen([program, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
                                        env={**os.environ, "LD_PRELOAD": preload, "DIFFERENTIAL_CLOCK": clock.path})
        self.pending = b""

    def ask(self, *pids):
        self.process.stdin.write((" ".join(map(str, pids)) + "\n").encode())
        while b"\n" not in self.pending:
            if not select.select([self.process.stdout], [], [], ANSWER_SECONDS)[0]:
                raise TimeoutError(f"no answer within {ANSWER_SECONDS} s")
            data = os.read(self.process.stdout.fileno(), 1 << 20)
            if not data:
                raise RuntimeError(f"the sweeper has ended: {self.process.wait()}")
            self.pending += data
        line, _, self.pending = self.pending.partition(b"\n")
        return json.loads(line)

    def end(self):
        self.process.kill()
        self.process.wait()


class Listing:
    """The daemon and its scanner, and what `stalelibctl list` says after a sweep."""

    def __init__(self, directory):
        self.directory = directory
        self.daemon = Daemon(self, "SweepIntervalSec=1h\n")

    def path(self, name):
        return os.path.join(self.directory, name)

    def ask(self):
        if self.daemon.ask("call", "Sweep").returncode != 0:
            raise RuntimeError(f"no sweep of the daemon: {self.daemon.said()}")
        r = subprocess.run([tool("stalelibctl"), "list", "--json=short"], env=self.daemon.environment, check=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        return json.loads(r.stdout)

    def end(self):
        for process in (self.daemon.daemon, self.daemon.socket, self.daemon.bus):
            process.kill()
            process.wait()
        self.daemon.log.close()


class Asker:
    """All ways, over one row of steps."""

    def __init__(self, program, preload, clock, daemon_directory=None):
        """daemon_directory: a directory for the daemon, which is asked as well; or None."""
        self.sweepers = {}
        self.known_modified = {}  # of each way, inodes that it has said to be modified
        for way, options in WAYS.items():
            self.sweepers[way] = Sweeper(program, options, preload, clock)
        if daemon_directory:
            self.sweepers[DAEMON] = Listing(daemon_directory)

    def answer(self, way, pids):
        if way.startswith("pid"):
            reports = [self.sweepers[way].ask(pid) for pid in pids]
        else:
            reports = [self.sweepers[way].ask()]
        return Answer(reports)

    def may_know(self, way, key, finding, should, written):
        """
        May this way, and not the reference, say so? A scan that has read a file before knows of
        a write that leaves no trace in memory, and of one whose traces a later write wiped out; and
        of what was stale before it could not be judged any more.
        """
        if "unconfirmed" in finding["flags"]:
            return key[:2] in should.unknown
        if finding["state"] != "modified":
            return False
        inode = finding["mapped"]["inode"]
        return way.startswith(("baseline", DAEMON)) and inode in written or inode in self.known_modified.get(way, ())

    def compare(self, pids, written):
        """All differences. written: inodes of files that were written to in place."""
        answers = {way: self.answer(way, pids) for way in self.sweepers}
        should = answers.pop(REFERENCE)
        result = []
        for way, got in answers.items():
            known = {k for k, f in got.findings.items() if self.may_know(way, k, f, should, written)}
            result += compare_findings(way, should.findings, got.findings, known)
            result += compare_unknown(way, should, got)
            if got.unreadable != should.unreadable:
                result.append(Difference(way, 0, "", "unreadable", f"{got.unreadable} unreadable, not {should.unreadable}"))
            if way.startswith(("steady", "baseline", DAEMON)):
                self.known_modified.setdefault(way, set()).update(
                    f["mapped"]["inode"] for f in got.findings.values() if f["state"] == "modified")
        return result

    def end(self):
        for sweeper in self.sweepers.values():
            sweeper.end()


class Answer:
    def __init__(self, reports):
        self.findings, self.unknown, self.unreadable, self.n_unknown = {}, {}, 0, 0
        for report in reports:
            self.unreadable += report["sweep"]["unreadable"]
            self.n_unknown += report["sweep"]["unknown"]
            for f in report["findings"]:
                key = (f["pid"], f["path"], f["mapped"]["device"], f["mapped"]["inode"])
                self.findings[key] = {k: v for k, v in f.items() if k not in LEFT_OUT}
            for u in report["unknown"]:
                self.unknown.setdefault((u["pid"], u["path"]), []).append(u["reason"])


def differing(should, got):
    return sorted(k for k in should if should[k] != got.get(k))


class Difference:
    """What one way says otherwise than the reference: `kind` tells the classes of differences apart."""

    def __init__(self, way, pid, path, kind, text):
        self.way, self.pid, self.path, self.kind, self.text = way, pid, path, kind, text


def compare_findings(way, should, got, known):
    for key in sorted((should.keys() | got.keys()) - known, key=str):
        pid, path = key[:2]
        a, b = should.get(key), got.get(key)
        if not b:
            yield Difference(way, pid, path, f"misses {a['state']}", f"misses: {a['state']} {path}")
        elif not a:
            yield Difference(way, pid, path, f"adds {b['state']}", f"says too much: {b['state']} {path}")
        else:
            fields = differing(a, b)
            if fields:
                texts = [f"{k} {json.dumps(b.get(k))}, not {json.dumps(a[k])}" for k in fields]
                yield Difference(way, pid, path, f"differs in {','.join(fields)} of {a['state']}",
                                 f"{a['state']} {path}: {'; '.join(texts)}")


def compare_unknown(way, should, got):
    """By their number where they are counted and not listed."""
    if got.n_unknown != sum(len(reasons) for reasons in got.unknown.values()):
        if got.n_unknown != should.n_unknown:
            yield Difference(way, 0, "", "number of unknown", f"{got.n_unknown} unknown, not {should.n_unknown}")
        return
    for key in sorted(should.unknown.keys() | got.unknown.keys(), key=str):
        a, b = sorted(should.unknown.get(key, [])), sorted(got.unknown.get(key, []))
        if way == DAEMON and not a and set(b) == {"content"}:
            continue  # its clock is the true one: what is younger than SWEEP_SLACK_NSEC could have been written to under the process
        if a != b:
            yield Difference(way, *key, f"unknown {','.join(b)} not {','.join(a)}",
                             f"unknown {key[1]}: {b or 'no'}, not {a or 'no'}")
