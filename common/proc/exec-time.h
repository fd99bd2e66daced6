/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * When the address space of a process came to be. fork(2) hands mappings down: a
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

/* The ancestors read in one sweep: most are needed many times. */
typedef struct ExecTimeCache {
        Ancestor *members; /* owned; ascending by pid */
        size_t n_members, allocated;
} ExecTimeCache;

void exec_time_cache_done(ExecTimeCache *c);

/*
 * The start time (clock ticks since boot) of the oldest process whose memory p has
 * inherited; its own where there is none, or where that may not be known. p must have
 * been identified. Returns 0 or -ENOMEM.
 */
int exec_time_read(ExecTimeCache *c, int proc_fd, const Process *p, uint64_t *ret);
