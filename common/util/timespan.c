/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "util/number.h"
#include "util/timespan.h"

#define BLANK " \t"

static const struct {
        const char *names; /* each followed by a space */
        uint64_t usec;
} units[] = {
        { "y year years ", UINT64_C(31557600) * USEC_PER_SEC }, /* 365.25 days */
        { "M month months ", UINT64_C(2629800) * USEC_PER_SEC }, /* a twelfth of a year */
        { "w week weeks ", 7 * USEC_PER_DAY },
        { "d day days ", USEC_PER_DAY },
        { "h hr hour hours ", USEC_PER_HOUR },
        { "m min minute minutes ", USEC_PER_MINUTE },
        { "s sec second seconds ", USEC_PER_SEC },
        { "ms msec ", USEC_PER_MSEC },
        { "us usec \xc2\xb5s \xce\xbcs ", 1 },
};

/* The unit with this name of n bytes, 0 if there is none. No name: seconds. */
static uint64_t unit_find(const char *name, size_t n) {
        if (n == 0)
                return USEC_PER_SEC;

        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                for (const char *p = units[i].names; *p; p += strcspn(p, " ") + 1)
                        if (strcspn(p, " ") == n && memcmp(p, name, n) == 0)
                                return units[i].usec;
        return 0;
}

/* Reads the digits behind a decimal point, if there is one. Those after the sixth are below 1 µs. */
static uint64_t millionths_read(const char **s) {
        uint64_t millionths = 0, scale = 100000;

        if (**s != '.')
                return 0;
        for ((*s)++; **s >= '0' && **s <= '9'; (*s)++, scale /= 10)
                millionths += scale * (uint64_t) (**s - '0');
        return millionths;
}

int timespan_parse(const char *s, uint64_t *ret_usec) {
        uint64_t sum = 0;

        s += strspn(s, BLANK);
        if (strncmp(s, "infinity", 8) == 0 && s[8 + strspn(s + 8, BLANK)] == '\0') {
                *ret_usec = TIMESPAN_INFINITY;
                return 0;
        }
        if (*s == '\0')
                return -EINVAL;

        while (*s) {
                uint64_t whole, millionths, unit, part;
                size_t n;
                int r;

                r = number_read(&s, &whole);
                if (r < 0)
                        return r;
                millionths = millionths_read(&s);

                s += strspn(s, BLANK);
                n = strcspn(s, BLANK "0123456789");
                unit = unit_find(s, n);
                if (unit == 0)
                        return -EINVAL;

                s += n;
                s += strspn(s, BLANK);
                /* A year is below 2^45 µs: the products below fit into 64 bits. */
                if (__builtin_mul_overflow(whole, unit, &part) ||
                    __builtin_add_overflow(part, unit / 1000 * millionths / 1000 + unit % 1000 * millionths / 1000000, &part) ||
                    __builtin_add_overflow(sum, part, &sum) || sum == TIMESPAN_INFINITY)
                        return -ERANGE;
        }
        *ret_usec = sum;
        return 0;
}

const char *timespan_format(uint64_t usec, char *buffer) {
        if (usec < USEC_PER_SEC)
                snprintf(buffer, TIMESPAN_TEXT_MAX, "%.*f ms", usec < 100 * USEC_PER_MSEC, (double) usec / USEC_PER_MSEC);
        else if (usec < 2 * USEC_PER_MINUTE)
                snprintf(buffer, TIMESPAN_TEXT_MAX, "%.*f s", usec < 10 * USEC_PER_SEC, (double) usec / USEC_PER_SEC);
        else if (usec < 2 * USEC_PER_HOUR)
                snprintf(buffer, TIMESPAN_TEXT_MAX, "%" PRIu64 " min", usec / USEC_PER_MINUTE);
        else if (usec < 2 * USEC_PER_DAY)
                snprintf(buffer, TIMESPAN_TEXT_MAX, "%" PRIu64 " h", usec / USEC_PER_HOUR);
        else
                snprintf(buffer, TIMESPAN_TEXT_MAX, "%" PRIu64 " days", usec / USEC_PER_DAY);
        return buffer;
}
