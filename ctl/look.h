/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One sweep in this very process, with the caller's own rights. */

#include "options.h"
#include "selection.h"
#include "sweep.h"

/*
 * Sweeps what is selected, and shows how far it is on a terminal when that takes
 * long. once: it is the last of the scan. previous: see SweepOptions. Returns 0,
 * -ENOMEM, -errno.
 */
int look(Scan *scan, const Options *o, const Selection *selection, bool once, const Snapshot *previous, Snapshot **ret);

/*
 * Was anything read at all? Else says what could not be, and what to do, and returns
 * STATUS_UNREADABLE; otherwise 0.
 */
int look_verdict(const Selection *selection, const Snapshot *s);
