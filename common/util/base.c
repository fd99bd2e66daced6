/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>
#include <stdio.h>

#include "util/base.h"

char *strdup_format(const char *text, ...) {
        char *s = NULL;
        va_list ap;

        va_start(ap, text);
        if (vasprintf(&s, text, ap) < 0)
                s = NULL;
        va_end(ap);
        return s;
}
