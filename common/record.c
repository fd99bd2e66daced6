/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A process is looked at anew when its memory changed its size, when the answer to one
 * of the lookups that its verdicts hang on changed, when the mapping of one of its
 * findings is not there any more. In any case all its executable ranges are read again
 * every LOOK_SEC, and it is looked at anew unless they are the same. What can be missed for
 * that long: a mapping exchanged for another of the very same size, in a process that
 * has no findings. Its new mapping would have to be of a file that was stale already to
 * be missed, which no loader opens. What a glance does not see (glance.h) is seen
 * within EXAMINE_SEC.
 *
 * One that has not run since has not changed its memory, and is asked for no more than
 * that. What this can miss, for as long: what another process did that shares its memory
 * (CLONE_VM without CLONE_THREAD, clone(2)). What it did itself since it woke up counts by
 * the next tick, or when it sleeps again: the next sweep sees it.
 */

#include <fcntl.h>
#include <time.h>

#include "scan.h"

/* A minute less than ten: at the default interval, ten is then the longest. */
#define LOOK_SEC 540
#define EXAMINE_SEC 3600

void trouble_forget_recovered(Trouble *t) {
        for (size_t i = 0; i < t->n_recovered; i++)
                finding_done(&t->recovered[i]);
        free(t->recovered);
        t->recovered = NULL;
        t->n_recovered = 0;
}

void trouble_done(Trouble *t) {
        for (size_t i = 0; i < t->n_findings; i++)
                finding_unref(t->findings[i]);
        trouble_forget_recovered(t);
        for (size_t i = 0; i < t->n_unknown; i++)
                unknown_mapping_done(&t->unknown[i]);
        free(t->unknown);
        free(t->findings);
        free(t->anchors);
        free(t->rewritten);
        *t = (Trouble){};
}

bool trouble_has_unknown(const Trouble *t) {
        for (size_t i = 0; i < UNKNOWN_REASON_MAX; i++)
                if (t->unknown_by[i] > 0)
                        return true;
        return false;
}

void sight_done(Sight *s) {
        if (s->trouble)
                trouble_done(s->trouble);
        free(s->trouble);
        *s = (Sight){};
}

const Trouble *sight_trouble(const Sight *s) {
        static const Trouble none;

        return s->trouble ?: &none;
}

Record *record_new(pid_t pid) {
        Record *r = malloc(sizeof(*r));

        if (r)
                *r = (Record){ .pid = pid, .directory_fd = -EBADF, .statm_fd = -EBADF, .maps_fd = -EBADF };
        return r;
}

Record *record_free(Record *r) {
        if (!r)
                return NULL;
        fd_close(r->directory_fd);
        fd_close(r->statm_fd);
        fd_close(r->maps_fd);
        sight_done(&r->sight);
        free(r);
        return NULL;
}

/* Size of the memory, and of its data part, in pages: first and sixth of proc_pid_statm(5). */
static int read_statm(int fd, uint64_t *ret_size, uint64_t *ret_data) {
        uint64_t fields[6];
        char text[160], *s = text;
        ssize_t n;

        n = pread(fd, text, sizeof(text) - 1, 0);
        if (n < 0)
                return -errno;
        text[n] = '\0';
        /* Not by sscanf(3): of all the code of a steady sweep, it took the most time. */
        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                char *end;

                fields[i] = strtoull(s, &end, 10);
                if (end == s)
                        return -EBADMSG;
                s = end;
        }
        *ret_size = fields[0];
        *ret_data = fields[5];
        return 0;
}

/* What a process has run, 0 where that cannot be had. Its clock is numbered as by clock_getcpuclockid(3), which costs a call more. */
static uint64_t read_cpu(pid_t pid) {
        clockid_t clock = (clockid_t) (~(unsigned) pid << 3 | 2);
        struct timespec t;

        return clock_gettime(clock, &t) < 0 ? 0 : (uint64_t) t.tv_sec * 1000000000 + (uint64_t) t.tv_nsec;
}

void record_never_holds(Record *r) {
        r->cpu_nsec = 0;
        r->vm_size = UINT64_MAX;
}

int record_begin(Record *r, const Process *p, bool clock) {
        _cleanup_close_ int fd = openat(p->fd, "statm", O_RDONLY | O_CLOEXEC);

        if (fd < 0)
                return -errno;
        if (clock)
                r->cpu_nsec = read_cpu(p->pid);
        if (read_statm(fd, &r->vm_size, &r->vm_data) < 0)
                record_never_holds(r);
        return 0;
}

uint64_t record_static_pages(const Record *r) {
        return r->vm_size == UINT64_MAX || r->vm_size < r->vm_data ? UINT64_MAX : r->vm_size - r->vm_data;
}

/* Does the memory that the record is of still live, with the mappings of its findings in place? */
static bool anchors_hold(const Record *r) {
        const Trouble *t = sight_trouble(&r->sight);

        for (size_t i = 0; i < t->n_findings; i++)
                if (!maps_is_at(r->maps_fd, t->anchors[i].address, t->anchors[i].dev_major, t->anchors[i].dev_minor,
                                t->anchors[i].inode))
                        return false;
        return true;
}

/* An open statm holds a page of the kernel's memory from when it was first read: only of one that runs. */
static int open_statm(Record *r) {
        if (r->statm_fd < 0) {
                r->statm_fd = openat(r->directory_fd, "statm", O_RDONLY | O_CLOEXEC);
                r->directory_fd = fd_close(r->directory_fd);
        }
        return r->statm_fd;
}

/* Is the memory as it was? One that runs will mostly run again, and is not asked for that until it is looked at anew. */
static bool memory_holds(Record *r) {
        uint64_t size, data;

        if (r->cpu_nsec > 0 && read_cpu(r->pid) == r->cpu_nsec)
                return true;
        r->cpu_nsec = 0;
        return read_statm(open_statm(r), &size, &data) >= 0 && size == r->vm_size && data == r->vm_data && anchors_hold(r);
}

/* For the first time after a part of the period: else all of a host's would be due in one sweep. */
static uint32_t after(const Record *r, bool first, uint32_t period_sec) {
        return first ? (uint32_t) r->pid % period_sec : period_sec;
}

void record_schedule(Record *r, const Record *before, bool examined, uint32_t now_sec) {
        r->look_sec = now_sec + after(r, !before, LOOK_SEC);
        r->examine_sec = before && !examined ? before->examine_sec : now_sec + after(r, !before, EXAMINE_SEC);
}

bool record_is_asleep(const Record *r) {
        return r->cpu_nsec > 0;
}

bool record_open(Scan *scan, const Record *r, Process *ret, KnownView **ret_view) {
        return process_open_directory(scan->proc_fd, r->pid, ret) >= 0 && scan_view(scan, ret, ret_view) >= 0 &&
                (*ret_view)->serial == r->view;
}

/* The view that the names are to be looked up in, opened through the process if need be. */
static KnownView *open_view(Scan *scan, const Record *r) {
        _cleanup_(process_done) Process p = PROCESS_NULL;
        KnownView *view = scan_open_view(scan, r->view);

        return view || record_open(scan, r, &p, &view) ? view : NULL;
}

/* Each name in the view that it was said in: not all are the process's own. */
static bool refresh_set(Scan *scan, const SweepOptions *options, const KnownView *view, const PathSet *set) {
        if (set->checked == scan->sweep)
                return true;
        for (uint32_t i = 0; i < set->n_paths; i++) {
                uint32_t serial = scan->paths.paths[set->paths[i]].view;
                const KnownView *said = serial == view->serial ? view : scan_open_view(scan, serial);

                if (!said)
                        return false;
                scan_refresh(scan, options, said, set->paths[i]);
        }
        return true;
}

bool record_holds(Scan *scan, const SweepOptions *options, Record *r) {
        KnownView *view;

        if (!memory_holds(r))
                return false;
        if (r->memoryless)
                return true;
        view = open_view(scan, r);
        if (!view)
                return false;
        view->used = scan->sweep;
        return refresh_set(scan, options, view, &scan->paths.sets[r->sight.set]) &&
                path_set_changed(&scan->paths, r->sight.set, scan->sweep) <= r->examined;
}
