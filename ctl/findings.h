/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Findings as a table for people, and as a report for programs. */

#include "inventory.h"
#include "options.h"

typedef enum Grouping {
        GROUPING_NONE, /* in order of pids */
        GROUPING_UNIT, /* by unit, each with what ends it */
} Grouping;

/*
 * The report as --json= says, with all findings; or a table and sums, without findings of
 * urgency none unless --all wants them. With --unknown, a table of what could not be judged.
 * Returns 0 or -ENOMEM.
 */
int findings_show(const Options *o, const Inventory *a, Grouping grouping);

/* The lines that say of what the sums above them do not speak: what could not be read or judged, or is not listed. Returns 0 or -ENOMEM. */
int findings_show_limits(const Options *o, const Inventory *a);

/* Do --pid= and --unit= ask for it? Without either, they ask for all. */
bool findings_wanted(const Options *o, const Finding *f);

/* What one would call the process's place: its unit, user unit, container. Escaped; the caller frees. NULL: no memory. */
char *findings_place(const Finding *f);

/* Its process: "nginx (3391245)". Escaped; the caller frees. NULL: no memory. */
char *findings_process(const Finding *f);
