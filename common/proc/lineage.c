/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "proc/lineage.h"

/* More generations without an execve(2) than anybody has; pids of a hostile /proc cannot lead in circles for ever. */
#define GENERATIONS_MAX 64

void lineage_done(Lineage *l) {
        free(l->members);
        *l = (Lineage){};
}

/* Where the pid is, or belongs. Mostly at the end: sweeps ascend. */
static size_t place(const Lineage *l, pid_t pid) {
        size_t low = 0, high = l->n_members;

        if (high > 0 && l->members[high - 1].pid < pid)
                return high;
        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (l->members[middle].pid < pid)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

/* A pid may have been given to another process since: what is known of the first one goes. */
static int add(Lineage *l, const Process *p, Ancestor *ret) {
        size_t i = place(l, p->pid);

        *ret = (Ancestor){
                .pid = p->pid,
                .parent = p->parent,
                .start_time = p->start_time,
                .start_code = p->start_code,
                .start_stack = p->start_stack,
        };
        if (i == l->n_members || l->members[i].pid != p->pid) {
                if (!GROW(l->members, l->allocated, l->n_members + 1))
                        return -ENOMEM;
                memmove(&l->members[i + 1], &l->members[i], (l->n_members - i) * sizeof(*l->members));
                l->n_members++;
        }
        l->members[i] = *ret;
        return 0;
}

/* Returns 1, 0 where it is gone or cannot be read, -ENOMEM. */
static int look_up(Lineage *l, int proc_fd, pid_t pid, Ancestor *ret) {
        _cleanup_(process_done) Process p = PROCESS_NULL;
        size_t i = place(l, pid);
        int r;

        if (i < l->n_members && l->members[i].pid == pid) {
                *ret = l->members[i];
                return 1;
        }
        if (pid <= 0 || process_open(proc_fd, pid, &p) < 0)
                return 0;
        r = add(l, &p, ret);
        return r < 0 ? r : 1;
}

/* The kernel prints no stack of memory that the reader may not look into, or that is gone. */
static bool same_image(const Ancestor *a, const Ancestor *b) {
        return a->start_stack != 0 && a->start_stack == b->start_stack && a->start_code == b->start_code;
}

int lineage_start_time(Lineage *l, int proc_fd, const Process *p, uint64_t *ret) {
        Ancestor child, parent;
        int r;

        r = add(l, p, &child);
        if (r < 0)
                return r;
        for (int generation = 0; generation < GENERATIONS_MAX; generation++) {
                r = look_up(l, proc_fd, child.parent, &parent);
                if (r < 0)
                        return r;
                if (r == 0 || !same_image(&child, &parent) || parent.start_time > child.start_time)
                        break;
                child = parent;
        }
        *ret = child.start_time;
        return 0;
}
