/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * May a page of a process's memory be read without blocking? Reading a page of a mapped
 * file that is not resident faults it in: from a server that does not answer, that takes
 * for ever. A hostile list leads into such a page; an honest one does by accident.
 */

#include <stdbool.h>
#include <stdint.h>

#include "proc/mapping.h"
#include "proc/process.h"

/* Callbacks of the guard. */
typedef struct PageGuardUser {
        /* Called before a call that may block on the process's mmap_lock. */
        void (*before_query)(void *userdata);
        /* Does a page fault on a file of this device (as maps prints it) return, whatever a server does? */
        bool (*device_answers)(void *userdata, uint32_t dev_major, uint32_t dev_minor);
        void *userdata;
} PageGuardUser;

typedef struct PageGuard {
        PageGuardUser user;
        const Process *process;      /* borrowed, as the next one */
        const MapsText *text;        /* of the process, where PROCMAP_QUERY does not work */
        bool by_text;                /* PROCMAP_QUERY is not to be tried */
        int maps_fd, pages_fd;       /* owned; maps and pagemap, opened when needed */
        MapsSpan allowed;            /* last: the next page mostly lies in it, too */
} PageGuard;

/* Embeds owned descriptors: initialise with PAGE_GUARD_NULL before page_guard_done() may see it. */
#define PAGE_GUARD_NULL ((PageGuard){ .maps_fd = -EBADF, .pages_fd = -EBADF })
void page_guard_done(PageGuard *g);

/*
 * Is the page of a private mapping of a file a copy that the process has written to? All other pages, resident or not, hold
 * what the mapped file holds. Returns 1, 0, -errno where that is unknown.
 */
int page_guard_is_copied(PageGuard *g, uint64_t address);

/* A MemoryGuard over a PageGuard. */
bool page_guard_allows(void *userdata, uint64_t address);
