# SPDX-License-Identifier: LGPL-2.1-or-later
"""usage: differential.py [--seed=N] [--steps=M] [--rows=K] [--minutes=T] [--minimize] [--replay=FILE] [--daemon]

Whichever way one asks, the answer is the same: this holds the whole-host sweep (by
PROCMAP_QUERY and by the text of maps, first and later ones), the sweep with baselines
and the examination of one process together, over rows of random steps of processes,
files and mounts. Speaks TAP: a row of steps is a test.

--seed  of the first row; each row after it has the next seed (default: DIFFERENTIAL_SEED, else 1)
--steps of a row (default 30). `--seed=N --steps=M --rows=1` repeats the first M of row N
--rows  at least so many, and then as many as begin before --minutes are over
--minimize  leaves out of a row with a difference all steps that do not matter
--replay  one row of steps, as they are printed where there is a difference
--daemon  asks the daemon as well
--keep-going  through all rows, where it ends at the first with a difference otherwise

HOSTILE_BUILD names the directories of the build where programs and fixtures are, that of
tests/live first. Needs root.
"""
import argparse
import collections
import contextlib
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(HERE, os.pardir, "live"), os.path.join(HERE, os.pardir, "hostile")]

import fixtures  # noqa: E402
import harness   # noqa: E402
import ways      # noqa: E402
import world     # noqa: E402
import hostile       # noqa: E402

NAMESPACES = ["unshare", "--mount", "--propagation=private", "--cgroup", "--pid", "--fork", "--kill-child", "--mount-proc"]
LOOK = ["look"]


class Pool:
    """The contents of files, read once, and what is built but once."""

    def __init__(self, directory):
        self.directory = directory
        self.contents = {}
        jail = harness.World(directory)
        self.jail = jail.jail()
        self.btrfs_missing = not shutil.which("mkfs.btrfs") or "btrfs" not in open("/proc/filesystems").read()

    def read(self, content):
        if content not in self.contents:
            kind, _, number = content.rpartition("-")
            if kind == "data":
                self.contents[content] = bytes([int(number)]) * (int(number) * world.PAGE)
            else:
                with open(fixtures.get(content), "rb") as f:
                    self.contents[content] = f.read()
        return self.contents[content]

    def copy(self, content, path):
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o755)
        os.write(fd, self.read(content))
        os.close(fd)


class Row:
    """One row of steps: what was done, and the first differences."""

    def __init__(self, file_system):
        self.file_system = file_system
        self.steps = []
        self.looks = 0
        self.differences = []


class Runner:
    def __init__(self, directory, daemon):
        self.directory = directory
        self.daemon = daemon
        self.pool = Pool(directory)
        self.clock = ways.Clock(os.path.join(directory, "clock"))
        self.n = 0

    @contextlib.contextmanager
    def begin(self, file_system):
        self.n += 1
        self.clock.set(0)
        w = world.World(os.path.join(self.directory, f"row-{self.n}"), self.pool, self.clock, file_system)
        daemon_directory = os.path.join(self.directory, f"daemon-{self.n}") if self.daemon else None
        asker = ways.Asker(hostile.tool("sweeper"), hostile.tool("libdifferential-clock.so"), self.clock, daemon_directory)
        try:
            yield w, asker
        finally:
            asker.end()
            w.end()

    def look(self, w, asker, row):
        row.looks += 1
        pids = w.pids()
        found = asker.compare(pids, w.written)
        if [pid for pid in pids if not world.is_alive(pid)]:
            return  # killed by what was done to its files, and late
        row.differences = [(d, w.name_of(d.pid)) for d in found]

    def run(self, file_system, steps):
        """steps: gives the next one for the world as it is, until there is no more."""
        row = Row(file_system)
        with self.begin(file_system) as (w, asker):
            for step in steps(w):
                row.steps.append(step)
                if step == LOOK:
                    self.look(w, asker, row)
                    if row.differences:
                        break
                elif not w.carry_out(step):
                    row.steps.pop()
        return row

    def run_random(self, seed, n_steps):
        chance = random.Random(seed)
        file_system = chance.choice([f for f in world.FILE_SYSTEMS if f != "btrfs" or not self.pool.btrfs_missing])

        def steps(w):
            yield from w.begin(chance)
            for _ in range(n_steps):
                yield w.choose(chance)
                if chance.random() < 0.4:
                    yield LOOK
            yield LOOK

        return self.run(file_system, steps)

    def replay(self, file_system, steps):
        return self.run(file_system, lambda w: iter(steps))

    def minimize(self, row):
        """Leaves out step by step, from the end, as long as the same kind of difference is there."""
        kinds = {(d.way, d.kind) for d, _ in row.differences}
        for i in range(len(row.steps) - 2, -1, -1):
            shorter = self.replay(row.file_system, row.steps[:i] + row.steps[i + 1:])
            if kinds & {(d.way, d.kind) for d, _ in shorter.differences}:
                row = shorter
        if row.file_system != "plain":
            plainer = self.replay("plain", row.steps)
            if kinds & {(d.way, d.kind) for d, _ in plainer.differences}:
                row = plainer
        return row


def show(row):
    for d, name in row.differences:
        print(f"#   {d.way}: {name} {d.text}")
    print(f"#   {row.file_system} " + json.dumps(row.steps))


def shown(row, minimized):
    show(row)
    if minimized:
        print("# of these steps matter:")
        show(minimized)
    sys.stdout.flush()


def parse():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--seed", type=int, default=int(os.environ.get("DIFFERENTIAL_SEED") or 1))
    a.add_argument("--steps", type=int, default=30)
    a.add_argument("--rows", type=int, default=1)
    a.add_argument("--minutes", type=float, default=0)
    a.add_argument("--minimize", action="store_true")
    a.add_argument("--keep-going", action="store_true")
    a.add_argument("--daemon", action="store_true")
    a.add_argument("--replay")
    a.add_argument("--inside", help=argparse.SUPPRESS)
    return a.parse_args()


def run_rows(runner, o):
    end = time.monotonic() + o.minutes * 60
    kinds = collections.Counter()
    steps = looks = failed = n = 0
    while (n < o.rows or time.monotonic() < end) and (not failed or o.keep_going):
        seed = o.seed + n
        n += 1
        row = runner.run_random(seed, o.steps)
        steps += sum(s != LOOK for s in row.steps)
        looks += row.looks
        print(f"{'not ok' if row.differences else 'ok'} {n} - seed {seed}, {len(row.steps) - row.looks} steps on {row.file_system}",
              flush=True)
        if row.differences:
            failed += 1
            minimized = runner.minimize(row) if o.minimize else None
            print(f"# Repeat by --seed={seed} --steps={o.steps} --rows=1:")
            shown(row, minimized)
            kinds.update({(d.way, d.kind) for d, _ in (minimized or row).differences})
    print(f"1..{n}")
    print(f"# {steps} steps, {looks} looks in each of {len(ways.WAYS) + o.daemon} ways, {failed} rows with differences")
    for (way, kind), count in kinds.most_common():
        print(f"# {count:4} {way}: {kind}")
    return 1 if failed else 0


def run_replay(runner, o):
    with sys.stdin if o.replay == "-" else open(o.replay, encoding="utf-8") as f:
        file_system, _, steps = f.read().strip().lstrip("# ").partition(" ")
    row = runner.replay(file_system, json.loads(steps))
    minimized = runner.minimize(row) if row.differences and o.minimize else None
    print(f"1..1\n{'not ok' if row.differences else 'ok'} 1 - replay")
    shown(row, minimized)
    return 1 if row.differences else 0


def main():
    o = parse()
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root, for namespaces and mounts")
        return 0
    if not o.inside:
        with tempfile.TemporaryDirectory(prefix="stalelib-differential-") as directory:
            os.chmod(directory, 0o755)
            return subprocess.run([*NAMESPACES, sys.executable, *sys.argv, f"--inside={directory}"]).returncode
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.environ["HOSTILE_BUILD"] = ":".join(os.path.abspath(d) for d in os.environ["HOSTILE_BUILD"].split(":"))
    fixtures.directory = os.path.join(os.environ["HOSTILE_BUILD"].split(":")[0], "live-fixtures")
    runner = Runner(o.inside, o.daemon)
    return (run_replay if o.replay else run_rows)(runner, o)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
