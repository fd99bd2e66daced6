/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"
#include "inventory.h"

void inventory_done(Inventory *a) {
        snapshot_free(a->snapshot);
        free(a->trouble);
        *a = (Inventory){};
}

int inventory_add_findings(Inventory *a, const Snapshot *s) {
        for (size_t i = 0; i < s->n_findings; i++) {
                int r = snapshot_add_finding(a->snapshot, s->findings[i]);

                if (r < 0)
                        return r;
        }
        snapshot_freeze(a->snapshot);
        return 0;
}

bool inventory_is_stale(const Inventory *a) {
        return stale_counts_stale(&a->snapshot->listed) > 0;
}

static bool is_unreliable(const Inventory *a) {
        return a->blind || a->trouble || a->not_listed > 0;
}

static bool has_unjudged(const Inventory *a) {
        return a->snapshot->counts.unknown > 0 || a->snapshot->counts.unreadable > 0;
}

bool inventory_is_complete(const Inventory *a) {
        return !is_unreliable(a) && !has_unjudged(a);
}

/* The daemon's counts of mappings are of all processes, and not of a selection. */
bool inventory_is_void(const Inventory *a) {
        const Counts *c = &a->snapshot->counts;
        uint64_t processes = a->selected > 0 ? a->selected : c->processes;

        if (a->snapshot->n_findings > 0)
                return false;
        if (a->blind || (c->unreadable > 0 && c->unreadable >= processes))
                return true;
        return !(a->from_daemon && a->selected > 0) && c->unknown > 0 && c->unknown + c->ignored >= c->mappings;
}

int inventory_status(const Options *o, const Inventory *a) {
        return command_gate_status(o, inventory_is_stale(a), is_unreliable(a), has_unjudged(a));
}
