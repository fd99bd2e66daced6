/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which processes --pid= and --unit= mean, by what /proc says just now. */

#include <stddef.h>
#include <sys/types.h>

#include "options.h"

typedef struct Selection {
        pid_t *pids;    /* NULL: all */
        size_t n_pids, allocated_pids;
        size_t without_memory; /* of these: kernel threads and zombies */
        uint64_t youngest;     /* the latest start of these: clock ticks since boot, as in Finding */
} Selection;

void selection_done(Selection *s);

bool selection_has(const Selection *s, pid_t pid);

/*
 * Reads /proc. With `report`, says on standard error which process does not exist,
 * which one has no memory, and which unit has no process. Returns 0; -ESRCH: nothing
 * of what was asked for exists; -ENOMEM; -errno.
 */
int selection_read(const Options *o, bool report, Selection *ret);

/*
 * Does a process whose control groups are these (the text of proc_pid_cgroup(5))
 * belong to a unit that the pattern (glob(7)) fits, be it a service, its slice, or a
 * user's own unit below? Pure.
 */
bool selection_cgroup_matches(const char *text, const char *pattern);
