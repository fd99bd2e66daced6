/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "command.h"
#include "findings.h"
#include "local-sweep.h"
#include "output.h"
#include "pager.h"
#include "table.h"
#include "util/clock.h"
#include "util/timespan.h"

/* More than a screen. */
#define WATCH_BUFFER (64 * 1024)

/* An empty report, so that a JSON parser always gets one. */
static int show_nothing(const Options *o) {
        _cleanup_(inventory_done) Inventory a = {};

        if (o->json == JSON_OFF)
                return 0;
        a.snapshot = snapshot_new();
        if (!a.snapshot)
                return -ENOMEM;
        a.snapshot->counts.started_usec = clock_usec(CLOCK_REALTIME);
        snapshot_freeze(a.snapshot);
        return findings_show(o, &a, GROUPING_NONE);
}

/* Of a watch on a terminal: what stands there goes away when its successor is ready, in one piece. */
static void begin_screen(const Options *o) {
        time_t now = (time_t) (clock_usec(CLOCK_REALTIME) / 1000000);
        char when[16] = "", interval[TIMESPAN_TEXT_MAX];
        struct tm tm;

        if (!o->terminal || o->json != JSON_OFF || o->quiet)
                return;
        fputs("\x1b[H\x1b[2J", stdout);
        if (o->no_legend)
                return;
        if (localtime_r(&now, &tm))
                strftime(when, sizeof(when), "%H:%M:%S", &tm);
        printf("%s%s, every %s%s\n\n", style_begin(STYLE_DIM, o->colour), when, timespan_format(o->watch_usec, interval),
               style_end(STYLE_DIM, o->colour));
}

/* What was seen; not of processes of which nothing could be read, but as a report. */
static int show(const Options *o, const Inventory *a, int status) {
        if (status == STATUS_UNKNOWN && !a->blind && o->json == JSON_OFF && !o->unknown)
                return 0;
        if (o->watch_usec == 0)
                pager_open(o);
        else
                begin_screen(o);
        return findings_show(o, a, GROUPING_NONE);
}

/* One look. Returns a status, STATUS_ANSWERED without --check; *ret_void: nothing at all could be read or judged. */
static int scan_round(Scan *scan, const Options *o, const Snapshot *previous, Inventory *ret, bool *ret_void) {
        const LocalSweepOptions how = { .once = o->watch_usec == 0, .previous = previous };
        _cleanup_(selection_done) Selection selection = {};
        int r, status;

        *ret_void = true;
        r = selection_read(o, /* report= */ true, &selection);
        if (r == -ESRCH) {
                r = show_nothing(o);
                return r < 0 ? print_errno(r, "Cannot report") : STATUS_UNKNOWN;
        }
        if (r >= 0)
                r = local_sweep(scan, o, &selection, &how, ret);
        if (r < 0)
                return print_errno(r, "Cannot examine the processes");
        status = local_sweep_verdict(o, &selection, ret);
        *ret_void = status == STATUS_UNKNOWN;
        r = show(o, ret, status);
        if (r < 0)
                return print_errno(r, "Cannot report");
        return status == STATUS_ANSWERED && o->check ? inventory_status(o, ret) : status;
}

/* Until interrupted: with --check until something is stale, which is then the answer. */
static int watch(Scan *scan, const Options *o) {
        _cleanup_(inventory_done) Inventory previous = {};

        setvbuf(stdout, NULL, _IOFBF, WATCH_BUFFER);
        for (;;) {
                Inventory inventory = {};
                bool nothing;
                int status;

                status = scan_round(scan, o, previous.snapshot, &inventory, &nothing);
                inventory_done(&previous);
                previous = inventory;
                if (nothing || status == STATUS_STALE)
                        return status;
                if (fflush(stdout) != 0)
                        return STATUS_ANSWERED; /* main() says why */
                clock_pause(o->watch_usec);
        }
}

int command_scan(const Options *o) {
        _cleanup_(scan_freep) Scan *scan = scan_new();
        _cleanup_(inventory_done) Inventory inventory = {};
        bool nothing;

        if (!scan)
                return print_errno(-ENOMEM, "Cannot examine the processes");
        return o->watch_usec > 0 ? watch(scan, o) : scan_round(scan, o, /* previous= */ NULL, &inventory, &nothing);
}
