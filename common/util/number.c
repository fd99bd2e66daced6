/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/base.h"
#include "util/number.h"

int number_read(const char **s, uint64_t *ret) {
        const char *p = *s;
        uint64_t n = 0;

        if (*p < '0' || *p > '9')
                return -EINVAL;
        for (; *p >= '0' && *p <= '9'; p++)
                if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t) (*p - '0'), &n))
                        return -ERANGE;
        *s = p;
        *ret = n;
        return 0;
}

int number_parse(const char *s, uint64_t max, uint64_t *ret) {
        uint64_t n;

        if (number_read(&s, &n) < 0 || *s != '\0' || n > max)
                return -EINVAL;
        *ret = n;
        return 0;
}
