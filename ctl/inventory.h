/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What was found of the selected processes, and how much of them could be judged:
 * from a sweep in this process (local-sweep.h), or from the daemon (daemon-inventory.c). All
 * commands derive sums and exit statuses from it, so that they agree.
 */

#include <systemd/sd-bus.h>

#include "options.h"
#include "report/snapshot.h"
#include "selection.h"

typedef struct Inventory {
        Snapshot *snapshot;  /* owned; frozen. Of the selection: findings, unknown, counts of unknown and unreadable */
        bool blind;          /* the kernel lacks what every verdict needs: nothing was judged */
        bool from_daemon;
        uint64_t not_listed; /* findings, of any process, that the daemon's list had no room for */
        bool unattributed;   /* the count of unknown is of all processes: the daemon does not say of which */
        size_t selected;     /* processes; 0: all */
        char *trouble;       /* owned; a sentence, safe to show: why the daemon's last sweep may not hold any more */
} Inventory;

void inventory_done(Inventory *a);

/* Adds findings that another source has. Returns 0 or -ENOMEM. */
int inventory_add_findings(Inventory *a, const Snapshot *s);

/* Is something stale: has a finding urgency normal or urgent? */
bool inventory_is_stale(const Inventory *a);
/* Was all of the selection judged? */
bool inventory_is_complete(const Inventory *a);
/* Could nothing at all be judged? */
bool inventory_is_void(const Inventory *a);

/*
 * The exit status of a gate: STATUS_STALE where something is stale, else STATUS_UNKNOWN
 * where not all could be judged (--allow-unknown: mappings and processes do not count;
 * a list that was cut, a daemon in trouble and a kernel that lacks what is needed do),
 * else STATUS_ANSWERED.
 */
int inventory_status(const Options *o, const Inventory *a);

/*
 * The daemon's inventory: of a sweep that began after the call where `sweep` is true or
 * a selected process is younger than its last sweep, else of the last. selection: NULL
 * where nothing was selected. Returns 0, -ENOMEM, -errno with `error` set.
 */
int daemon_inventory_read(sd_bus *bus, const Options *o, const Selection *selection, bool sweep, sd_bus_error *error,
                     Inventory *ret);

/*
 * The same for a command that shows what the daemon knows: connects to it, and resolves
 * the selection, which may match what lives now or what is listed still. Returns
 * STATUS_ANSWERED; another status after having said why. Then *ret is zeroed, but where
 * the selection matches nothing an inventory without findings.
 */
int daemon_inventory_fetch(const Options *o, Inventory *ret);
