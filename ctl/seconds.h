/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Numbers and times as a command line writes them, and as people read them. Pure. */

#include <stdint.h>

/* Digits only, at most max. Returns 0 or -EINVAL. */
int number_parse(const char *s, uint64_t max, uint64_t *ret);

/*
 * "30", "0.5", "500ms", "5min", "2h": seconds where no unit stands; "infinity" is
 * UINT64_MAX. In µs. Returns 0 or -EINVAL.
 */
int seconds_parse(const char *s, uint64_t *ret);

/* "8.1 ms", "2.5 s", "3 min": two figures or so. `buffer` holds at least SECONDS_MAX bytes. */
#define SECONDS_MAX 32
const char *seconds_format(uint64_t usec, char *buffer);
