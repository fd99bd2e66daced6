/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>

#include "command.h"
#include "local-sweep.h"
#include "output.h"
#include "proc/process.h"
#include "proc/requirements.h"
#include "util/clock.h"
#include "watchdog.h"

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

/* Says what is missing. Returns true where without it nothing can be judged. */
static bool say_missing(const Options *o) {
        uint32_t missing = requirements_missing(), said = missing & REQUIREMENT_OPENAT2;

        if (geteuid() == 0 && !o->quiet)
                said = missing;
        if (said == 0 || !watchdog_first())
                return missing & REQUIREMENT_OPENAT2;
        for (uint32_t bit = 1; bit < REQUIREMENT_ALL; bit <<= 1)
                if (said & bit)
                        print_error(0, "%s", requirement_describe(bit));
        return missing & REQUIREMENT_OPENAT2;
}

/* Why a process could not be read, as far as that can be seen now. To open its maps takes the right to read all of it. */
static UnknownReason unreadable_reason(const Process *p) {
        int fd = process_open_maps(p);

        fd_close(fd);
        return fd == -EACCES || fd == -EPERM ? UNKNOWN_PERMISSION : UNKNOWN_OTHER;
}

static int add_unreadable(Snapshot *s, int proc_fd, const Looked *looked) {
        _cleanup_(process_done) Process p = PROCESS_NULL;
        UnknownMapping u = { .pid = looked->pid, .start_time = looked->start_time, .reason = UNKNOWN_OTHER };
        int r;

        if (process_open(proc_fd, looked->pid, &p) >= 0) {
                u.comm = p.comm; /* borrowed */
                u.reason = watchdog_has_skipped(looked->pid) ? UNKNOWN_HUNG : unreadable_reason(&p);
        }
        r = snapshot_add_unknown(s, &u);
        return r == -E2BIG ? 0 : r;
}

static bool is_listed(const Snapshot *s, size_t n_unknown, pid_t pid) {
        for (size_t i = 0; i < n_unknown; i++)
                if (s->unknown[i].pid == pid && !s->unknown[i].path)
                        return true;
        return false;
}

static int list_unreadable(Snapshot *s) {
        _cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        size_t n_unknown = s->n_unknown;
        int r = proc_fd < 0 ? -errno : 0;

        for (size_t i = 0; i < s->n_looked && r >= 0; i++)
                if (s->looked[i].look == LOOK_FAILED && !is_listed(s, n_unknown, s->looked[i].pid))
                        r = add_unreadable(s, proc_fd, &s->looked[i]);
        snapshot_freeze(s);
        return r;
}

static int run_sweep(Scan *scan, const Options *o, const Selection *selection, const LocalSweepOptions *how, Snapshot **ret) {
        SweepOptions options = { .pids = selection->pids, .n_pids = selection->n_pids, .once = how->once, .previous = how->previous };
        _cleanup_(sweep_freep) Sweep *sweep = NULL;
        Progress progress = {
                .wanted = output_wants_status(o) && !how->no_progress,
                .next = clock_now() + PROGRESS_AFTER_USEC,
        };
        int r;

        watchdog_set_options(&options);
        r = sweep_new(scan, &options, &sweep);
        if (r < 0)
                return r;
        do {
                r = sweep_step(sweep);
                progress_show(&progress, sweep);
        } while (r > 0);
        progress_end(&progress);
        return r < 0 ? r : sweep_finish(sweep, ret);
}

int local_sweep(Scan *scan, const Options *o, const Selection *selection, const LocalSweepOptions *how, Inventory *ret) {
        _cleanup_(snapshot_freep) Snapshot *s = NULL;
        Inventory a = { .selected = selection->n_pids, .blind = say_missing(o) };
        int r;

        r = run_sweep(scan, o, selection, how, &s);
        if (r >= 0)
                r = list_unreadable(s);
        if (r < 0)
                return r;
        a.snapshot = TAKE_PTR(s);
        *ret = a;
        return 0;
}

int local_sweep_verdict(const Options *o, const Selection *selection, const Inventory *a) {
        const Counts *c = &a->snapshot->counts;
        const char *hint = geteuid() == 0 ?
                "permission denied even as root: see dmesg for a security module that denies it" :
                "only its user and root may: try again as root";

        if (a->blind)
                return STATUS_UNKNOWN; /* said already */
        if (c->unreadable == 0 || c->unreadable < c->processes || o->allow_unknown)
                return 0;
        if (selection->n_pids == 1)
                return print_error(STATUS_UNKNOWN, "Process %d could not be read: %s", (int) selection->pids[0], hint);
        return print_error(STATUS_UNKNOWN, "None of the processes could be read: %s", hint);
}
