/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which units run stale files (not merely replaced ones of the same content), and how many of them. A unit is the system's, or else the user's. */

#include "report/snapshot.h"

/* Distinct units of the stale findings, escaped and sorted; s may be NULL. The caller frees with strv_free(). Returns 0 or -ENOMEM. */
int units_list(const Snapshot *s, char ***ret);

typedef struct UnitCount {
        uint32_t processes, findings;
} UnitCount;

/* For each of such units, in one walk. The caller frees *ret. Returns 0 or -ENOMEM. */
int units_count(const Snapshot *s, char *const *units, UnitCount **ret);
