/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>

#include "text-wrap.h"
#include "util/base.h"

typedef struct Interval {
        uint32_t first, last;
} Interval;

/* Nonspacing marks of the scripts that file names are seen in (Unicode, general category Mn), and variation selectors. */
static const Interval zero[] = {
        { 0x300, 0x36f }, { 0x483, 0x489 }, { 0x591, 0x5bd }, { 0x5bf, 0x5c7 }, { 0x610, 0x61a }, { 0x64b, 0x65f },
        { 0x670, 0x670 }, { 0x6d6, 0x6dc }, { 0x6df, 0x6e4 }, { 0x6e7, 0x6ed }, { 0x93c, 0x93c }, { 0x941, 0x94d },
        { 0xe31, 0xe31 }, { 0xe34, 0xe3a }, { 0xe47, 0xe4e }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff },
        { 0x20d0, 0x20ff }, { 0x302a, 0x302d }, { 0x3099, 0x309a }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
};

/* East Asian Wide and Fullwidth (Unicode Standard Annex 11), emoji included. */
static const Interval wide[] = {
        { 0x1100, 0x115f }, { 0x231a, 0x231b }, { 0x2329, 0x232a }, { 0x23e9, 0x23ec }, { 0x2e80, 0x303e },
        { 0x3041, 0x3247 }, { 0x3250, 0x4dbf }, { 0x4e00, 0xa4c6 }, { 0xa960, 0xa97c }, { 0xac00, 0xd7a3 },
        { 0xf900, 0xfaff }, { 0xfe10, 0xfe19 }, { 0xfe30, 0xfe6b }, { 0xff01, 0xff60 }, { 0xffe0, 0xffe6 },
        { 0x16fe0, 0x18aff }, { 0x1b000, 0x1b2fb }, { 0x1f1e6, 0x1f1ff }, { 0x1f300, 0x1f64f },
        { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1faff }, { 0x20000, 0x3fffd },
};

static bool contains(const Interval *table, size_t n, uint32_t c) {
        for (size_t i = 0; i < n && table[i].first <= c; i++)
                if (c <= table[i].last)
                        return true;
        return false;
}

/* The bytes of the character at s, and its columns. Bytes that are no UTF-8 stand for themselves. */
static size_t character(const char *s, size_t *ret_width) {
        const uint8_t *p = (const uint8_t *) s;
        size_t n = p[0] < 0xc2 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 1;
        uint32_t c = n == 1 ? p[0] : p[0] & (0x7f >> n);

        for (size_t i = 1; i < n; i++) {
                if ((p[i] & 0xc0) != 0x80) {
                        *ret_width = 1;
                        return 1;
                }
                c = c << 6 | (p[i] & 0x3f);
        }
        *ret_width = n == 1 ? 1 : contains(zero, ELEMENTSOF(zero), c) ? 0 : contains(wide, ELEMENTSOF(wide), c) ? 2 : 1;
        return n;
}

static size_t width_of(const char *s, size_t bytes) {
        size_t sum = 0;

        for (size_t i = 0; i < bytes;) {
                size_t w;

                i += character(s + i, &w);
                sum += w;
        }
        return sum;
}

size_t text_width(const char *s) {
        return width_of(s, strlen(s));
}

/* How many bytes of s fit into `width` columns, marks that belong to the last character included. */
static size_t fitting(const char *s, size_t width) {
        size_t n = 0, used = 0;

        while (s[n]) {
                size_t w, bytes = character(s + n, &w);

                if (used + w > width)
                        break;
                used += w;
                n += bytes;
        }
        return n;
}

char *text_cut(const char *s, size_t width, bool front, const char *ellipsis) {
        size_t all = text_width(s), dots = text_width(ellipsis), skip = 0;
        char *result;

        if (all <= width)
                return strdup(s);
        if (dots >= width)
                return strndup(ellipsis, fitting(ellipsis, width));
        if (!front)
                return asprintf(&result, "%.*s%s", (int) fitting(s, width - dots), s, ellipsis) < 0 ? NULL : result;
        while (all > width - dots) {
                size_t w;

                skip += character(s + skip, &w);
                all -= w;
        }
        return asprintf(&result, "%s%s", ellipsis, s + skip) < 0 ? NULL : result;
}

void text_wrap(FILE *f, const char *s, size_t first, size_t indent, size_t width) {
        fprintf(f, "%*s", (int) first, "");
        text_wrap_on(f, s, first, indent, width);
}

void text_wrap_on(FILE *f, const char *s, size_t column, size_t indent, size_t width) {
        bool fresh = true; /* no word on this line yet */

        while (*s) {
                size_t n = strcspn(s, " "), w = width_of(s, n);

                if (!fresh && width > 0 && column + 1 + w > width) {
                        fprintf(f, "\n%*s", (int) indent, "");
                        column = indent;
                        fresh = true;
                }
                fprintf(f, "%s%.*s", fresh ? "" : " ", (int) n, s);
                column += w + !fresh;
                fresh = false;
                s += n;
                s += *s == ' ';
        }
        fputc('\n', f);
}
