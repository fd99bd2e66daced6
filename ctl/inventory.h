/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is known of the selected processes, and how much of them could be judged: from a
 * sweep in this process (local-sweep.h) or from the daemon (daemon-inventory.c). All
 * commands derive sums and exit statuses from it, so that they agree.
 */

#include "options.h"
#include "report/snapshot.h"

typedef struct Inventory {
        Snapshot *snapshot;  /* owned; frozen. Of the selection: findings, unknown, counts of unknown and unreadable */
        bool blind;          /* the kernel lacks what every verdict needs: nothing was judged */
        bool from_daemon;
        uint64_t not_listed; /* findings, of any process, that are cut from the daemon's list */
        bool unattributed;   /* the count of unknown is of all processes: the daemon does not say of which */
        size_t selected;     /* processes; 0: all */
        char *trouble;       /* owned; a sentence, display-safe: why the daemon's last sweep may be out of date; or NULL */
} Inventory;

void inventory_done(Inventory *a);

/* Adds findings of another source. Returns 0 or -ENOMEM. */
int inventory_add_findings(Inventory *a, const Snapshot *s);

/* Is something stale: does a finding have urgency normal or urgent? */
bool inventory_is_stale(const Inventory *a);
/* Was all of the selection judged? */
bool inventory_is_complete(const Inventory *a);
/* Was nothing at all judged? */
bool inventory_is_void(const Inventory *a);

/*
 * The exit status of a gate, see command_gate_status(). --allow-unknown ignores mappings and
 * processes; it does not ignore a list that was cut, a daemon in trouble and a kernel that
 * lacks what is needed.
 */
int inventory_status(const Options *o, const Inventory *a);
