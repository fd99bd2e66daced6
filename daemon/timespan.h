/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Spans of time as systemd.time(7) writes them: "90", "1min 30s", "500ms". Pure. */

#include "util/base.h"

#define USEC_PER_MSEC UINT64_C(1000)
#define USEC_PER_SEC UINT64_C(1000000)
#define USEC_PER_MINUTE (60 * USEC_PER_SEC)

#define TIMESPAN_INFINITY UINT64_MAX

/*
 * Takes what has no unit as seconds, and "infinity". Returns 0, -EINVAL, or -ERANGE
 * for more than 64 bits of µs hold.
 */
int timespan_parse(const char *s, uint64_t *ret_usec);

/* "1min 30s", "500ms", "0"; what is below a millisecond of a long span is left out. `buffer` holds TIMESPAN_TEXT_MAX bytes. */
#define TIMESPAN_TEXT_MAX 64
const char *timespan_format(uint64_t usec, char *buffer);
