/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>

#include "command.h"
#include "output.h"
#include "proc/process.h"
#include "selection.h"

#define CGROUP_TEXT_MAX 16384

void selection_done(Selection *s) {
        free(s->pids);
        *s = (Selection){};
}

bool selection_has(const Selection *s, pid_t pid) {
        for (size_t i = 0; i < s->n_pids; i++)
                if (s->pids[i] == pid)
                        return true;
        return false;
}

static int add(Selection *s, pid_t pid, uint64_t start_time) {
        if (selection_has(s, pid))
                return 0;
        if (start_time > s->youngest)
                s->youngest = start_time;
        if (!GROW(s->pids, s->allocated_pids, s->n_pids + 1))
                return -ENOMEM;
        s->pids[s->n_pids++] = pid;
        return 0;
}

bool selection_cgroup_matches(const char *text, const char *pattern) {
        char name[256];

        for (const char *c = strchr(text, '/'); c; c = strchr(c, '/')) {
                size_t n = strcspn(++c, "/\n");

                if (n == 0 || n >= sizeof(name))
                        continue;
                memcpy(name, c, n);
                name[n] = '\0';
                if (fnmatch(pattern, name, 0) == 0)
                        return true;
        }
        return false;
}

static int add_named(const Options *o, bool report, int proc_fd, Selection *s) {
        int r = 0;

        for (size_t i = 0; i < o->n_pids && r >= 0; i++) {
                _cleanup_(process_done) Process p = PROCESS_NULL;

                r = process_open(proc_fd, o->pids[i], &p);
                if (r == -ESRCH) {
                        if (report)
                                print_error(0, "There is no process %d: it has ended, or never was", (int) o->pids[i]);
                        r = 0;
                        continue;
                }
                if (r >= 0 && !p.has_memory) {
                        if (report && !o->quiet)
                                print_error(0, "Process %d has no memory: it is a kernel thread or a zombie", (int) o->pids[i]);
                        s->without_memory++;
                }
                /* What else went wrong with it is for the sweep to count. */
                r = add(s, o->pids[i], p.start_time);
        }
        return r;
}

static int add_unit(const char *unit, bool report, int proc_fd, const ProcessList *all, Selection *s) {
        size_t before = s->n_pids;

        for (size_t i = 0; i < all->n_pids; i++) {
                _cleanup_(process_done) Process p = PROCESS_NULL;
                _cleanup_free_ char *text = NULL;
                int r;

                if (process_open(proc_fd, all->pids[i], &p) < 0)
                        continue;
                r = process_read_file(&p, "cgroup", CGROUP_TEXT_MAX, &text, NULL);
                if (r == -ENOMEM)
                        return r;
                if (r >= 0 && selection_cgroup_matches(text, unit))
                        r = add(s, all->pids[i], p.start_time);
                if (r == -ENOMEM)
                        return r;
        }
        if (report && s->n_pids == before)
                print_error(0, "No process belongs to unit %s: see systemctl status", unit);
        return 0;
}

static int add_units(const Options *o, bool report, int proc_fd, Selection *s) {
        _cleanup_(process_list_done) ProcessList all = {};
        int r = 0;

        if (o->n_units > 0)
                r = process_list_read(proc_fd, &all);
        for (size_t i = 0; i < o->n_units && r >= 0; i++)
                r = add_unit(o->units[i], report, proc_fd, &all, s);
        return r;
}

int selection_read(const Options *o, bool report, Selection *ret) {
        _cleanup_(selection_done) Selection s = {};
        _cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r;

        if (proc_fd < 0)
                return -errno;
        r = add_named(o, report, proc_fd, &s);
        if (r >= 0)
                r = add_units(o, report, proc_fd, &s);
        if (r < 0)
                return r;
        if (s.n_pids == 0 && (o->n_pids > 0 || o->n_units > 0))
                return -ESRCH;
        *ret = s;
        s = (Selection){};
        return 0;
}
