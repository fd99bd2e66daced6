/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What of the machine cannot be looked at just now, and why. Pure. */

#include <stddef.h>

#include "util/base.h"

typedef struct Health {
        const char *scanner;  /* what is wrong with it, a clause; NULL: nothing */
        uint32_t missing;     /* of what judging needs: mask of Requirement (requirements.h) */
        size_t processes, devices; /* left out since a scanner did not come back from them */
        size_t owners;        /* left out with all of their processes */
        uint64_t owner;       /* one of them, see process-owner.h */
        uint64_t owners_processes; /* that were left out for that, in the last sweep */
        uint64_t unreadable;  /* processes, in two sweeps or more */
        uint64_t findings, unlisted; /* all that there are, and those of them that a list has no space for */
} Health;

typedef enum HealthProblem {
        PROBLEM_SCANNER = 1 << 0,
        PROBLEM_SKIPPED = 1 << 1,
        PROBLEM_UNREADABLE = 1 << 2,
        PROBLEM_UNLISTED = 1 << 3,
        PROBLEM_OWNERS = 1 << 4,
        PROBLEM_MISSING = 1 << 5,
} HealthProblem;

/* Mask of HealthProblem; 0: all is well. */
uint32_t health_problems(const Health *h);

/* One sentence for each trouble; "" where all is well. The caller frees. NULL: no memory. */
char *health_describe(const Health *h);
