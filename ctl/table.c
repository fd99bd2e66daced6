/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "table.h"
#include "text-wrap.h"
#include "util/base.h"

typedef struct Row {
        char *heading; /* owned; set: a line over all columns */
        char *cells[TABLE_COLUMNS_MAX];
        Style styles[TABLE_COLUMNS_MAX];
} Row;

struct Table {
        const Column *columns;
        size_t n_columns;
        Row *rows;
        size_t n_rows, allocated_rows;
};

static const char *const style_table[] = { "", "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[33m", "\x1b[1;31m" };
_Static_assert(ELEMENTSOF(style_table) == STYLE_MAX, "style");

const char *style_begin(Style style, bool colour) {
        return colour ? style_table[style] : "";
}

const char *style_end(Style style, bool colour) {
        return colour && style != STYLE_PLAIN ? "\x1b[0m" : "";
}

Table *table_new(const Column *columns, size_t n) {
        Table *t = calloc(1, sizeof(*t));

        if (!t)
                return NULL;
        t->columns = columns;
        t->n_columns = n;
        return t;
}

static void row_done(Row *r) {
        free(r->heading);
        for (size_t i = 0; i < TABLE_COLUMNS_MAX; i++)
                free(r->cells[i]);
}

Table *table_free(Table *t) {
        if (!t)
                return NULL;
        for (size_t i = 0; i < t->n_rows; i++)
                row_done(&t->rows[i]);
        free(t->rows);
        free(t);
        return NULL;
}

int table_add(Table *t, const char *const *cells, const Style *styles) {
        Row row = {};

        if (!GROW(t->rows, t->allocated_rows, t->n_rows + 1))
                return -ENOMEM;
        for (size_t i = 0; i < t->n_columns; i++) {
                row.cells[i] = strdup(cells[i]);
                if (!row.cells[i]) {
                        row_done(&row);
                        return -ENOMEM;
                }
                row.styles[i] = styles ? styles[i] : STYLE_PLAIN;
        }
        t->rows[t->n_rows++] = row;
        return 0;
}

int table_add_heading(Table *t, const char *text) {
        Row row = {};

        if (!GROW(t->rows, t->allocated_rows, t->n_rows + 1))
                return -ENOMEM;
        row.heading = strdup(text);
        if (!row.heading)
                return -ENOMEM;
        t->rows[t->n_rows++] = row;
        return 0;
}

/* What each column would take if there were room. */
static size_t measure(const Table *t, bool legend, size_t *widths) {
        size_t sum = 0;

        for (size_t c = 0; c < t->n_columns; c++) {
                widths[c] = legend ? text_width(t->columns[c].title) : 0;
                for (size_t i = 0; i < t->n_rows; i++) {
                        size_t w = t->rows[i].heading ? 0 : text_width(t->rows[i].cells[c]);

                        if (w > widths[c])
                                widths[c] = w;
                }
                sum += widths[c] + (c > 0);
        }
        return sum;
}

/* Takes one column at a time from the widest that may be cut, down to a part of its minimum. Returns what is still too much. */
static size_t shrink(const Table *t, size_t excess, bool spare, size_t part, size_t *widths) {
        for (; excess > 0; excess--) {
                size_t *widest = NULL;

                for (size_t c = 0; c < t->n_columns; c++) {
                        const Column *column = &t->columns[c];

                        if (column->minimum > 0 && widths[c] > column->minimum / part && !(spare && column->spared) &&
                            (!widest || widths[c] > *widest))
                                widest = &widths[c];
                }
                if (!widest)
                        return excess;
                (*widest)--;
        }
        return 0;
}

static bool put_cell(FILE *f, const Table *t, size_t c, size_t width, const char *text, Style style, const TableFormat *format) {
        _cleanup_free_ char *cut = text_cut(text, width, t->columns[c].front, format->ellipsis);
        bool last = c == t->n_columns - 1;
        int pad;

        if (!cut)
                return false;
        pad = (int) (width - text_width(cut));
        if (c > 0)
                fputc(' ', f);
        if (t->columns[c].right)
                fprintf(f, "%*s", pad, "");
        fprintf(f, "%s%s%s", style_begin(style, format->colour), cut, style_end(style, format->colour));
        if (!t->columns[c].right && !last)
                fprintf(f, "%*s", pad, "");
        return true;
}

static bool put_legend(FILE *f, const Table *t, const size_t *widths, const TableFormat *format) {
        fprintf(f, "%*s", (int) format->indent, "");
        for (size_t c = 0; c < t->n_columns; c++)
                if (!put_cell(f, t, c, widths[c], t->columns[c].title, STYLE_BOLD, format))
                        return false;
        fputc('\n', f);
        return true;
}

static bool put_row(FILE *f, const Table *t, const Row *row, const size_t *widths, const TableFormat *format) {
        if (row->heading) {
                _cleanup_free_ char *cut = text_cut(row->heading, format->width > 0 ? format->width : SIZE_MAX,
                                                    /* front= */ false, format->ellipsis);
                if (!cut)
                        return false;
                fprintf(f, "%s%s%s\n", style_begin(STYLE_BOLD, format->colour), cut, style_end(STYLE_BOLD, format->colour));
                return true;
        }
        fprintf(f, "%*s", (int) format->indent, "");
        for (size_t c = 0; c < t->n_columns; c++)
                if (!put_cell(f, t, c, widths[c], row->cells[c], row->styles[c], format))
                        return false;
        fputc('\n', f);
        return true;
}

char *table_format(const Table *t, const TableFormat *format) {
        size_t widths[TABLE_COLUMNS_MAX], total = measure(t, format->legend, widths) + format->indent, size;
        char *text = NULL;
        bool ok = true;
        FILE *f;

        if (format->width > 0 && total > format->width) {
                size_t excess = shrink(t, total - format->width, /* spare= */ true, /* part= */ 1, widths);

                excess = shrink(t, excess, /* spare= */ false, /* part= */ 1, widths);
                shrink(t, excess, /* spare= */ false, /* part= */ 2, widths);
        }
        f = open_memstream(&text, &size);
        if (!f)
                return NULL;
        if (format->legend && t->n_rows > 0)
                ok = put_legend(f, t, widths, format);
        for (size_t i = 0; ok && i < t->n_rows; i++)
                ok = put_row(f, t, &t->rows[i], widths, format);
        if (fclose(f) != 0 || !ok) {
                free(text);
                return NULL;
        }
        return text;
}
