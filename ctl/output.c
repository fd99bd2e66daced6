/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "command.h"
#include "output.h"
#include "pager.h"
#include "util/base.h"

int print_error(int result, const char *format, ...) {
        va_list ap;

        fputs("stalelibctl: ", stderr);
        va_start(ap, format);
        vfprintf(stderr, format, ap);
        va_end(ap);
        fputc('\n', stderr);
        return result;
}

int print_errno(int r, const char *what) {
        return print_error(STATUS_UNKNOWN, "%s: %s", what, strerror(-r));
}

int output_json_flags(const Options *o) {
        return JSON_C_TO_STRING_NOSLASHESCAPE |
               (o->json == JSON_PRETTY ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED : JSON_C_TO_STRING_PLAIN);
}

void output_json(const Options *o, json_object *object) {
        if (!o->quiet)
                puts(json_object_to_json_string_ext(object, output_json_flags(o)));
}

bool output_wants_status(const Options *o) {
        return !o->quiet && isatty(STDERR_FILENO);
}

void output_clear_status(void) {
        fputs("\r\x1b[K", stderr);
}

const char *output_ellipsis(const Options *o) {
        return o->utf8 ? "\xe2\x80\xa6" : "...";
}

int output_table(const Options *o, const Table *t, unsigned indent) {
        TableFormat format = {
                .width = o->width,
                .indent = indent,
                .legend = !o->no_legend,
                .colour = o->colour,
                .ellipsis = output_ellipsis(o),
        };
        _cleanup_free_ char *text = table_format(t, &format);

        if (!text)
                return -ENOMEM;
        fputs(text, stdout);
        return 0;
}

size_t output_text_width(const Options *o) {
        return o->width == 0 || o->width > 100 ? 100 : o->width < 40 ? 40 : o->width;
}

/* What could not be written is an error as well; a reader that has seen enough is none. */
int output_finish(int status) {
        int r = fflush(stdout) == 0 && !ferror(stdout) ? 0 : -errno;

        pager_close();
        return r < 0 && r != -EPIPE ? print_errno(r, "Cannot write to standard output") : status;
}
