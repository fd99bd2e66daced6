/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "log.h"

bool log_is_journal(void) {
        return getenv("JOURNAL_STREAM") != NULL;
}

static void log_write(int priority, const char *suffix, const char *format, va_list ap) _printf_(3, 0);

/* One write() for the line, so that lines of two programs on one stream do not mix. */
static void log_write(int priority, const char *suffix, const char *format, va_list ap) {
        char line[2048];
        size_t n = 0;
        int k;

        if (log_is_journal())
                n = (size_t) snprintf(line, sizeof(line), "<%d>", priority);
        else
                n = (size_t) snprintf(line, sizeof(line), "%s: ", program_invocation_short_name);
        k = vsnprintf(line + n, sizeof(line) - n, format, ap);
        if (k > 0)
                n = n + (size_t) k < sizeof(line) ? n + (size_t) k : sizeof(line) - 1;
        if (suffix) {
                k = snprintf(line + n, sizeof(line) - n, ": %s", suffix);
                if (k > 0)
                        n = n + (size_t) k < sizeof(line) ? n + (size_t) k : sizeof(line) - 1;
        }
        line[n < sizeof(line) - 1 ? n : sizeof(line) - 2] = '\n';
        n = n < sizeof(line) - 1 ? n + 1 : sizeof(line) - 1;
        if (write(STDERR_FILENO, line, n) < 0)
                return; /* there is no other place to log it */
}

void log_line(int priority, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        log_write(priority, /* suffix= */ NULL, format, ap);
        va_end(ap);
}

int log_errno(int priority, int error, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        log_write(priority, strerror(abs(error)), format, ap);
        va_end(ap);
        return -abs(error);
}
