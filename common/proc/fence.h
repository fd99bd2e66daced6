/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What of a process's memory may be read. A page of a mapped file that is not in memory
 * is fetched by whoever reads it: from a server that does not answer, that would take
 * for ever. A hostile list leads into such a page; an honest one does by accident.
 */

#include <stdbool.h>
#include <stdint.h>

#include "proc/mapping.h"
#include "proc/process.h"
#include "sweep/sweep.h"

typedef struct KnownView KnownView;

#define FENCE_SPANS 32
#define FENCE_WINDOW 16 /* pages */

typedef struct Fence {
        const Scan *scan;            /* these are borrowed */
        const SweepOptions *options;
        const KnownView *view;
        const Process *process;
        int maps_fd, pages_fd;       /* owned; maps and pagemap, opened when needed */
        MapsSpan spans[FENCE_SPANS]; /* that it let through last: most pages lie beside each other */
        unsigned next_span;
        uint64_t window[FENCE_WINDOW]; /* of pagemap, as read last, */
        uint64_t window_first, window_next, window_end; /* from this page on; those from the second to the third are still good */
} Fence;

/* Embeds owned descriptors: initialise with FENCE_NULL before fence_done() may see it. */
#define FENCE_NULL ((Fence){ .maps_fd = -EBADF, .pages_fd = -EBADF })
void fence_done(Fence *f);

/*
 * Is the page of a private mapping of a file a copy, which the process has written to? All others, also those that are not
 * in memory just now, hold what the mapped file holds. Returns 1, 0, -errno where that cannot be told.
 */
int fence_page_is_copied(Fence *f, uint64_t address);

/* A MemoryGuard over a Fence. */
bool fence_lets_through(void *userdata, uint64_t address);
