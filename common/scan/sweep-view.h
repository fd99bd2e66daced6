/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Mount views of processes, opened once a sweep: of the process that is examined, and of other
 * processes where its own view does not show a file.
 */

#include "scan/sweep-context.h"

/* The view of a process, opened. Returns 0, -ENOMEM, -ESRCH, -EACCES, -errno. */
int sweep_view_open(SweepContext *ctx, const Process *p, CachedView **ret);
/*
 * A view of this namespace from its own root, through any process that has it, examined in this sweep or not; NULL: all of
 * its processes have left that root, or may not be read.
 */
CachedView *sweep_view_whole(SweepContext *ctx, uint64_t namespace);
/* Opens a view of each namespace with a process, once a sweep. Returns whether it has been done now. */
bool sweep_view_open_namespaces(SweepContext *ctx);
/*
 * The view, of any namespace with a process, which lists this mount and in which `name` (of maps) has a path; not `except`.
 * NULL: none; *ret_all says whether all namespaces were searched.
 */
CachedView *sweep_view_with_mount(SweepContext *ctx, uint64_t mount_id, const char *name, const CachedView *except, bool *ret_all);
