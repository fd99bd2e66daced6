/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Reading a process can block for ever, as when a page fault that is never answered holds
 * its mmap_lock; only the death of the reader ends that. So a child reads. If it makes no
 * progress it is killed, and another child starts again without the process, or the
 * device, at which it blocked: these count as unreadable, with reason `hung`.
 */

#include "command.h"
#include "sweep/sweep.h"
#include "util/timespan.h"

/* Runs the command in a child, or in this process if it cannot fork. Returns its exit status. */
int watchdog_run(Command command, const Options *o);

/* In the child: sets what a sweep has to skip, and where it reports its place. */
void watchdog_set_options(SweepOptions *options);

/* Returns true on the first call in all children together, for messages that are to be printed once. */
bool watchdog_first(void);

/* Is the process skipped since a child blocked at it? */
bool watchdog_has_skipped(pid_t pid);

/* Probes are made at this interval. */
#define WATCHDOG_PROBE_USEC (250 * USEC_PER_MSEC)

/* What is seen of the child at one time. */
typedef struct WatchdogProbe {
        SweepBeacon beacon;
        char state;        /* proc_pid_stat(5) */
        uint64_t cpu_usec; /* user and system time */
} WatchdogProbe;

/* For how long the child has been at one place. All zero to begin with. */
typedef struct WatchdogStall {
        SweepBeacon beacon;
        uint64_t cpu_usec, stalled_usec;
} WatchdogStall;

/*
 * Adds a probe, and returns true if the child hangs: if it has been at one place for five
 * seconds, in which it was blocked or used the CPU. Time is counted in probes and CPU time
 * and not by a clock: neither a child that waits for a CPU nor a suspended machine hangs.
 * Pure.
 */
bool watchdog_add_probe(WatchdogStall *stall, const WatchdogProbe *probe);
