/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "clock.h"
#include "guard.h"
#include "look.h"
#include "output.h"
#include "verbs.h"

#define PROGRESS_AFTER_USEC 500000u
#define PROGRESS_EVERY_USEC 100000u

typedef struct Progress {
        bool wanted, shown;
        uint64_t next;
} Progress;

static void progress_show(Progress *p, const Sweep *sweep) {
        size_t done, total;
        uint64_t now;

        if (!p->wanted)
                return;
        now = clock_now();
        if (now < p->next)
                return;
        sweep_progress(sweep, &done, &total);
        fprintf(stderr, "\rLooking at process %zu of %zu\x1b[K", done, total);
        fflush(stderr);
        p->shown = true;
        p->next = now + PROGRESS_EVERY_USEC;
}

static void progress_end(const Progress *p) {
        if (p->shown)
                output_clear_status();
}

int look(Scan *scan, const Options *o, const Selection *selection, bool once, const Snapshot *previous, Snapshot **ret) {
        SweepOptions options = { .pids = selection->pids, .n_pids = selection->n_pids, .once = once, .previous = previous };
        _cleanup_(sweep_freep) Sweep *sweep = NULL;
        Progress progress = {
                .wanted = output_wants_status(o),
                .next = clock_now() + PROGRESS_AFTER_USEC,
        };
        int r;

        guard_options(&options);
        r = sweep_new(scan, &options, &sweep);
        if (r < 0)
                return r;
        do {
                r = sweep_step(sweep);
                progress_show(&progress, sweep);
        } while (r > 0);
        progress_end(&progress);
        if (r < 0)
                return r;
        return sweep_finish(sweep, ret);
}

int look_verdict(const Selection *selection, const Snapshot *s) {
        const Counts *c = &s->counts;
        const char *hint = geteuid() == 0 ?
                "even root is not let in here: see dmesg for a security module that forbids it" :
                "only its user and root may: try again as root";

        if (c->unreadable == 0 || c->unreadable < c->processes)
                return 0;
        if (selection->n_pids == 1)
                return say(STATUS_UNREADABLE, "Process %d could not be read: %s", (int) selection->pids[0], hint);
        return say(STATUS_UNREADABLE, "None of the processes could be read: %s", hint);
}
