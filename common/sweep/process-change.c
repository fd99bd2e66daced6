/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <time.h>

#include "scan/path-lookup.h"
#include "scan/sweep-view.h"
#include "sweep/process-change.h"

#define REEXAMINE_SEC 3600

/* What a process has run, 0 where that cannot be had. Its clock is numbered as by clock_getcpuclockid(3), which costs a call more. */
static uint64_t read_cpu(pid_t pid) {
        clockid_t clock = (clockid_t) (~(unsigned) pid << 3 | 2);
        struct timespec t;

        return clock_gettime(clock, &t) < 0 ? 0 : (uint64_t) t.tv_sec * 1000000000 + (uint64_t) t.tv_nsec;
}

void process_change_begin(ProcessRecord *r) {
        r->cpu_nsec = read_cpu(r->pid);
}

/* For the first time after a part of the period: else all of a host's would be due in one sweep. */
void process_change_schedule(ProcessRecord *r, const ProcessRecord *before, uint32_t now_sec) {
        r->due_sec = now_sec + (before ? REEXAMINE_SEC : (uint32_t) r->pid % REEXAMINE_SEC);
}

/* The view that the names are to be looked up in, opened through the process if need be. */
static CachedView *open_view(SweepContext *ctx, const ProcessRecord *r) {
        _cleanup_(process_done) Process p = PROCESS_NULL;
        CachedView *view = view_cache_find_open(&ctx->scan->views, r->view);

        if (view)
                return view;
        return process_open_directory(ctx->scan->proc_fd, r->pid, &p) >= 0 && sweep_view_open(ctx, &p, &view) >= 0 &&
                view->serial == r->view ? view : NULL;
}

/* Each name in its own view: not all are in that of the process. */
static bool refresh_set(SweepContext *ctx, const CachedView *view, const PathSet *set) {
        if (set->checked == ctx->scan->sweep)
                return true;
        for (uint32_t i = 0; i < set->n_paths; i++) {
                uint32_t serial = ctx->scan->lookups.paths[set->paths[i]].view;
                const CachedView *said = serial == view->serial ? view : view_cache_find_open(&ctx->scan->views, serial);

                if (!said)
                        return false;
                path_lookup_refresh(ctx, said, set->paths[i]);
        }
        return true;
}

/* A mapping that could not be judged for a reason that no lookup shows may be judged now. */
static bool may_be_known_now(const ProcessIssues *t) {
        for (UnknownReason i = 0; i < UNKNOWN_REASON_MAX; i++)
                if (t->unknown_by[i] > 0 && i != UNKNOWN_PERMISSION && i != UNKNOWN_REMOTE && i != UNKNOWN_NAME)
                        return true;
        return false;
}

bool process_change_none(SweepContext *ctx, const ProcessRecord *r, uint32_t now_sec) {
        CachedView *view;

        if (now_sec >= r->due_sec || r->cpu_nsec == 0 || read_cpu(r->pid) != r->cpu_nsec)
                return false;
        if (r->memoryless)
                return true;
        if (may_be_known_now(process_result_issues(&r->result)))
                return false;
        view = open_view(ctx, r);
        if (!view)
                return false;
        view->used = ctx->scan->sweep;
        return refresh_set(ctx, view, &ctx->scan->lookups.sets[r->result.set]) &&
                path_set_changed(&ctx->scan->lookups, r->result.set, ctx->scan->sweep) <= r->examined;
}
