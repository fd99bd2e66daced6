/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The clocks, in µs. */

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_usec(clockid_t clock) {
        struct timespec ts;

        clock_gettime(clock, &ts);
        return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

static inline uint64_t clock_now(void) {
        return clock_usec(CLOCK_MONOTONIC);
}

/* now + delay, or for ever. */
static inline uint64_t clock_after(uint64_t delay) {
        uint64_t end;

        return __builtin_add_overflow(clock_now(), delay, &end) ? UINT64_MAX : end;
}

static inline void clock_pause(uint64_t usec) {
        struct timespec ts = { .tv_sec = (time_t) (usec / 1000000), .tv_nsec = (long) (usec % 1000000 * 1000) };

        nanosleep(&ts, NULL);
}
