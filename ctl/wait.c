/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "client.h"
#include "clock.h"
#include "findings.h"
#include "look.h"
#include "output.h"
#include "seconds.h"
#include "verbs.h"

#define TIMEOUT_USEC (90 * (uint64_t) 1000000)
/* A look of our own costs milliseconds; the daemon is asked less often. */
#define PAUSE_USEC 250000u
#define PAUSE_DAEMON_USEC 1000000u

/* Where to ask: the daemon, which has seen files before they were written to; or, without one, here. */
typedef struct Source {
        sd_bus *bus;  /* NULL: here */
        Scan *scan;
} Source;

static void source_done(Source *source) {
        sd_bus_flush_close_unref(source->bus);
        scan_free(source->scan);
}

static int ask_daemon(Source *source, const Options *o, Snapshot **ret) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        int r;

        if (!s)
                return -ENOMEM;
        r = client_sweep(source->bus, &error, /* ret_summary= */ NULL);
        if (r >= 0)
                r = client_findings(source->bus, &error, s);
        if (r < 0)
                return r;
        findings_filter(o, s);
        *ret = TAKE_PTR(s);
        return 0;
}

static int ask(Source *source, const Options *o, const Selection *selection, Snapshot **ret) {
        int r;

        if (source->bus) {
                r = ask_daemon(source, o, ret);
                if (r >= 0 || r == -ENOMEM)
                        return r;
                /* It has gone, or does not answer us: from now on, look ourselves. */
                source->bus = sd_bus_flush_close_unref(source->bus);
        }
        return look(source->scan, o, selection, /* once= */ false, NULL, ret);
}

/* While it waits, on a terminal; the line goes away with what comes after it. */
static void show_waiting(const Options *o, const Snapshot *s, uint64_t left_usec) {
        size_t processes = snapshot_stale_processes(s);
        bool endless = o->timeout_set && o->timeout_usec == UINT64_MAX;
        char left[SECONDS_MAX];

        if (!output_wants_status(o))
                return;
        fprintf(stderr, "\rWaiting for %zu process%s with stale files%s%s%s\x1b[K", processes, PLURAL_ES(processes),
                endless ? "" : ", ", endless ? "" : seconds_format(left_usec, left), endless ? "" : " left");
}

static void hide_waiting(const Options *o) {
        if (output_wants_status(o))
                output_clear_status();
}

static int show(const Options *o, const Snapshot *s, int status) {
        int r;

        r = findings_show(o, s, GROUPING_UNIT);
        return r < 0 ? say_errno(r, "Cannot report") : status;
}

/* One look. Returns a status when that ends the waiting, else -EAGAIN with what is still stale. */
static int wait_round(Source *source, const Options *o, bool first, Snapshot **ret) {
        _cleanup_(selection_done) Selection selection = {};
        _cleanup_(snapshot_freep) Snapshot *s = NULL;
        int r, status;

        r = selection_read(o, /* tell= */ first, &selection);
        if (r == -ESRCH)
                /* What was there and has gone is not stale any more; what never was is a mistake. */
                return first ? STATUS_UNREADABLE : STATUS_ANSWERED;
        if (r >= 0)
                r = ask(source, o, &selection, &s);
        if (r < 0)
                return say_errno(r, "Cannot look at the processes");
        status = source->bus ? STATUS_ANSWERED : look_verdict(&selection, s);
        if (status == STATUS_ANSWERED && s->n_findings > 0)
                status = -EAGAIN;
        *ret = TAKE_PTR(s);
        return status;
}

int verb_wait(const Options *o, _unused_ char *arguments[]) {
        uint64_t end = clock_after(o->timeout_set ? o->timeout_usec : TIMEOUT_USEC);
        _cleanup_(source_done) Source source = { .scan = scan_new() };
        Options calm = *o; /* borrowed; a progress line at each look would be no help */

        calm.quiet = true;
        if (!source.scan)
                return say_errno(-ENOMEM, "Cannot wait");
        if (client_open(/* activate= */ false, &source.bus) < 0)
                source.bus = NULL;
        for (bool first = true;; first = false) {
                _cleanup_(snapshot_freep) Snapshot *s = NULL;
                uint64_t now, pause;
                int status;

                status = wait_round(&source, &calm, first, &s);
                now = clock_now();
                if (status != -EAGAIN || now >= end)
                        hide_waiting(o);
                if (status != -EAGAIN)
                        return s && status == STATUS_ANSWERED ? show(o, s, status) : status;
                if (now >= end)
                        return show(o, s, STATUS_STALE);
                show_waiting(o, s, end - now);
                pause = source.bus ? PAUSE_DAEMON_USEC : PAUSE_USEC;
                clock_pause(pause < end - now ? pause : end - now);
        }
}
