/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The inventory that the running daemon has. */

#include <systemd/sd-bus.h>

#include "inventory.h"
#include "selection.h"

/*
 * Reads the result of a sweep that began after the call if `sweep` is true or a selected
 * process is younger than the last sweep, else that of the last sweep. selection: NULL
 * selects all. Returns 0, -ENOMEM, -errno with `error` set.
 */
int daemon_inventory_read(sd_bus *bus, const Options *o, const Selection *selection, bool sweep, sd_bus_error *error,
                          Inventory *ret);

/*
 * Runs a command that shows what the daemon knows of the selection, which may match live
 * processes or findings: connects, reads and calls show(), which returns 0 or -ENOMEM.
 * If nothing matches, only a JSON report is shown. Returns an exit status.
 */
int daemon_inventory_show(const Options *o, int (*show)(const Options *o, const Inventory *a));
