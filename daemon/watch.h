/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Watches (inotify(7)) on the directory entries that verdicts depend on. An event is
 * only a hint that a sweep is due: what has changed is for the sweep to find out.
 */

#include "util/base.h"

typedef struct Watch Watch;

/* Returns 0, or -errno (EMFILE, ENOMEM). */
int watch_new(Watch **ret);
Watch *watch_free(Watch *w);
DEFINE_CLEANUP(Watch *, watch_free)

/* To be polled for POLLIN. Borrowed. */
int watch_fd(const Watch *w);

/*
 * directory_fd: O_PATH, borrowed. Changes of other names there are not told. Where the
 * kernel refuses (the limit of watches, a file system without events), the directory is
 * only swept at the interval.
 */
void watch_add(Watch *w, int directory_fd, const char *name);

/* Ends all watches. */
void watch_clear(Watch *w);

typedef enum WatchResult {
        WATCH_NOTHING, /* has come */
        WATCH_NOISE,   /* only of names that do not matter */
        WATCH_CHANGED,
} WatchResult;

/* Reads what has come. */
WatchResult watch_read(Watch *w);

/* How many directories are watched, how many have come to be so until now, and how many names there are. */
size_t watch_count(const Watch *w);
size_t watch_count_ever(const Watch *w);
size_t watch_names(const Watch *w);
/* True once: the kernel's limit was hit since watch_new(). */
bool watch_limit_is_news(Watch *w);
