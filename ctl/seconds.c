/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "seconds.h"
#include "util/base.h"

int number_parse(const char *s, uint64_t max, uint64_t *ret) {
        uint64_t n = 0;

        if (*s == '\0')
                return -EINVAL;
        for (; *s; s++)
                if (*s < '0' || *s > '9' || __builtin_mul_overflow(n, 10, &n) ||
                    __builtin_add_overflow(n, (uint64_t) (*s - '0'), &n) || n > max)
                        return -EINVAL;
        *ret = n;
        return 0;
}

static const struct {
        const char *unit;
        uint64_t usec;
} units[] = {
        { "", 1000000 }, { "s", 1000000 }, { "sec", 1000000 }, { "ms", 1000 },
        { "min", 60000000 }, { "m", 60000000 }, { "h", 3600000000 },
};

int seconds_parse(const char *s, uint64_t *ret) {
        size_t n = strspn(s, "0123456789"), fraction_digits = 0;
        uint64_t whole = 0, fraction = 0, scale = 1, usec;
        char digits[24];

        if (streq(s, "infinity")) {
                *ret = UINT64_MAX;
                return 0;
        }
        if (n == 0 || n >= sizeof(digits))
                return -EINVAL;
        memcpy(digits, s, n);
        digits[n] = '\0';
        if (number_parse(digits, UINT64_MAX, &whole) < 0)
                return -EINVAL;
        s += n;
        if (*s == '.')
                for (s++; *s >= '0' && *s <= '9'; s++, fraction_digits++)
                        if (fraction_digits < 6) {
                                fraction = fraction * 10 + (uint64_t) (*s - '0');
                                scale *= 10;
                        }
        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                if (streq(s, units[i].unit)) {
                        if (__builtin_mul_overflow(whole, units[i].usec, &usec) ||
                            __builtin_add_overflow(usec, units[i].usec * fraction / scale, &usec) || usec == UINT64_MAX)
                                return -EINVAL;
                        *ret = usec;
                        return 0;
                }
        return -EINVAL;
}

const char *seconds_format(uint64_t usec, char *buffer) {
        if (usec < 1000000)
                snprintf(buffer, SECONDS_MAX, "%.*f ms", usec < 100000, (double) usec / 1000);
        else if (usec < 120 * (uint64_t) 1000000)
                snprintf(buffer, SECONDS_MAX, "%.*f s", usec < 10000000, (double) usec / 1000000);
        else if (usec < 7200 * (uint64_t) 1000000)
                snprintf(buffer, SECONDS_MAX, "%" PRIu64 " min", usec / 60000000);
        else if (usec < 172800 * (uint64_t) 1000000)
                snprintf(buffer, SECONDS_MAX, "%" PRIu64 " h", usec / 3600000000);
        else
                snprintf(buffer, SECONDS_MAX, "%" PRIu64 " days", usec / 86400000000);
        return buffer;
}
