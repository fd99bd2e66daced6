/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "clock.h"
#include "findings.h"
#include "look.h"
#include "pager.h"
#include "seconds.h"
#include "table.h"
#include "verbs.h"

/* More than a screen. */
#define WATCH_BUFFER (64 * 1024)

/* A report of nothing, so that whoever parses JSON always gets one. */
static int show_nothing(const Options *o) {
        _cleanup_(snapshot_freep) Snapshot *s = NULL;

        if (o->json == JSON_OFF)
                return 0;
        s = snapshot_new();
        if (!s)
                return -ENOMEM;
        s->counts.started_usec = clock_usec(CLOCK_REALTIME);
        snapshot_freeze(s);
        return findings_show(o, s, GROUPING_NONE);
}

/* Of a watch on a terminal: what stands there goes away when its successor is ready, in one piece. */
static void begin_screen(const Options *o) {
        time_t now = (time_t) (clock_usec(CLOCK_REALTIME) / 1000000);
        char when[16] = "", interval[SECONDS_MAX];
        struct tm tm;

        if (!o->terminal || o->json != JSON_OFF || o->quiet)
                return;
        fputs("\x1b[H\x1b[2J", stdout);
        if (o->no_legend)
                return;
        if (localtime_r(&now, &tm))
                strftime(when, sizeof(when), "%H:%M:%S", &tm);
        printf("%s%s, every %s%s\n\n", style_begin(STYLE_DIM, o->colour), when, seconds_format(o->watch_usec, interval),
               style_end(STYLE_DIM, o->colour));
}

static int scan_round(Scan *scan, const Options *o, const Snapshot *previous, Snapshot **ret) {
        _cleanup_(selection_done) Selection selection = {};
        _cleanup_(snapshot_freep) Snapshot *s = NULL;
        int r, status;

        r = selection_read(o, /* tell= */ true, &selection);
        if (r == -ESRCH) {
                r = show_nothing(o);
                return r < 0 ? say_errno(r, "Cannot report") : STATUS_UNREADABLE;
        }
        if (r >= 0)
                r = look(scan, o, &selection, /* once= */ o->watch_usec == 0, previous, &s);
        if (r < 0)
                return say_errno(r, "Cannot look at the processes");
        status = look_verdict(&selection, s);
        if (status != STATUS_UNREADABLE && o->watch_usec == 0)
                pager_open(o);
        else if (status != STATUS_UNREADABLE)
                begin_screen(o);
        if (status != STATUS_UNREADABLE || o->json != JSON_OFF) {
                r = findings_show(o, s, GROUPING_NONE);
                if (r < 0)
                        return say_errno(r, "Cannot report");
        }
        if (status == STATUS_ANSWERED && o->check && s->n_findings > 0)
                status = STATUS_STALE;
        *ret = TAKE_PTR(s);
        return status;
}

/* Until interrupted: with --check until something is stale, which is then the answer. */
static int watch(Scan *scan, const Options *o) {
        _cleanup_(snapshot_freep) Snapshot *previous = NULL;

        setvbuf(stdout, NULL, _IOFBF, WATCH_BUFFER);
        for (;;) {
                Snapshot *s = NULL;
                int status;

                status = scan_round(scan, o, previous, &s);
                if (status != STATUS_ANSWERED) {
                        snapshot_free(s);
                        return status;
                }
                snapshot_free(previous);
                previous = s;
                if (fflush(stdout) != 0)
                        return STATUS_ANSWERED; /* main() says why */
                clock_pause(o->watch_usec);
        }
}

int verb_scan(const Options *o, _unused_ char *arguments[]) {
        _cleanup_(scan_freep) Scan *scan = scan_new();
        _cleanup_(snapshot_freep) Snapshot *s = NULL;

        if (!scan)
                return say_errno(-ENOMEM, "Cannot look at the processes");
        return o->watch_usec > 0 ? watch(scan, o) : scan_round(scan, o, /* previous= */ NULL, &s);
}
