/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * When to sweep: at the interval, on request, and within a budget. Pure: the clock is an argument, in µs of CLOCK_BOOTTIME, so
 * that neither a clock that is set nor a suspended machine makes a difference.
 *
 * Requested sweeps (a changed directory, a bus method) may take 1/SCHEDULE_SHARE of the time
 * in the long run, and SCHEDULE_BURST at once; regular sweeps do not count.
 */

#include "util/base.h"

#define SCHEDULE_SHARE 10
#define SCHEDULE_BURST_USEC UINT64_C(2000000)
#define SCHEDULE_NEVER UINT64_MAX

typedef struct Schedule {
        uint64_t interval;   /* SCHEDULE_NEVER: no regular sweeps */
        uint64_t regular;    /* when the next regular one is due */
        uint64_t due;        /* of the earliest request; SCHEDULE_NEVER: none */
        uint64_t refilled;   /* when `budget` was right */
        int64_t budget;      /* µs that requested sweeps may still take */
        uint64_t retry;      /* not before this: the scanner failed */
        unsigned failures;   /* in a row */
        uint64_t started;
        bool running, requested; /* it started before it was due regularly */
} Schedule;

/* The first sweep is due at once. */
void schedule_init(Schedule *s, uint64_t interval, uint64_t now);
void schedule_set_interval(Schedule *s, uint64_t interval, uint64_t now);

/* Requests a sweep that starts at `when` or soon after. Requests are merged. */
void schedule_request(Schedule *s, uint64_t when);

/* When to start the next sweep; SCHEDULE_NEVER while one is running. */
uint64_t schedule_next(const Schedule *s);

void schedule_started(Schedule *s, uint64_t now);
void schedule_ended(Schedule *s, uint64_t now);
/*
 * As schedule_ended(), but the next is delayed: longer with each failure in a row, unless the
 * cause of this one is skipped from now on. Also where none was running.
 */
void schedule_failed(Schedule *s, bool cause_skipped, uint64_t now);
