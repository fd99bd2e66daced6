/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A first look at a process that has most likely nothing stale, at a small part of what
 * an examination costs. It settles a process only if every executable mapping is of the
 * file that its path still leads to, older than the process; and if every name that the
 * loader went by leads to the file that it has loaded. Whatever does not fit so is left
 * to twin.h, which knows its like, or to examine.h, which begins anew.
 *
 * What it does not look at: files that are mapped without an executable range and that
 * the loader does not list, as a debugger maps them. An examination does, and each
 * process is examined within an hour in any case.
 */

#include "loader.h"
#include "scan.h"

/*
 * static_pages: of a process that was never looked at before, record_static_pages(); then a look may be as short as
 * twin_guess() makes it. UINT64_MAX: it may not. Returns 1: settled, nothing is stale, *ret tells what that hangs on; 0:
 * not settled; -ENOMEM; -EACCES, -EPERM, -ESRCH, -errno: could not be read. *loader is to be ended by loader_done() in
 * any case: it holds what was read of it for an examination to go on with. scan->glance.key is of the process with 1 and
 * 0, unless its n_ranges is 0.
 */
int glance_at(Scan *scan, const SweepOptions *options, Process *process, const KnownView *view, uint64_t static_pages,
              Loader *loader, Sight *ret);

/*
 * Looks at the executable ranges alone, all of them. Returns 1: scan->glance.key is of them; 0: there are none, or too
 * many; -ENOMEM, -ESRCH, -errno.
 */
int glance_at_ranges(Scan *scan, const SweepOptions *options, Process *p, const KnownView *view);

/* What was seen of files holds within one sweep alone. */
void glance_done(Glance *g);
