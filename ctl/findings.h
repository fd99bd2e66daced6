/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Findings as a table for people, and as a report for programs. */

#include "options.h"
#include "snapshot.h"

typedef enum Grouping {
        GROUPING_NONE, /* in order of pids */
        GROUPING_UNIT, /* by unit, each with what ends it */
} Grouping;

/* The report as --json= says, or a table and sums. Returns 0 or -ENOMEM. */
int findings_show(const Options *o, const Snapshot *s, Grouping grouping);

/* Do --pid= and --unit= ask for it? Without either, they ask for all. */
bool findings_wanted(const Options *o, const Finding *f);

/* Drops the findings that --pid= and --unit= do not ask for, and freezes the rest. */
void findings_filter(const Options *o, Snapshot *s);

/* What one would call the process's place: its unit, user unit, container. Escaped; the caller frees. NULL: no memory. */
char *findings_place(const Finding *f);

/* Its process: "nginx (3391245)". Escaped; the caller frees. NULL: no memory. */
char *findings_process(const Finding *f);
