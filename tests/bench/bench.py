# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a sweep costs and finds, beside the floors and the installed peers.

Starts a workload (workload.py) in a pid and mount namespace of its own, runs every
contender once a round, one after the other, so that what else the machine does falls on
all alike, and prints minimum, median and maximum. Then holds what each found against
the workload's truth. Needs root. Ends with 1 where we miss something or tell something
false, with 77 where it cannot run.
"""

import argparse
import collections
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile

import workload

# In its namespace the workload lives where software lives: several peers leave out /tmp and the like.
HOME = "/opt"
Run = collections.namedtuple("Run", "wall cpu rss")


class Contender:
    def __init__(self, name, argv, slow=False, ours=False):
        self.name, self.argv, self.slow, self.ours = name, argv, slow, ours
        self.runs = []

    def run(self, launcher):
        wall, cpu, rss, status = (int(x) for x in output([launcher, "run"] + self.argv).split())
        self.runs.append(Run(wall / 1e3, cpu / 1e3, rss / 1024))
        return status

    def available(self):
        return shutil.which(self.argv[0]) is not None


def output(argv):
    r = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return r.stdout.decode(errors="surrogateescape")


# --- what each says: sets of (pid, path), or of (pid, None) where it names no file ---

def unescaped(path):
    return re.sub(r"\\(\\|x([0-9a-f]{2}))", lambda m: chr(int(m[2], 16)) if m[2] else "\\", path)


def found_by_us(text):
    rows = [line.split("\t") for line in text.splitlines()]
    return {(int(r[0]), unescaped(r[2])): r[1] for r in rows if len(r) == 3}


def found_by_ctl(text):
    return {(f["pid"], unescaped(f["path"])): f["state"] for f in json.loads(text)["findings"]}


def found_by_lsof(text, deleted_only):
    found = set()
    for line in text.splitlines():
        m = re.match(r"\S+\s+(\d+)\s+(?:\d+\s+)?\S+\s+(\S+)\s+.*?\s(/.*)$", line)
        if m and (m[2] == "DEL" or (not deleted_only and m[2] in ("txt", "mem") and re.search(r" \((deleted|path inode=\d+)\)$", m[3]))):
            path = re.sub(r" \((deleted|path inode=\d+)\)$", "", m[3])
            found.add((int(m[1]), path.replace("\\\\012", "\n").replace("\\n", "\n")))
    return found


def found_by_needrestart(text):
    return {(int(pid), path.replace("\\012", "\n")) for pid, path in
            re.findall(r"#(\d+) uses (?:deleted|obsolete|non-existing)(?: binary)? (/.*?)(?: \(deleted\))?$", text, re.M)}


def found_by_checkrestart(text):
    found, pid = set(), None
    for line in text.splitlines():
        m = re.match(r"\[DEBUG\] Process .* \(PID: (\d+)\)", line)
        pid = int(m[1]) if m else pid if line.startswith("\t") or "List of deleted" in line else None
        if pid and line.startswith("\t"):
            found.add((pid, line.strip().replace("\\\\012", "\n").replace("\\012", "\n")))
    return found


def found_by_grep(text):
    return {(int(pid), None) for pid in re.findall(r"^/proc/(\d+)/maps$", text, re.M)}


class Judge:
    def __init__(self, stale):
        self.pairs = {(s.pid, s.path): s for s in stale}
        self.pids = {s.pid for s in stale}

    def row(self, name, found):
        """Pairs missed, false pairs, processes missed, false processes, wrong states."""
        keys = set(found)
        pids = {pid for pid, _ in keys}
        named = {k for k in keys if k[1] is not None}
        wrong = [k for k in named if isinstance(found, dict) and k in self.pairs and found[k] != self.pairs[k].state]
        pairs = ("%d" % len(self.pairs.keys() - named), "%d" % len(named - self.pairs.keys())) if named or not keys else ("-", "-")
        return [name, *pairs, "%d" % len(self.pids - pids), "%d" % len(pids - self.pids),
                "%d" % len(wrong) if isinstance(found, dict) else "-"]

    def explain(self, found):
        for k in sorted(self.pairs.keys() - found.keys()):
            print("missed: %d %r (%s)" % (k[0], k[1], self.pairs[k].kind))
        for k in sorted(found.keys() - self.pairs.keys()):
            print("false: %d %r %s" % (k[0], k[1], found[k]))
        for k in sorted(found.keys() & self.pairs.keys()):
            if found[k] != self.pairs[k].state:
                print("wrong state: %d %r %s, not %s" % (k[0], k[1], found[k], self.pairs[k].state))
        return all(k in self.pairs and found[k] == self.pairs[k].state for k in found) and len(found) == len(self.pairs)


# --- the tables ---

def table(head, rows):
    print("\n| %s |\n|%s" % (" | ".join(head), "---|" * len(head)))
    for row in rows:
        print("| %s |" % " | ".join(row))


def spread(values, digits=1):
    return "%.*f (%.*f-%.*f)" % (digits, statistics.median(values), digits, min(values), digits, max(values))


def machine():
    model = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo").read())
    memory = int(re.search(r"MemTotal:\s*(\d+)", open("/proc/meminfo").read())[1]) / 1048576
    return "%d × %s, %.0f GiB, Linux %s, load %s" % (os.cpu_count(), model[1] if model else os.uname().machine, memory, os.uname().release,
                                                  open("/proc/loadavg").read().split()[0])


LAYERS = ["without-fast-path", "without-siblings", "without-exec-times", "without-lookups"]


def contenders(o):
    all_of_them = [
        Contender("text floor: read every maps", [o.floor, "text"]),
        Contender("query floor: PROCMAP_QUERY, no names", [o.floor, "query"]),
        Contender("our first sweep", [o.sweeper, "1"], ours=True),
        Contender("our first sweep, text of maps", [o.sweeper, "text", "1"], ours=True),
    ]
    if o.layers:
        all_of_them += [Contender("our first sweep, %s" % x.replace("-", " "), [o.sweeper, x, "1"], ours=True) for x in LAYERS]
    if o.ctl:
        all_of_them.append(Contender("stalelibctl scan --json=short", [o.ctl, "scan", "--json=short"], ours=True))
    all_of_them += [
        Contender("grep -l '(deleted)' /proc/*/maps", ["sh", "-c", "grep -l '(deleted)' /proc/[0-9]*/maps"]),
        Contender("lsof -n", ["lsof", "-n"], slow=True),
        Contender("lsof -n -d DEL", ["lsof", "-n", "-d", "DEL"], slow=True),
        Contender("checkrestart", ["checkrestart"], slow=True),
        Contender("needrestart -b -r l", ["needrestart", "-b", "-r", "l"], slow=True),
    ]
    return all_of_them


def steady(o):
    """CPU and wall time, in ms, of sweeps in which nothing has changed."""
    lines = [line.split("\t") for line in output([o.sweeper, str(o.steady + 1)]).splitlines()]
    return [(int(x[0]) / 1e3, int(x[1]) / 1e3) for x in lines[1:]]


def measure(o):
    everyone, sweeps = contenders(o), []
    for c in everyone:
        if not c.available():
            print("not installed: %s" % c.argv[0])
    everyone = [c for c in everyone if c.available() and (o.slow_rounds > 0 or not c.slow)]
    for c in everyone:  # once, so that all is in the page cache
        if not c.slow and c.run(o.floor) and c.ours:
            sys.exit("%s failed" % " ".join(c.argv))
        c.runs.clear()
    for i in range(o.rounds):
        for c in everyone:
            if not c.slow or i < o.slow_rounds:
                c.run(o.floor)
        sweeps += steady(o)
    floor = statistics.median(r.cpu for r in everyone[0].runs)
    query = statistics.median(r.cpu for r in everyone[1].runs)
    first = statistics.median(r.cpu for r in everyone[2].runs)
    rows = [[c.name, "%d" % len(c.runs), spread([r.wall for r in c.runs]), spread([r.cpu for r in c.runs]),
             "%.3f" % (statistics.median(r.cpu for r in c.runs) / floor),
             "%.2f" % (statistics.median(r.cpu for r in c.runs) / query),
             "%.1f" % (statistics.median(r.cpu for r in c.runs) / first),
             "%.1f" % max(r.rss for r in c.runs)] for c in everyone]
    cpu = statistics.median(x[0] for x in sweeps)
    rows.append(["our steady sweep", "%d" % len(sweeps), spread([x[1] for x in sweeps]), spread([x[0] for x in sweeps]),
                 "%.3f" % (cpu / floor), "%.2f" % (cpu / query), "%.2f" % (cpu / first), ""])
    table(["contender", "runs", "wall ms: median (min-max)", "CPU ms: median (min-max)", "CPU / text floor", "CPU / query floor",
           "CPU / our first sweep", "RSS MiB"], rows)


def judge(o, w):
    j = Judge(w.stale)
    ours = found_by_us(output([o.sweeper, "findings", "2"]))
    text = found_by_us(output([o.sweeper, "text", "findings", "1"]))
    rows = [j.row("we", ours), j.row("we, text of maps", text)]
    right = j.explain(ours) & j.explain(text)
    if o.ctl:
        r = subprocess.run([o.ctl, "scan", "--json=short"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
        ctl = found_by_ctl(r.stdout.decode())
        rows.append(j.row("stalelibctl scan", ctl))
        right &= j.explain(ctl)
    if shutil.which("lsof"):
        rows.append(j.row("lsof -n -d DEL", found_by_lsof(output(["lsof", "-n", "-d", "DEL"]), True)))
        rows.append(j.row("lsof -n, DEL and marked", found_by_lsof(output(["lsof", "-n"]), False)))
    if shutil.which("checkrestart"):
        rows.append(j.row("checkrestart -v", found_by_checkrestart(output(["checkrestart", "-v"]))))
    if shutil.which("needrestart"):
        rows.append(j.row("needrestart -v (one file a process)", found_by_needrestart(output(["needrestart", "-v", "-b", "-r", "l"]))))
    rows.append(j.row("grep '(deleted)'", found_by_grep(output(["sh", "-c", "grep -l '(deleted)' /proc/[0-9]*/maps"]))))
    table(["who", "pairs missed", "false pairs", "processes missed", "false processes", "wrong states"], rows)
    return right


def settle(o):
    """A workload that is yet to be started."""
    os.makedirs(o.directory + "/home")
    workload.mount(o.directory + "/home", HOME, None, workload.MS_BIND)
    return workload.Workload(o.processes, o.holder, o.plugin, HOME)


def start(w):
    w.start()
    for name in w.missing:
        print("not installed, left out of the workload: %s" % name)
    kinds = collections.Counter(s.kind for s in w.stale)
    print("%d processes; stale: %d files in %d processes (%s)" % (
        w.processes, len(w.stale), len({s.pid for s in w.stale}), ", ".join("%s %d" % (k, n) for k, n in kinds.items())))
    print("a process has %.0f mappings, %.1f of them of files and executable, told in %.1f KiB of text" % w.density())
    print(machine())


def inside(o):
    w = settle(o)
    start(w)
    if o.shell:
        subprocess.run(o.shell, shell=True)
        return True
    if not o.truth_only:
        measure(o)
    return judge(o, w)


def outside(o, script, talk=False):
    """Runs the script again, in namespaces that end with it."""
    if os.geteuid() != 0:
        print("needs root: for namespaces, and to read what belongs to others")
        sys.exit(77)
    o.directory = tempfile.mkdtemp(prefix="stalelib-bench-", dir="/var/tmp")
    argv = ["unshare", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
            sys.executable, os.path.abspath(script), "--inside", o.directory] + sys.argv[1:]
    p = subprocess.Popen(argv, stdin=None if talk else subprocess.DEVNULL, start_new_session=not talk)

    def stop(*_):
        p.kill()

    for s in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
        signal.signal(s, stop)
    try:
        r = p.wait(o.timeout)
    except subprocess.TimeoutExpired:
        stop()
        r = p.wait()
        print("not done within %d s" % o.timeout)
    finally:
        shutil.rmtree(o.directory, ignore_errors=True)
    sys.exit(r if r >= 0 else 1)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--processes", type=int, default=500)
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--slow-rounds", type=int, default=3, help="of these, with the slow peers")
    p.add_argument("--steady", type=int, default=10, help="steady sweeps a round")
    p.add_argument("--timeout", type=int, default=1800, help="seconds; then all is ended")
    p.add_argument("--floor", required=True)
    p.add_argument("--holder", required=True)
    p.add_argument("--plugin", required=True)
    p.add_argument("--sweeper", required=True)
    p.add_argument("--ctl", help="a stalelibctl to measure as well")
    p.add_argument("--layers", action="store_true", help="first sweeps without each of the layers that make it faster, too")
    p.add_argument("--truth-only", action="store_true", help="only judge what is found")
    p.add_argument("--shell", help="run this command beside the workload instead")
    p.add_argument("--inside", dest="directory", help=argparse.SUPPRESS)
    o = p.parse_args()
    for name in "floor", "holder", "plugin", "sweeper", "ctl":
        if getattr(o, name):
            setattr(o, name, os.path.abspath(getattr(o, name)))
    if o.directory:
        sys.stdout.reconfigure(line_buffering=True)
        sys.exit(0 if inside(o) else 1)
    outside(o, __file__, talk=bool(o.shell))


if __name__ == "__main__":
    main()
