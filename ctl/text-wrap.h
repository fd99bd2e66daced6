/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Text by the columns that it takes on a terminal. All of it has gone through
 * escape() already, or is our own: valid UTF-8 without control characters. What is
 * no UTF-8 after all counts one column a byte.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Columns. Combining characters take none, wide East Asian characters and emoji two. */
size_t text_width(const char *s);

/*
 * A copy that takes at most `width` columns; what does not fit is cut at the end, or
 * at the front (paths: their end tells more), and the ellipsis stands in its place.
 * NULL: no memory. The caller frees.
 */
char *text_cut(const char *s, size_t width, bool front, const char *ellipsis);

/*
 * Writes a paragraph, each line after `indent` spaces and at most `width` columns
 * wide (0: one line), broken at spaces only. The first line is indented by `first`.
 */
void text_wrap(FILE *f, const char *s, size_t first, size_t indent, size_t width);
/* The same for text that goes on in `column`, behind what stands on the line already. */
void text_wrap_on(FILE *f, const char *s, size_t column, size_t indent, size_t width);
