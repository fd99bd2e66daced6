/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "command.h"
#include "findings.h"
#include "inventory-source.h"
#include "local-sweep.h"
#include "output.h"
#include "util/clock.h"
#include "util/timespan.h"

/* A look of our own costs milliseconds; the daemon is asked less often. */
#define PAUSE_USEC 250000u
#define PAUSE_DAEMON_USEC 1000000u

/* While it waits, on a terminal; the line goes away with what comes after it. */
static void show_waiting(const Options *o, const Inventory *a, uint64_t left_usec) {
        uint64_t processes = a->snapshot->listed.processes;
        bool endless = o->timeout_usec == TIMESPAN_INFINITY;
        char left[TIMESPAN_TEXT_MAX];

        if (!output_wants_status(o))
                return;
        fprintf(stderr, "\rWaiting for %" PRIu64 " process%s with stale files%s%s%s\x1b[K", processes, PLURAL_ES(processes),
                endless ? "" : ", ", endless ? "" : timespan_format(left_usec, left), endless ? "" : " left");
}

static void hide_waiting(const Options *o) {
        if (output_wants_status(o))
                output_clear_status();
}

static int show(const Options *o, const Inventory *a, int status) {
        int r;

        r = findings_show(o, a, GROUPING_UNIT);
        return r < 0 ? print_errno(r, "Cannot report") : status;
}

/* Is all that could not be judged so only because it changed meanwhile? The next look will see it at rest. */
static bool is_passing(const Inventory *a) {
        const Counts *c = &a->snapshot->counts;

        return !a->blind && a->not_listed == 0 && c->unreadable == 0 && c->unknown > 0 &&
                c->unknown == c->unknown_by[UNKNOWN_RACE];
}

/* One look. Returns a status; ret_again: it may be another at the next look. */
static int wait_round(InventorySource *source, const Options *o, bool first, Inventory *ret, bool *ret_again) {
        _cleanup_(selection_done) Selection selection = {};
        int r, status;

        *ret_again = false;
        r = selection_read(o, /* report= */ first, &selection);
        if (r == -ESRCH)
                /* What was there and has gone is not stale any more; what never was is a mistake. */
                return first ? STATUS_UNKNOWN : STATUS_ANSWERED;
        if (r >= 0)
                r = inventory_source_read(source, o, &selection, /* sweep= */ true, ret);
        if (r < 0)
                return print_errno(r, "Cannot examine the processes");
        status = inventory_status(o, ret);
        *ret_again = status == STATUS_STALE || (status == STATUS_UNKNOWN && is_passing(ret));
        if (status == STATUS_UNKNOWN && !ret->from_daemon)
                local_sweep_verdict(o, &selection, ret); /* says more */
        return status;
}

int command_wait(const Options *o) {
        uint64_t end = clock_after(o->timeout_usec);
        _cleanup_(inventory_source_done) InventorySource source = {};

        if (inventory_source_init(&source) < 0)
                return print_errno(-ENOMEM, "Cannot wait");
        for (bool first = true;; first = false) {
                _cleanup_(inventory_done) Inventory inventory = {};
                uint64_t now, pause;
                bool again;
                int status;

                status = wait_round(&source, o, first, &inventory, &again);
                now = clock_now();
                if (!again || now >= end) {
                        hide_waiting(o);
                        return inventory.snapshot ? show(o, &inventory, status) : status;
                }
                show_waiting(o, &inventory, end - now);
                pause = source.bus ? PAUSE_DAEMON_USEC : PAUSE_USEC;
                clock_pause(pause < end - now ? pause : end - now);
        }
}
