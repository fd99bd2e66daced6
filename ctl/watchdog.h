/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A look at a process can hang: one that holds the lock of its own memory keeps whoever
 * reads it for as long as it likes, and only the end of the reader ends that. So the
 * looking is done by a child, which is given up when it stands still, and done again by
 * another one, without what the first one stood at: that is counted as not readable.
 */

#include "command.h"
#include "sweep/sweep.h"

/* Runs the command in a child. Returns its exit status. Where there can be no child, runs it here. */
int watchdog_run(Command command, const Options *o);

/* In the child: makes a sweep tell where it is, and leave out what others hung at. */
void watchdog_set_options(SweepOptions *options);

/* True the first time that it is asked, by this child or one before it: what is said once is not said again by the next. */
bool watchdog_first(void);

/* Is the process left out, since a child hung at it? */
bool watchdog_has_skipped(pid_t pid);
