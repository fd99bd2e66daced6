/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Answers on standard output: JSON, and tables as wide as the terminal. */

#include "json.h"
#include "options.h"
#include "table.h"

static inline void table_freep(Table **t) {
        table_free(*t);
}
#define _cleanup_table_ _cleanup_(table_freep)

/* Writes one line to standard error and returns `result`. */
int print_error(int result, const char *format, ...) _printf_(2, 3);

/* For errors that have no better words, as -ENOMEM: says strerror() and returns STATUS_UNKNOWN. */
int print_errno(int r, const char *what);

/* How --json= wants it: flags of json-c. */
int output_json_flags(const Options *o);
/* As --json= says; not to be called with JSON_OFF, and silent with --quiet. */
void output_json(const Options *o, json_object *object);

/* Returns 0 or -ENOMEM. */
int output_table(const Options *o, const Table *t, unsigned indent);

/* Where to break sentences: the terminal, but no more than a column that can be read. */
size_t output_text_width(const Options *o);

/* Is a passing line for people wanted? It goes to standard error: "\r", the text, "\x1b[K"; and away with the second. */
bool output_wants_status(const Options *o);
void output_clear_status(void);

/* "…" where the terminal can show it. */
const char *output_ellipsis(const Options *o);

/* Writes out what is left of the output, and ends the pager. Returns the status, or that of an error in this. */
int output_finish(int status);

/* "1 process", "2 processes". */
#define PLURAL(n) ((n) == 1 ? "" : "s")
#define PLURAL_ES(n) ((n) == 1 ? "" : "es")
