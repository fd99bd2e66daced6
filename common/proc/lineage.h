/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Since when a process has had the memory that it has. fork(2) hands mappings down: a
 * child may be younger than what was done to a file that its parent had mapped before.
 * So a process is taken to be as old as the oldest of those it descends from without an
 * execve(2) in between: the kernel then prints the same start of code and of stack for
 * all of them (fields 26 and 28 of proc_pid_stat(5)). An ancestor that is gone by now
 * cannot be asked.
 */

#include "proc/process.h"

typedef struct Ancestor {
        pid_t pid, parent;
        uint64_t start_time, start_code, start_stack;
} Ancestor;

/* Those met in one sweep: most are asked for many times. */
typedef struct Lineage {
        Ancestor *members; /* owned; ascending by pid */
        size_t n_members, allocated;
} Lineage;

void lineage_done(Lineage *l);

/*
 * The start time (clock ticks since boot) of the oldest process whose memory p has
 * inherited; its own where there is none, or where that may not be known. p must have
 * been identified. Returns 0 or -ENOMEM.
 */
int lineage_start_time(Lineage *l, int proc_fd, const Process *p, uint64_t *ret);
