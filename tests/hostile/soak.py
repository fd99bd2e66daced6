# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Sweeps without end over processes that come and go, load and unload, and have their
libraries replaced: memory and descriptors must stay flat. Takes seconds: 30 by default,
1800 for a real soak (HOSTILE_BUILD=… HOSTILE_SOAK=1800 python3 tests/hostile/soak.py).
"""

import os
import random
import signal
import sys
import time

import hostile as frame
from hostile import Process, main, need, tool

SECONDS = int(os.environ.get("HOSTILE_SOAK", "30"))
frame.TEST_SECONDS = SECONDS + 60
frame.SERVER_SECONDS = SECONDS + 60


def churn(hostile, paths):
    """A group of twenty, one of which is exchanged at each turn, as is a library."""
    chance = random.Random(1)
    group = []
    for turn in range(1 << 30):
        if len(group) >= 20:
            group.pop(chance.randrange(len(group))).end()
        group.append(hostile.start("open", chance.choice(paths)))
        if turn % 3 == 0:
            hostile.plugin(chance.choice(paths), 1 + turn % 2)


def soak(hostile, *options):
    paths = [hostile.plugin(f"soak-{i}/plugin.so") for i in range(8)]
    churning = Process([tool("hostile-process"), "churn", paths[0], "0"])
    worker = os.fork()
    if worker == 0:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        try:
            churn(hostile, paths)
        finally:
            os._exit(1)
    costs = []
    end = time.monotonic() + SECONDS / 2
    try:
        while time.monotonic() < end:
            costs.append(hostile.sweep(*options, seconds=30)["cost"])
            need(os.waitpid(worker, os.WNOHANG) == (0, 0), "the group has ended")
    finally:
        os.kill(worker, 9)
    churning.end()
    # The first fifth fills the caches; what comes later must not be more than noise above that.
    n = len(costs) // 5
    for what, slack in (("resident_kib", 2048), ("descriptors", 30)):
        early = max(c[what] for c in costs[n:2 * n + 1])
        late = max(c[what] for c in costs[-n - 1:])
        print(f"# {what}: at most {early} early, {late} late, in {len(costs)} sweeps", file=sys.stderr)
        need(late <= early + slack, f"{what} grows: {early}, then {late}")


def memory_and_descriptors_stay_flat(hostile):
    soak(hostile)


def they_do_with_baselines_and_every_process_read_anew(hostile):
    soak(hostile, "full", "baseline")


TESTS = [memory_and_descriptors_stay_flat, they_do_with_baselines_and_every_process_read_anew]

if __name__ == "__main__":
    sys.exit(main(__file__, TESTS))
