/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "schedule.h"

/* Between the end of one sweep and the start of the next, requested or not. */
#define GAP_USEC 5000
/* Long sweeps must not defer requests by more than this × SCHEDULE_SHARE. */
#define DEBT_MAX_USEC 500000
#define RETRY_USEC 100000
#define RETRY_MAX_USEC 30000000

static uint64_t add(uint64_t a, uint64_t b) {
        uint64_t sum;

        return __builtin_add_overflow(a, b, &sum) ? SCHEDULE_NEVER : sum;
}

static uint64_t max(uint64_t a, uint64_t b) {
        return a > b ? a : b;
}

static uint64_t min(uint64_t a, uint64_t b) {
        return a < b ? a : b;
}

void schedule_init(Schedule *s, uint64_t interval, uint64_t now) {
        *s = (Schedule){
                .interval = interval,
                .regular = now,
                .due = SCHEDULE_NEVER,
                .refilled = now,
                .budget = SCHEDULE_BURST_USEC,
        };
}

void schedule_set_interval(Schedule *s, uint64_t interval, uint64_t now) {
        s->interval = interval;
        s->regular = add(now, interval);
}

void schedule_request(Schedule *s, uint64_t when) {
        s->due = min(s->due, when);
}

uint64_t schedule_next(const Schedule *s) {
        uint64_t due = s->due;

        if (s->running)
                return SCHEDULE_NEVER;
        if (due != SCHEDULE_NEVER && s->budget < 0)
                due = max(due, add(s->refilled, (uint64_t) -s->budget * SCHEDULE_SHARE));
        due = min(due, s->regular);
        return due == SCHEDULE_NEVER ? due : max(due, s->retry);
}

static void schedule_refill(Schedule *s, uint64_t now) {
        uint64_t earned = (now - s->refilled) / SCHEDULE_SHARE;

        if (earned >= SCHEDULE_BURST_USEC)
                s->budget = SCHEDULE_BURST_USEC;
        else
                s->budget += (int64_t) earned;
        if (s->budget > (int64_t) SCHEDULE_BURST_USEC)
                s->budget = SCHEDULE_BURST_USEC;
        s->refilled = now;
}

void schedule_started(Schedule *s, uint64_t now) {
        schedule_refill(s, now);
        s->running = true;
        s->requested = now < s->regular;
        s->started = now;
        s->due = SCHEDULE_NEVER;
        s->regular = add(now, s->interval);
}

void schedule_ended(Schedule *s, uint64_t now) {
        schedule_refill(s, now);
        if (s->requested)
                s->budget -= (int64_t) min(now - s->started, INT32_MAX);
        if (s->budget < -DEBT_MAX_USEC)
                s->budget = -DEBT_MAX_USEC;
        s->running = false;
        s->failures = 0;
        s->retry = add(now, GAP_USEC);
}

void schedule_failed(Schedule *s, bool cause_skipped, uint64_t now) {
        uint64_t wait = RETRY_USEC;

        if (cause_skipped)
                s->failures = 0;

        for (unsigned i = 0; i < s->failures && wait < RETRY_MAX_USEC; i++)
                wait *= 2;
        s->failures++;
        s->running = false;
        s->retry = add(now, min(wait, RETRY_MAX_USEC));
        s->due = now;
}
