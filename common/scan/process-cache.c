/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A process that has not run since it was looked at has the memory that it had: its CPU
 * clock has not moved. Then only the names that its verdicts hang on can lead elsewhere
 * by now. Every other process is looked at anew in each sweep. The size of its memory,
 * or other numbers that are cheap to have, prove nothing: a mapping may have been
 * exchanged for one of the same size.
 *
 * The clock of a running process lags by up to a tick, and is right when it sleeps: what
 * it did since then is seen by the next sweep. Another process may share its memory
 * (CLONE_VM without CLONE_THREAD, clone(2)) and change it while it sleeps: for that
 * reason alone it is looked at anew every LOOK_SEC.
 */

#include <time.h>

#include "scan/scan.h"

#define LOOK_SEC 3600

void process_issues_forget_recovered(ProcessIssues *t) {
        for (size_t i = 0; i < t->n_recovered; i++)
                finding_done(&t->recovered[i]);
        free(t->recovered);
        t->recovered = NULL;
        t->n_recovered = 0;
}

void process_issues_done(ProcessIssues *t) {
        for (size_t i = 0; i < t->n_findings; i++)
                finding_unref(t->findings[i]);
        process_issues_forget_recovered(t);
        for (size_t i = 0; i < t->n_unknown; i++)
                unknown_mapping_done(&t->unknown[i]);
        free(t->unknown);
        free(t->findings);
        free(t->modified);
        *t = (ProcessIssues){};
}

bool process_issues_have_unknown(const ProcessIssues *t) {
        for (size_t i = 0; i < UNKNOWN_REASON_MAX; i++)
                if (t->unknown_by[i] > 0)
                        return true;
        return false;
}

void process_result_done(ProcessResult *s) {
        if (s->issues)
                process_issues_done(s->issues);
        free(s->issues);
        *s = (ProcessResult){};
}

const ProcessIssues *process_result_issues(const ProcessResult *s) {
        static const ProcessIssues none;

        return s->issues ?: &none;
}

ProcessRecord *process_record_new(pid_t pid) {
        ProcessRecord *r = malloc(sizeof(*r));

        if (r)
                *r = (ProcessRecord){ .pid = pid };
        return r;
}

ProcessRecord *process_record_free(ProcessRecord *r) {
        if (!r)
                return NULL;
        process_result_done(&r->result);
        free(r);
        return NULL;
}

/* What a process has run, 0 where that cannot be had. Its clock is numbered as by clock_getcpuclockid(3), which costs a call more. */
static uint64_t read_cpu(pid_t pid) {
        clockid_t clock = (clockid_t) (~(unsigned) pid << 3 | 2);
        struct timespec t;

        return clock_gettime(clock, &t) < 0 ? 0 : (uint64_t) t.tv_sec * 1000000000 + (uint64_t) t.tv_nsec;
}

void process_record_begin(ProcessRecord *r) {
        r->cpu_nsec = read_cpu(r->pid);
}

/* For the first time after a part of the period: else all of a host's would be due in one sweep. */
void process_record_schedule(ProcessRecord *r, const ProcessRecord *before, uint32_t now_sec) {
        r->look_sec = now_sec + (before ? LOOK_SEC : (uint32_t) r->pid % LOOK_SEC);
}

/* The view that the names are to be looked up in, opened through the process if need be. */
static CachedView *open_view(Scan *scan, const ProcessRecord *r) {
        _cleanup_(process_done) Process p = PROCESS_NULL;
        CachedView *view = scan_open_view(scan, r->view);

        if (view)
                return view;
        return process_open_directory(scan->proc_fd, r->pid, &p) >= 0 && scan_view(scan, &p, &view) >= 0 &&
                view->serial == r->view ? view : NULL;
}

/* Each name in the view that it was said in: not all are the process's own. */
static bool refresh_set(Scan *scan, const SweepOptions *options, const CachedView *view, const PathSet *set) {
        if (set->checked == scan->sweep)
                return true;
        for (uint32_t i = 0; i < set->n_paths; i++) {
                uint32_t serial = scan->lookups.paths[set->paths[i]].view;
                const CachedView *said = serial == view->serial ? view : scan_open_view(scan, serial);

                if (!said)
                        return false;
                scan_refresh(scan, options, said, set->paths[i]);
        }
        return true;
}

/* What could not be judged for a reason that no name tells of may be judged now. */
static bool may_be_known_now(const ProcessIssues *t) {
        for (UnknownReason i = 0; i < UNKNOWN_REASON_MAX; i++)
                if (t->unknown_by[i] > 0 && i != UNKNOWN_PERMISSION && i != UNKNOWN_REMOTE && i != UNKNOWN_NAME)
                        return true;
        return false;
}

bool process_record_holds(Scan *scan, const SweepOptions *options, const ProcessRecord *r, uint32_t now_sec) {
        CachedView *view;

        if (now_sec >= r->look_sec || r->cpu_nsec == 0 || read_cpu(r->pid) != r->cpu_nsec)
                return false;
        if (r->memoryless)
                return true;
        if (may_be_known_now(process_result_issues(&r->result)))
                return false;
        view = open_view(scan, r);
        if (!view)
                return false;
        view->used = scan->sweep;
        return refresh_set(scan, options, view, &scan->lookups.sets[r->result.set]) &&
                path_set_changed(&scan->lookups, r->result.set, scan->sweep) <= r->examined;
}
