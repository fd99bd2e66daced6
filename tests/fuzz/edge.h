/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* For the targets that look at what is shown: nothing of it may deceive a terminal or a reader. */

#include <string.h>

#include "fuzz.h"
#include "util/base.h"
#include "util/escape.h"
#include "command.h"

/* One line, or a value: escaping it once more would change nothing but backslashes. */
static inline void check_line(const char *s, size_t n) {
        _cleanup_free_ char *again = escape_bytes(s, n);
        size_t backslashes = 0;

        FUZZ_CHECK(again);
        for (size_t i = 0; i < n; i++)
                backslashes += s[i] == '\\';
        FUZZ_CHECK(strlen(again) == n + backslashes);
}

static inline void check_lines(const char *s) {
        while (*s) {
                size_t n = strcspn(s, "\n");

                check_line(s, n);
                s += n;
                s += *s == '\n';
        }
}

/* What is printed between the two is checked, and kept from the real standard output. */
typedef struct Capture {
        FILE *before;
        char *text;
        size_t size;
} Capture;

static inline void capture_begin(Capture *c) {
        FILE *m = open_memstream(&c->text, &c->size);

        FUZZ_CHECK(m);
        c->before = stdout;
        stdout = m; /* glibc: a variable like any other, see stdout(3) */
}

static inline void capture_end(Capture *c) {
        FUZZ_CHECK(fclose(stdout) == 0);
        stdout = c->before;
        FUZZ_CHECK(strlen(c->text) == c->size);
        check_lines(c->text);
        free(c->text);
}
