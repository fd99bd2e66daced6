/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Rows in columns that fit the terminal: pure, a table in and text out. Cells are
 * text that is safe to show (see text.h).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum Style {
        STYLE_PLAIN,
        STYLE_BOLD,
        STYLE_DIM,
        STYLE_GREEN,
        STYLE_YELLOW,
        STYLE_RED,
        STYLE_MAX,
} Style;

/* The escape sequence that begins a style, and "" where colour is false. */
const char *style_begin(Style style, bool colour);
const char *style_end(Style style, bool colour);

typedef struct Column {
        const char *title;
        bool right;      /* numbers */
        uint8_t minimum; /* may be cut down to so many columns where the terminal is narrow, and where it is very
                            narrow to half of them; 0: never cut */
        bool front;      /* cut at its front */
        bool spared;     /* cut only where all others are at their minimum */
} Column;

typedef struct Table Table;

/* The columns are borrowed, at most TABLE_COLUMNS_MAX. NULL: no memory. */
#define TABLE_COLUMNS_MAX 12
Table *table_new(const Column *columns, size_t n);
Table *table_free(Table *t);

/* Adds a row; the text is copied. styles: one a cell, or NULL. Returns 0 or -ENOMEM. */
int table_add(Table *t, const char *const *cells, const Style *styles);
/* Adds a line over all columns, as a heading of the rows that follow. Returns 0 or -ENOMEM. */
int table_add_heading(Table *t, const char *text);

typedef struct TableFormat {
        unsigned width;  /* of the terminal; 0: no end */
        unsigned indent; /* of rows, where there are headings */
        bool legend;     /* the line of titles */
        bool colour;
        const char *ellipsis;
} TableFormat;

/* All of it as text. NULL: no memory. The caller frees. */
char *table_format(const Table *t, const TableFormat *format);
