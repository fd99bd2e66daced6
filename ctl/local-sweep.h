/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One sweep in this very process, with the caller's own rights. */

#include "inventory.h"
#include "options.h"
#include "selection.h"
#include "sweep/sweep.h"

typedef struct LocalSweepOptions {
        bool once;  /* it is the last of the scan */
        bool no_progress;  /* without a passing line that shows how far it is */
        const Snapshot *previous; /* see SweepOptions */
} LocalSweepOptions;

/*
 * Sweeps what is selected, and shows how far it is on a terminal when that takes long.
 * Says, once in a run, what the kernel or this process's rights lack (requirements.h):
 * what every verdict needs to everybody, the rest to root. Processes that could not be
 * read are among the snapshot's unknown. Returns 0, -ENOMEM, -errno.
 */
int local_sweep(Scan *scan, const Options *o, const Selection *selection, const LocalSweepOptions *how, Inventory *ret);

/*
 * Was anything read and judged at all? Else says what could not be, and what to do, and
 * returns STATUS_UNKNOWN; otherwise 0. With --allow-unknown, unread processes are no reason.
 */
int local_sweep_verdict(const Options *o, const Selection *selection, const Inventory *a);
