/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One examination of all processes. The caller owns the event loop: it steps until done, and
 * may do other work between two steps.
 *
 *         sweep_new() → sweep_step() … → sweep_finish() → Snapshot
 */

#include "report/snapshot.h"
#include "scan/scan.h"
#include "scan/sweep-options.h"

typedef struct Sweep Sweep;

/* Lists the processes. Options are copied, what they point to is borrowed until the end. Returns 0, -ENOMEM, -EMFILE, or -errno where /proc cannot be read at all. */
int sweep_new(Scan *scan, const SweepOptions *options, Sweep **ret);
Sweep *sweep_free(Sweep *sweep);
DEFINE_CLEANUP(Sweep *, sweep_free)

/* Judges the next process. Returns 1: more to do, 0: all done, or -ENOMEM, -EMFILE, … when the sweep cannot go on. A process that cannot be read is not an error: it is counted. */
int sweep_step(Sweep *sweep);

/* How far it is. */
void sweep_progress(const Sweep *sweep, size_t *ret_done, size_t *ret_total);
/* After sweep_step() returned 0: hands over the frozen snapshot. Returns 0 or -ENOMEM. */
int sweep_finish(Sweep *sweep, Snapshot **ret);

/* All of it in one call. */
int sweep_run(Scan *scan, const SweepOptions *options, Snapshot **ret);
