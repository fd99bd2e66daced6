/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where a gate gets its answer: from the daemon, which has seen files before they were
 * written to; or, without one, from a sweep in this process. Where the daemon's lists do
 * not hold all that was asked for, root gets both.
 */

#include "client.h"
#include "inventory.h"
#include "selection.h"
#include "sweep/sweep.h"

typedef struct InventorySource {
        sd_bus *bus; /* NULL: here */
        Scan *scan;
} InventorySource;

/* Returns 0 or -ENOMEM. */
int inventory_source_init(InventorySource *source);
void inventory_source_done(InventorySource *source);

/*
 * sweep: see daemon_inventory_read(). A daemon that does not answer is not asked again.
 * Returns 0, -ENOMEM, -errno.
 */
int inventory_source_read(InventorySource *source, const Options *o, const Selection *selection, bool sweep, Inventory *ret);
