/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Findings counted by urgency: what exit statuses, sums and a plugin's thresholds are about. Pure. */

#include <stddef.h>

#include "snapshot.h"

typedef struct Tally {
        size_t findings;         /* of urgency normal or urgent, and of these: */
        size_t processes;        /* distinct processes */
        size_t files;            /* distinct mapped files */
        size_t urgent_processes; /* with an urgent finding */

        size_t same_findings;    /* of urgency none */
        size_t same_processes;   /* none of whose findings has another urgency */
} Tally;

/* s: frozen. Returns 0 or -ENOMEM. */
int tally_read(const Snapshot *s, Tally *ret);
