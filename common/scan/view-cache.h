/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The mount views that processes were found to have. They outlive a sweep, so that names which
 * were looked up keep their view; their roots are open during a sweep only, since an open root
 * keeps its mount busy.
 */

#include "proc/mount-view.h"

typedef struct CachedView {
        MountView view;
        uint32_t serial; /* never used twice */
        uint32_t used;   /* number of the sweep that last needed it */
} CachedView;

typedef struct ViewCache {
        CachedView **views; /* owned */
        size_t n_views, allocated_views;
        uint32_t next_serial;
} ViewCache;

void view_cache_done(ViewCache *c);

bool cached_view_is_open(const CachedView *v);

/* The view with this root and namespace, open or not; NULL: none. */
CachedView *view_cache_find(const ViewCache *c, const FileIdentity *root, uint64_t namespace);
/* The view with this serial number, if it is open; NULL: none. */
CachedView *view_cache_find_open(const ViewCache *c, uint32_t serial);
/* Moves *take into `known`, or where that is NULL into a new entry. Returns the entry, or NULL on lack of memory (*take is untouched). */
CachedView *view_cache_add(ViewCache *c, CachedView *known, MountView *take);

/* The mount with this id in `first`, or in any other open view; NULL: none. */
const Mount *view_cache_find_mount(const ViewCache *c, const CachedView *first, uint64_t mount_id);
/* A mount of this device (as maps prints it) in `first`, or in any other open view; NULL: none. */
const Mount *view_cache_find_device(const ViewCache *c, const CachedView *first, uint32_t dev_major, uint32_t dev_minor);

/* Closes all, and evicts those that this sweep did not need. */
void view_cache_close(ViewCache *c, uint32_t sweep);
