/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "proc/exec-time.h"

/* More generations without an execve(2) than anybody has; pids of a hostile /proc cannot lead in circles for ever. */
#define GENERATIONS_MAX 64

void exec_time_cache_done(ExecTimeCache *c) {
        free(c->members);
        *c = (ExecTimeCache){};
}

/* Where the pid is, or belongs. Mostly at the end: sweeps ascend. */
static size_t place(const ExecTimeCache *c, pid_t pid) {
        size_t low = 0, high = c->n_members;

        if (high > 0 && c->members[high - 1].pid < pid)
                return high;
        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (c->members[middle].pid < pid)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

/* A pid may have been given to another process since: what is known of the first one goes. */
static int add(ExecTimeCache *c, const Process *p, Ancestor *ret) {
        size_t i = place(c, p->pid);

        *ret = (Ancestor){
                .pid = p->pid,
                .parent = p->parent,
                .start_time = p->start_time,
                .start_code = p->start_code,
                .start_stack = p->start_stack,
        };
        if (i == c->n_members || c->members[i].pid != p->pid) {
                if (!GROW(c->members, c->allocated, c->n_members + 1))
                        return -ENOMEM;
                memmove(&c->members[i + 1], &c->members[i], (c->n_members - i) * sizeof(*c->members));
                c->n_members++;
        }
        c->members[i] = *ret;
        return 0;
}

/* Returns 1, 0 where it is gone or cannot be read, -ENOMEM. */
static int look_up(ExecTimeCache *c, int proc_fd, pid_t pid, Ancestor *ret) {
        _cleanup_(process_done) Process p = PROCESS_NULL;
        size_t i = place(c, pid);
        int r;

        if (i < c->n_members && c->members[i].pid == pid) {
                *ret = c->members[i];
                return 1;
        }
        if (pid <= 0 || process_open(proc_fd, pid, &p) < 0)
                return 0;
        r = add(c, &p, ret);
        return r < 0 ? r : 1;
}

/* The kernel prints a stack of 0 for memory that the reader may not read, or that is freed. */
static bool same_image(const Ancestor *a, const Ancestor *b) {
        return a->start_stack != 0 && a->start_stack == b->start_stack && a->start_code == b->start_code;
}

int exec_time_read(ExecTimeCache *c, int proc_fd, const Process *p, uint64_t *ret) {
        Ancestor child, parent;
        int r;

        r = add(c, p, &child);
        if (r < 0)
                return r;
        for (int generation = 0; generation < GENERATIONS_MAX; generation++) {
                r = look_up(c, proc_fd, child.parent, &parent);
                if (r < 0)
                        return r;
                if (r == 0 || !same_image(&child, &parent) || parent.start_time > child.start_time)
                        break;
                child = parent;
        }
        *ret = child.start_time;
        return 0;
}
