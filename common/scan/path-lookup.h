/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Looks names up in the mount view of a process, once a sweep: what has the name, whether its
 * content has changed in place, and which directories have to be watched for a change.
 */

#include "scan/sweep-context.h"

/*
 * Looks a name (absolute, in the view) up. mapped: it is the path of a mapping, whose content may be remembered. *ret is
 * its number in the scan's lookups. Returns 0 or -ENOMEM; the error of the lookup is in the Path.
 */
int path_lookup(SweepContext *ctx, const CachedView *view, const char *name, bool mapped, uint32_t *ret);
/* The same for a name that is known: looks it up if this sweep has not yet. */
void path_lookup_refresh(SweepContext *ctx, const CachedView *view, uint32_t path);
