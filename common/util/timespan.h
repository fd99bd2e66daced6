/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Time spans in the notation of systemd.time(7), in µs. Pure. */

#include "util/base.h"

#define USEC_PER_MSEC UINT64_C(1000)
#define USEC_PER_SEC UINT64_C(1000000)
#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MINUTE)
#define USEC_PER_DAY (24 * USEC_PER_HOUR)

#define TIMESPAN_INFINITY UINT64_MAX

/*
 * Parses "90", "1min 30s", "0.5h" and "infinity"; a number without a unit is in seconds.
 * Returns 0, -EINVAL, or -ERANGE for more than 64 bits of µs hold.
 */
int timespan_parse(const char *s, uint64_t *ret_usec);

/*
 * Rounds to one unit and two significant figures or more: "8.1 ms", "2.5 s", "3 min".
 * `buffer` holds TIMESPAN_TEXT_MAX bytes, and is returned.
 */
#define TIMESPAN_TEXT_MAX 32
const char *timespan_format(uint64_t usec, char *buffer);
