/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The fast path for a process that has most likely nothing stale, at a small part of what
 * an examination costs. It settles a process only if every executable VMA is of the
 * file that its path still leads to, older than the process; and if every name that the
 * loader went by leads to the file that it has loaded. Then an examination finds nothing
 * either: what has no executable VMA counts only if the loader lists it, and such a name
 * is not settled here. Whatever does not fit so is left to sibling-cache.h or to examine.h.
 */

#include "rtld/loader.h"
#include "scan/scan.h"

/*
 * Returns 1: settled, nothing is stale, *ret tells what that hangs on; 0: not settled; -ENOMEM; -EACCES, -EPERM, -ESRCH,
 * -errno: could not be read. *loader is to be ended by loader_done() in any case: it holds what was read of it for an
 * examination to go on with. scan->fast_path.key is of the process with 1 and 0, unless its n_ranges is 0.
 */
int fast_path_check(Scan *scan, const SweepOptions *options, Process *process, const CachedView *view, Loader *loader,
                    ProcessResult *ret);

/* What was seen of files holds within one sweep alone. */
void fast_path_done(FastPath *fp);
