/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "text-wrap.h"
#include "unit.h"

static const struct {
        const char *name, *text;
        size_t width;
} widths[] = {
        { "nothing", "", 0 },
        { "ASCII", "/usr/lib", 8 },
        { "two-byte letter", "\xc3\xa9", 1 },
        { "combining accent takes no column", "e\xcc\x81", 1 },
        { "Chinese takes two columns", "\xe4\xb8\xad\xe6\x96\x87", 4 },
        { "Hangul takes two columns", "\xed\x95\x9c", 2 },
        { "fullwidth letter takes two columns", "\xef\xbc\xa1", 2 },
        { "emoji takes two columns", "\xf0\x9f\x98\x80", 2 },
        { "ellipsis takes one column", "\xe2\x80\xa6", 1 },
        { "a byte that is no UTF-8 takes one", "\xff\xfe", 2 },
        { "a sequence that is cut takes one a byte", "a\xe2\x82", 3 },
        { "a sequence that is cut by a letter", "\xe2\x82z", 3 },
};

START_TEST(width_is_of_columns) {
        ck_assert_msg(text_width(widths[_i].text) == widths[_i].width, "%s: %zu", widths[_i].name,
                      text_width(widths[_i].text));
}
END_TEST

static const struct {
        const char *name, *text;
        size_t width;
        bool front;
        const char *ellipsis, *result;
} cuts[] = {
        { "what fits stays", "abc", 3, false, "\xe2\x80\xa6", "abc" },
        { "end", "abcdef", 4, false, "\xe2\x80\xa6", "abc\xe2\x80\xa6" },
        { "front", "abcdef", 4, true, "\xe2\x80\xa6", "\xe2\x80\xa6" "def" },
        { "three dots", "abcdef", 4, false, "...", "a..." },
        { "three dots in front", "abcdef", 5, true, "...", "...ef" },
        { "no room for the dots", "abcdef", 2, false, "...", ".." },
        { "no room at all", "abc", 0, true, "...", "" },
        { "a wide character is not halved at the end", "\xe4\xb8\xad\xe6\x96\x87x", 4, false, ".", "\xe4\xb8\xad." },
        { "a wide character is not halved in front", "x\xe4\xb8\xad\xe6\x96\x87", 4, true, ".", ".\xe6\x96\x87" },
        { "an accent stays with its letter", "e\xcc\x81" "fgh", 2, false, ".", "e\xcc\x81." },
};

START_TEST(cutting_leaves_what_fits) {
        _cleanup_free_ char *result = text_cut(cuts[_i].text, cuts[_i].width, cuts[_i].front, cuts[_i].ellipsis);

        ck_assert_msg(strcmp(result, cuts[_i].result) == 0, "%s: \"%s\"", cuts[_i].name, result);
        ck_assert_uint_le(text_width(result), cuts[_i].width);
}
END_TEST

static const struct {
        const char *name, *text;
        size_t first, indent, width;
        const char *result;
} wraps[] = {
        { "one line", "a b c", 2, 2, 80, "  a b c\n" },
        { "no width is one line", "aaa bbb ccc", 0, 0, 0, "aaa bbb ccc\n" },
        { "breaks at spaces", "aaa bbb ccc", 0, 0, 7, "aaa bbb\nccc\n" },
        { "indents what follows", "aaa bbb ccc", 1, 3, 8, " aaa bbb\n   ccc\n" },
        { "a word that is too long stays whole", "a bbbbbbbbbb c", 0, 1, 5, "a\n bbbbbbbbbb\n c\n" },
        { "width is of columns", "\xe4\xb8\xad\xe6\x96\x87 \xe4\xb8\xad", 0, 0, 6, "\xe4\xb8\xad\xe6\x96\x87\n\xe4\xb8\xad\n" },
        { "nothing is an empty line", "", 0, 0, 10, "\n" },
};

START_TEST(paragraphs_are_wrapped) {
        char *result = NULL;
        size_t size;
        FILE *f = open_memstream(&result, &size);

        text_wrap(f, wraps[_i].text, wraps[_i].first, wraps[_i].indent, wraps[_i].width);
        fclose(f);
        ck_assert_msg(strcmp(result, wraps[_i].result) == 0, "%s: \"%s\"", wraps[_i].name, result);
        free(result);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("text-wrap");
        TCase *tcase = tcase_create("text-wrap");

        tcase_add_loop_test(tcase, width_is_of_columns, 0, ELEMENTSOF(widths));
        tcase_add_loop_test(tcase, cutting_leaves_what_fits, 0, ELEMENTSOF(cuts));
        tcase_add_loop_test(tcase, paragraphs_are_wrapped, 0, ELEMENTSOF(wraps));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
