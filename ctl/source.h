/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where a gate gets its answer: from the daemon, which has seen files before they were
 * written to; or, without one, from a sweep in this process. Where the daemon's lists do
 * not hold all that was asked for, root gets both.
 */

#include "inventory.h"
#include "sweep/sweep.h"

typedef struct Source {
        sd_bus *bus; /* NULL: here */
        Scan *scan;
} Source;

/* Returns 0 or -ENOMEM. */
int source_init(Source *source);
void source_done(Source *source);

/*
 * sweep: see daemon_inventory(). A daemon that does not answer is not asked again.
 * Returns 0, -ENOMEM, -errno.
 */
int source_ask(Source *source, const Options *o, const Selection *selection, bool sweep, Inventory *ret);
