/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A look at a process can hang: one that holds the lock of its own memory keeps whoever
 * reads it for as long as it likes, and only the end of the reader ends that. So the
 * looking is done by a child, which is given up when it stands still, and done again by
 * another one, without what the first one stood at: that is counted as not readable.
 */

#include "sweep/sweep.h"
#include "verbs.h"

/* Runs the command in a child. Returns its exit status. Where there can be no child, runs it here. */
int guard_run(Verb verb, const Options *o, char *arguments[]);

/* In the child: makes a sweep tell where it is, and leave out what others hung at. */
void guard_options(SweepOptions *options);

/* True the first time that it is asked, by this child or one before it: what is said once is not said again by the next. */
bool guard_first(void);

/* Is the process left out, since a child hung at it? */
bool guard_has_left_out(pid_t pid);
