/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * For each process: the recorded result where the process has not changed (process-change.h); else
 * the fast path (fast-path.h) where nothing was found before; else an examination (examine.h), or
 * the result of a fork sibling (sibling-cache.h).
 */

#include <fcntl.h>
#include <time.h>

#include "explain/explain.h"
#include "proc/process-owner.h"
#include "scan/sweep-view.h"
#include "sweep/examine.h"
#include "sweep/fast-path.h"
#include "sweep/process-change.h"
#include "sweep/sibling-cache.h"
#include "sweep/sweep.h"
#include "util/clock.h"

struct Sweep {
        SweepContext context;
        FastPath fast_path;
        SiblingCache siblings;
        Snapshot *snapshot;    /* owned */
        ProcessList list;
        size_t next;           /* in the list */
        size_t next_record;    /* in the scan's records: both ascend by pid */
        ProcessRecord **records; /* owned; of this sweep */
        size_t n_records, allocated_records;
        uint32_t boottime_sec;
        uint64_t started_usec;
        bool partial;          /* only some processes: the scan's records stay as they are */
        size_t delays;         /* before an examination was repeated */
};

static int open_view_of(SweepContext *ctx, pid_t pid, CachedView **ret, int64_t *ret_start_nsec) {
        _cleanup_(process_done) Process p = PROCESS_NULL;
        int r;

        r = process_open(ctx->scan->proc_fd, pid, &p);
        if (r >= 0 && ret_start_nsec)
                r = sweep_context_start_nsec(ctx, &p, ret_start_nsec);
        if (r >= 0)
                r = sweep_view_open(ctx, &p, ret);
        if (r >= 0)
                (*ret)->used = ctx->scan->sweep;
        return r;
}

/*
 * The layers of overlays, and what lies outside of a process's root, are read from the mounts of PID 1. This process may
 * itself have a narrower namespace (systemd.exec(5), ProtectHome=), which must make no difference. But where it is in a
 * root of its own, the kernel prints names as seen from there (proc_pid_maps(5)). Without either, less is known.
 */
static int open_host_view(SweepContext *ctx) {
        CachedView *own, *first;
        int r;

        ctx->first_nsec = ctx->boot_nsec;
        r = open_view_of(ctx, getpid(), &own, NULL);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        ctx->host_view = own;
        r = open_view_of(ctx, 1, &first, &ctx->first_nsec);
        if (r >= 0 && streq(own->view.root_path, "/") && first->view.namespace != own->view.namespace)
                ctx->host_view = first;
        return r == -ENOMEM ? r : 0;
}

/* Does it count processes as clock_gettime(2) does here? */
static bool are_pids_ours(int proc_fd) {
        char text[16] = "";

        return readlinkat(proc_fd, "self", text, sizeof(text) - 1) > 0 && atoi(text) == getpid();
}

static int begin(Sweep *s) {
        SweepContext *ctx = &s->context;
        Scan *scan = ctx->scan;
        struct timespec real, boot;

        if (scan->proc_fd < 0) {
                scan->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (scan->proc_fd < 0)
                        return -errno;
                scan->pids_are_ours = are_pids_ours(scan->proc_fd);
        }
        scan->sweep++;
        clock_gettime(CLOCK_REALTIME, &real);
        clock_gettime(CLOCK_BOOTTIME, &boot);
        ctx->boot_nsec = (int64_t) (real.tv_sec - boot.tv_sec) * 1000000000 + (real.tv_nsec - boot.tv_nsec);
        s->boottime_sec = (uint32_t) boot.tv_sec;
        s->started_usec = clock_now();
        s->snapshot->counts.started_usec = clock_usec(CLOCK_REALTIME);
        return open_host_view(ctx);
}

static int pid_compare(const void *a, const void *b) {
        pid_t x = *(const pid_t *) a, y = *(const pid_t *) b;

        return x < y ? -1 : x > y;
}

static int list_processes(Sweep *s) {
        const SweepOptions *o = &s->context.options;

        if (!o->pids)
                return process_list_read(s->context.scan->proc_fd, &s->list);
        if (!GROW(s->list.pids, s->list.allocated, o->n_pids))
                return -ENOMEM;
        memcpy(s->list.pids, o->pids, o->n_pids * sizeof(*o->pids));
        qsort(s->list.pids, o->n_pids, sizeof(*s->list.pids), pid_compare);
        for (size_t i = 0; i < o->n_pids; i++)
                if (i == 0 || s->list.pids[i] != s->list.pids[i - 1])
                        s->list.pids[s->list.n_pids++] = s->list.pids[i];
        return 0;
}

int sweep_new(Scan *scan, const SweepOptions *options, Sweep **ret) {
        _cleanup_(sweep_freep) Sweep *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        sweep_context_init(&s->context, scan, options);
        fast_path_init(&s->fast_path, &s->context);
        sibling_cache_init(&s->siblings, &s->context);
        s->partial = options->pids != NULL;
        s->snapshot = snapshot_new();
        if (!s->snapshot)
                return -ENOMEM;
        r = begin(s);
        if (r >= 0)
                r = list_processes(s);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

Sweep *sweep_free(Sweep *s) {
        if (!s)
                return NULL;
        for (size_t i = 0; i < s->n_records; i++)
                process_record_free(s->records[i]);
        free(s->records);
        process_list_done(&s->list);
        snapshot_free(s->snapshot);
        sibling_cache_done(&s->siblings);
        fast_path_done(&s->fast_path);
        sweep_context_done(&s->context);
        free(s);
        return NULL;
}

void sweep_progress(const Sweep *s, size_t *ret_done, size_t *ret_total) {
        *ret_done = s->next;
        *ret_total = s->list.n_pids;
}

/* The record of this pid from the sweep before, or NULL. Callers pass ascending pids. */
static ProcessRecord **record_before(Sweep *s, pid_t pid) {
        Scan *scan = s->context.scan;

        if (s->partial)
                return NULL;
        while (s->next_record < scan->n_records &&
               (!scan->records[s->next_record] || scan->records[s->next_record]->pid < pid))
                s->next_record++;
        return s->next_record < scan->n_records && scan->records[s->next_record]->pid == pid ?
                &scan->records[s->next_record] : NULL;
}

/* Counts what could not be judged, and lists it. Returns 0 or -ENOMEM. */
static int publish_unknown(Snapshot *s, const ProcessIssues *t, Look *ret) {
        uint64_t n = 0, listed = 0;

        for (size_t i = 0; i < UNKNOWN_REASON_MAX; i++) {
                s->counts.unknown_by[i] += t->unknown_by[i];
                n += t->unknown_by[i];
        }
        s->counts.unknown += n;
        for (; listed < t->n_unknown; listed++) {
                int r = snapshot_add_unknown(s, &t->unknown[listed]);

                if (r == -E2BIG)
                        break;
                if (r < 0)
                        return r;
        }
        *ret = listed < n ? LOOK_PARTIAL : LOOK_DONE;
        return 0;
}

/* Adds the result of a process to the snapshot. */
static int publish(Sweep *s, pid_t pid, uint64_t start_time, const ProcessResult *result) {
        const ProcessIssues *t = process_result_issues(result);
        Counts *c = &s->snapshot->counts;
        Look look;
        int r;

        for (size_t i = 0; i < t->n_recovered; i++) {
                r = snapshot_add_recovered(s->snapshot, &t->recovered[i]);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < t->n_findings; i++) {
                r = snapshot_add_finding(s->snapshot, t->findings[i]);
                if (r < 0)
                        return r;
        }
        r = publish_unknown(s->snapshot, t, &look);
        if (r < 0)
                return r;
        c->mappings += result->mappings;
        c->ignored += result->ignored;
        c->processes++;
        path_set_use(&s->context.scan->lookups, result->set, s->context.scan->sweep);
        return snapshot_add_looked(s->snapshot, pid, start_time, look);
}

/* Takes a record into those of this sweep. */
static int keep(Sweep *s, ProcessRecord **r) {
        if (!GROW(s->records, s->allocated_records, s->n_records + 1))
                return -ENOMEM;
        s->records[s->n_records++] = TAKE_PTR(*r);
        return 0;
}

/* error: why it could not be read, -errno; 0: it is skipped, since an earlier read did not return. */
static int count_unreadable(Sweep *s, pid_t pid, uint64_t start_time, int error) {
        UnknownReason reason = error == 0 ? UNKNOWN_HUNG :
                error == -EACCES || error == -EPERM ? UNKNOWN_PERMISSION : UNKNOWN_OTHER;

        s->snapshot->counts.processes++;
        s->snapshot->counts.unreadable++;
        return snapshot_add_unreadable(s->snapshot, pid, start_time, reason);
}

/* Errors that are not the process's: the sweep cannot go on. */
static bool is_fatal(int r) {
        return r == -ENOMEM || r == -EMFILE || r == -ENFILE;
}

/* A start time of 0 in the list matches any. */
static bool is_skipped(const SweepOptions *o, const Process *p) {
        for (size_t i = 0; i < o->n_skip_processes; i++)
                if (o->skip_processes[i].pid == p->pid &&
                    (o->skip_processes[i].start_time == p->start_time || o->skip_processes[i].start_time == 0))
                        return true;
        return false;
}

/* Is it to be skipped, it or all processes of its owner? Returns 1, 0, or -errno where the sweep cannot go on. */
static int must_skip(Sweep *s, Process *p) {
        const SweepOptions *o = &s->context.options;
        int r;

        if (o->n_skip_processes == 0 && !o->owners)
                return 0;
        r = process_identify(s->context.scan->proc_fd, p);
        if (r < 0 || !p->has_memory)
                return is_fatal(r) ? r : 0;
        if (is_skipped(o, p))
                return 1;
        r = o->owners ? process_owner_read(s->context.scan->proc_fd, p, &p->owner) : 0;
        if (is_fatal(r))
                return r;
        for (size_t i = 0; i < o->n_skip_owners; i++)
                if (p->owner != 0 && p->owner == o->skip_owners[i]) {
                        s->snapshot->counts.left_out++;
                        return 1;
                }
        return 0;
}

/* A process that loads and unloads libraries without pause may race with one examination, or two; hardly with each. */
#define TRIES_MAX 3
#define RETRY_DELAY_NSEC 5000000
/* All delays of one sweep together are bounded. */
#define DELAYS_MAX 50

static void delay_retry(Sweep *s) {
        if (s->delays < DELAYS_MAX)
                clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ .tv_nsec = RETRY_DELAY_NSEC }, NULL);
        s->delays++;
}

/* Examines a process, and again where that may have raced with a change. */
static int examine_and_explain(Sweep *s, const Process *p, const CachedView *view, const ProcessRecord *before,
                               Loader *loader, ProcessResult *ret) {
        _cleanup_(examination_done) Examination x = EXAMINATION_NULL;
        int r;

        for (size_t try = 1;; try++) {
                r = examine_process(&s->context, p, view, before, /* last_try= */ try == TRIES_MAX, loader, &x);
                if (r < 0)
                        return r;
                if (!x.race_suspected)
                        return explain_process(&x, ret);
                examination_done(&x);
                delay_retry(s);
        }
}

/* Where there were findings, or each pid was requested by itself, the fast path does not do. */
static bool must_examine(const Sweep *s, pid_t pid, const ProcessRecord *before) {
        Finding *const *findings;

        if (s->context.options.pids || s->context.options.full)
                return true;
        if (before && process_result_issues(&before->result)->n_findings > 0)
                return true;
        return snapshot_process_findings(s->context.options.previous, pid, &findings) > 0;
}

/* Keeps the result for the next sweep. */
static int keep_result(Sweep *s, const Process *p, const CachedView *view, ProcessRecord **record, ProcessResult *result) {
        ProcessRecord *r = *record;

        if (s->partial) {
                process_result_done(result);
                return 0;
        }
        r->start_time = p->start_time;
        r->view = view->serial;
        r->examined = s->context.scan->sweep;
        r->result = *result;
        *result = (ProcessResult){};
        if (r->result.issues)
                process_issues_forget_recovered(r->result.issues);
        return keep(s, record);
}

/* The result of a fork sibling, or of an examination. key: where the fast path has read it, else NULL. */
static int share_or_examine(Sweep *s, Process *p, const CachedView *view, const ProcessRecord *before,
                            const SiblingKey *key, Loader *loader, ProcessResult *ret) {
        const Sibling *sibling = key ? sibling_cache_find(&s->siblings, key) : NULL;
        int r = 0;

        if (sibling && !sibling->settled)
                r = sibling_cache_share(&s->siblings, sibling, view, p, ret);
        return r != 0 ? r : examine_and_explain(s, p, view, before, loader, ret);
}

/* Examines a process. Returns 1: *ret is the result; 0: it is gone, or counted as unreadable; -errno. */
static int examine(Sweep *s, Process *p, const CachedView *view, const ProcessRecord *before, const SiblingKey *key,
                   Loader *loader, ProcessResult *ret) {
        int r;

        r = process_identify(s->context.scan->proc_fd, p);
        if (r == -ESRCH || (r >= 0 && !p->has_memory))
                return 0;
        if (before && before->start_time != 0 && before->start_time != p->start_time)
                before = NULL;
        sweep_context_beacon(&s->context, p, NULL);
        if (r >= 0)
                r = share_or_examine(s, p, view, before, key, loader, ret);
        if (is_fatal(r))
                return r;
        /* The pid may have been reused meanwhile: then what was read is discarded. */
        if (!process_alive(p))
                return 0;
        if (r < 0)
                return count_unreadable(s, p->pid, p->start_time, r);
        if (key)
                r = sibling_cache_add_examined(&s->siblings, key, p, ret);
        return r < 0 ? r : 1;
}

static bool ignores_units(const SweepOptions *o) {
        return o->ignore_units && o->ignore_units[0];
}

/* Returns 1: settled, 0, -errno. ret_key->n_vmas is 0 where it could not be read. */
static int try_fast_path(Sweep *s, Process *p, const CachedView *view, Loader *loader, SiblingKey *ret_key, ProcessResult *ret) {
        const Sibling *sibling;
        int64_t newest;
        int r;

        r = fast_path_begin(&s->fast_path, p, view, ret_key);
        if (r <= 0)
                return r;
        sibling = sibling_cache_find(&s->siblings, ret_key);
        if (sibling && !sibling->settled)
                return 0;
        r = sibling ? sibling_cache_share(&s->siblings, sibling, view, p, ret) : 0;
        if (r != 0 || s->context.options.without & SWEEP_LAYER_FAST_PATH)
                return r;
        r = fast_path_check(&s->fast_path, loader, &newest, ret);
        if (r > 0 && sibling_cache_add_settled(&s->siblings, ret_key, p, loader, ret, newest) < 0)
                return -ENOMEM;
        return r;
}

/* Returns as examine(). */
static int judge_process(Sweep *s, Process *p, const CachedView *view, const ProcessRecord *before, ProcessResult *ret) {
        _cleanup_(loader_done) Loader loader = LOADER_NULL;
        SiblingKey key = {};
        int r;

        sweep_context_beacon(&s->context, p, NULL);
        if (!must_examine(s, p->pid, before)) {
                r = try_fast_path(s, p, view, &loader, &key, ret);
                if (r > 0 || is_fatal(r))
                        return r;
        }
        /* Siblings may belong to different units. */
        return examine(s, p, view, before, key.n_vmas > 0 && !ignores_units(&s->context.options) ? &key : NULL, &loader, ret);
}

/* A kernel thread, or a zombie. */
static int record_memoryless(Sweep *s, const ProcessRecord *before, ProcessRecord **r) {
        if (s->partial)
                return 0;
        (*r)->memoryless = true;
        process_change_schedule(*r, before, s->boottime_sec);
        return keep(s, r);
}

/* A process that is new, or has changed since the last sweep. Returns 0 or -errno where the sweep cannot go on. */
static int step_changed(Sweep *s, pid_t pid, const ProcessRecord *before) {
        _cleanup_(process_record_freep) ProcessRecord *record = process_record_new(pid);
        _cleanup_(process_done) Process p = PROCESS_NULL;
        _cleanup_(process_result_done) ProcessResult result = {};
        CachedView *view;
        int r;

        if (!record)
                return -ENOMEM;
        r = process_open_directory(s->context.scan->proc_fd, pid, &p);
        if (r == -ESRCH || is_fatal(r))
                return r == -ESRCH ? 0 : r;
        if (r < 0)
                return count_unreadable(s, pid, 0, r);
        r = must_skip(s, &p);
        if (r != 0)
                return r < 0 ? r : count_unreadable(s, pid, p.start_time, /* error= */ 0);
        if (!s->context.options.once && s->context.scan->pids_are_ours)
                process_change_begin(record);
        r = sweep_view_open(&s->context, &p, &view);
        if (r < 0) {
                if (is_fatal(r))
                        return r;
                /* Also one that was identified before may have ended by now. */
                return process_identify(s->context.scan->proc_fd, &p) >= 0 && process_alive(&p) ?
                        count_unreadable(s, pid, p.start_time, r) : 0;
        }
        view->used = s->context.scan->sweep;
        r = judge_process(s, &p, view, before, &result);
        if (r == 0 && p.start_time != 0 && !p.has_memory)
                return record_memoryless(s, before, &record);
        if (r <= 0)
                return r;
        r = publish(s, pid, p.start_time, &result);
        if (r < 0)
                return r;
        process_change_schedule(record, before, s->boottime_sec);
        return keep_result(s, &p, view, &record, &result);
}

static bool is_unchanged(Sweep *s, const ProcessRecord *r) {
        sweep_context_beacon(&s->context, &(Process){ .pid = r->pid, .start_time = r->start_time }, NULL);
        return !s->context.options.full && process_change_none(&s->context, r, s->boottime_sec);
}

int sweep_step(Sweep *s) {
        ProcessRecord **before;
        pid_t pid;
        int r;

        if (s->next >= s->list.n_pids)
                return 0;
        pid = s->list.pids[s->next++];
        before = record_before(s, pid);
        if (before && is_unchanged(s, *before)) {
                r = (*before)->memoryless ? 0 : publish(s, pid, (*before)->start_time, &(*before)->result);
                if (r >= 0)
                        r = keep(s, before);
        } else
                r = step_changed(s, pid, before ? *before : NULL);
        return r < 0 ? r : 1;
}

static size_t count_files(const Sweep *s) {
        const LookupCache *t = &s->context.scan->lookups;
        size_t n = 0;

        for (size_t i = 0; i < t->n_paths; i++)
                n += t->paths[i].name && t->paths[i].mapped && t->paths[i].used == s->context.scan->sweep;
        return n;
}

/* The records of this sweep become those of the scan. */
static void keep_records(Sweep *s) {
        Scan *scan = s->context.scan;

        for (size_t i = 0; i < scan->n_records; i++)
                process_record_free(scan->records[i]);
        free(scan->records);
        scan->records = TAKE_PTR(s->records);
        scan->n_records = s->n_records;
        scan->allocated_records = s->allocated_records;
        s->n_records = 0;
}

int sweep_finish(Sweep *s, Snapshot **ret) {
        int r;

        s->snapshot->counts.duration_usec = clock_now() - s->started_usec;
        s->snapshot->counts.files = count_files(s);
        snapshot_freeze(s->snapshot);
        if (s->context.options.previous) {
                r = snapshot_carry_over(s->context.options.previous, s->snapshot);
                if (r < 0)
                        return r;
        }
        snapshot_raise_counts(s->snapshot, /* whole= */ true);
        if (!s->partial) {
                keep_records(s);
                lookup_cache_prune(&s->context.scan->lookups, s->context.scan->sweep);
                elf_cache_prune(&s->context.scan->elfs, s->context.scan->sweep);
        }
        *ret = TAKE_PTR(s->snapshot);
        return 0;
}

int sweep_run(Scan *scan, const SweepOptions *options, Snapshot **ret) {
        _cleanup_(sweep_freep) Sweep *sweep = NULL;
        int r;

        r = sweep_new(scan, options, &sweep);
        if (r < 0)
                return r;
        do
                r = sweep_step(sweep);
        while (r > 0);
        return r < 0 ? r : sweep_finish(sweep, ret);
}
