/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The fast path for a process that has most likely nothing stale, at a small part of what
 * an examination costs. It settles a process only if every executable VMA is of the
 * file that its path still leads to, older than the process; and if every name in the
 * link_map chain leads to the file that is mapped. Then an examination finds nothing
 * either: what has no executable VMA counts only if the loader lists it, and such a name
 * is not settled here. Every other process is left to sibling-cache.h or to examine.h.
 */

#include "rtld/loader.h"
#include "scan/sweep-context.h"
#include "sweep/sibling-cache.h"

/* An executable VMA, as far as it distinguishes processes. */
typedef struct ExecVma {
        uint64_t start, end, inode;
        uint32_t dev_major, dev_minor; /* as maps prints them */
} ExecVma;

/* Of one sweep. */
typedef struct FastPath {
        SweepContext *ctx;    /* borrowed */

        /* the process of the last fast_path_begin() */
        Process *process;     /* borrowed, as the next one */
        const CachedView *view;
        ExecVma *vmas;        /* owned */
        size_t n_vmas, allocated_vmas;
        uint32_t *paths;      /* owned; that its verdict depends on; first one for each VMA, PATH_NONE among them */
        size_t n_paths, allocated_paths;
} FastPath;

void fast_path_init(FastPath *fp, SweepContext *ctx);
void fast_path_done(FastPath *fp);

/*
 * Reads the executable VMAs of a process. Returns 1: *ret is what its fork siblings have in common; 0: it has none, or too
 * many; -ENOMEM; -EACCES, -EPERM, -ESRCH, -errno: could not be read. process and view must stay until fast_path_check().
 */
int fast_path_begin(FastPath *fp, Process *process, const CachedView *view, SiblingKey *ret);

/*
 * Returns 1: settled, nothing is stale, *ret says what that depends on, *ret_newest is the latest ctime of its files; 0: not
 * settled; or as fast_path_begin(). *loader is to be ended by loader_done() in any case: it holds what was read of it, for
 * an examination to go on with.
 */
int fast_path_check(FastPath *fp, Loader *loader, int64_t *ret_newest, ProcessResult *ret);
