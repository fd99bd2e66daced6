/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "timespan.h"

#define BLANK " \t"

static const struct {
        const char *names; /* each followed by a space */
        uint64_t usec;
} units[] = {
        { "w week weeks ", 7 * 24 * 60 * USEC_PER_MINUTE },
        { "d day days ", 24 * 60 * USEC_PER_MINUTE },
        { "h hr hour hours ", 60 * USEC_PER_MINUTE },
        { "m min minute minutes ", USEC_PER_MINUTE },
        { "s sec second seconds ", USEC_PER_SEC },
        { "ms msec ", USEC_PER_MSEC },
        { "us usec \xc2\xb5s \xce\xbcs ", 1 },
};

/* The unit that the next n bytes name; 0: none of the table. No name: seconds. */
static uint64_t unit_find(const char *name, size_t n) {
        if (n == 0)
                return USEC_PER_SEC;

        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                for (const char *p = units[i].names; *p; p += strcspn(p, " ") + 1)
                        if (strcspn(p, " ") == n && memcmp(p, name, n) == 0)
                                return units[i].usec;
        return 0;
}

/* Digits and at most six more behind a point, as µs of a second of `unit`. */
static int number_parse(const char **s, uint64_t *ret_whole, uint64_t *ret_millionths) {
        uint64_t whole = 0, millionths = 0, scale = 100000;
        const char *p = *s;

        if (*p < '0' || *p > '9')
                return -EINVAL;
        for (; *p >= '0' && *p <= '9'; p++)
                if (__builtin_mul_overflow(whole, 10, &whole) ||
                    __builtin_add_overflow(whole, (uint64_t) (*p - '0'), &whole))
                        return -ERANGE;
        if (*p == '.') {
                p++;
                if (*p < '0' || *p > '9')
                        return -EINVAL;
                for (; *p >= '0' && *p <= '9'; p++, scale /= 10)
                        millionths += scale * (uint64_t) (*p - '0');
        }
        *s = p;
        *ret_whole = whole;
        *ret_millionths = millionths;
        return 0;
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

                r = number_parse(&s, &whole, &millionths);
                if (r < 0)
                        return r;

                s += strspn(s, BLANK);
                n = strcspn(s, BLANK "0123456789");
                unit = unit_find(s, n);
                if (unit == 0)
                        return -EINVAL;

                s += n;
                s += strspn(s, BLANK);
                /* A week is below 2^40 µs, so that the product of the fraction fits. */
                if (__builtin_mul_overflow(whole, unit, &part) ||
                    __builtin_add_overflow(part, unit / 1000 * millionths / 1000 + unit % 1000 * millionths / 1000000, &part) ||
                    __builtin_add_overflow(sum, part, &sum) || sum == TIMESPAN_INFINITY)
                        return -ERANGE;
        }
        *ret_usec = sum;
        return 0;
}

const char *timespan_format(uint64_t usec, char *buffer) {
        static const struct {
                const char *name;
                uint64_t usec;
        } parts[] = {
                { "d", 24 * 60 * USEC_PER_MINUTE },
                { "h", 60 * USEC_PER_MINUTE },
                { "min", USEC_PER_MINUTE },
                { "s", USEC_PER_SEC },
                { "ms", USEC_PER_MSEC },
                { "us", 1 },
        };
        bool is_long = usec >= USEC_PER_SEC;
        size_t n = 0;

        if (usec == TIMESPAN_INFINITY)
                return strcpy(buffer, "infinity");

        for (size_t i = 0; i < ELEMENTSOF(parts) - (is_long ? 1 : 0); i++) {
                uint64_t k = usec / parts[i].usec;

                if (k == 0)
                        continue;
                n += (size_t) snprintf(buffer + n, TIMESPAN_TEXT_MAX - n, "%s%llu%s", n > 0 ? " " : "",
                                       (unsigned long long) k, parts[i].name);
                usec %= parts[i].usec;
        }
        if (n == 0)
                strcpy(buffer, "0");
        return buffer;
}
