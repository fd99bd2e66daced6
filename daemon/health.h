/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What of the machine cannot be examined at present, and why. Pure. */

#include <stddef.h>

#include "util/base.h"

typedef struct Health {
        const char *scanner;  /* why it failed, a clause; NULL: it did not */
        uint32_t missing;     /* of what judging needs: mask of Requirement (requirements.h) */
        size_t processes, devices; /* skipped since a scanner hung or died on them */
        size_t owners;        /* whose processes are all skipped */
        uint64_t owner;       /* one of them, see process-owner.h */
        uint64_t owners_processes; /* skipped for that in the last sweep */
        uint64_t unreadable;  /* processes, in two sweeps or more */
        uint64_t findings, unlisted; /* all, and those of them that are not listed */
} Health;

typedef enum HealthProblem {
        PROBLEM_SCANNER = 1 << 0,
        PROBLEM_SKIPPED = 1 << 1,
        PROBLEM_UNREADABLE = 1 << 2,
        PROBLEM_UNLISTED = 1 << 3,
        PROBLEM_OWNERS = 1 << 4,
        PROBLEM_MISSING = 1 << 5,
} HealthProblem;

/* Mask of HealthProblem; 0: none. */
uint32_t health_problems(const Health *h);

/* One sentence for each problem; "" for none. The caller frees. NULL: no memory. */
char *health_describe(const Health *h);
