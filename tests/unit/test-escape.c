/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"
#include "util/escape.h"

static const struct {
        const char *name, *bytes, *escaped;
} rows[] = {
        { "empty", "", "" },
        { "plain path", "/usr/lib/libc.so.6", "/usr/lib/libc.so.6" },
        { "space stays", "/a b", "/a b" },
        { "newline and tab", "a\nb\tc", "a\\x0ab\\x09c" },
        { "backslash doubles", "a\\012", "a\\\\012" },
        { "UTF-8 stays", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
        { "bytes that are no UTF-8", "\xff\xfe", "\\xff\\xfe" },
        { "cut sequence", "a\xe2\x82", "a\\xe2\\x82" },
        { "overlong slash", "\xc0\xaf", "\\xc0\\xaf" },
        { "surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80" },
        { "terminal escape", "\x1b[31m", "\\x1b[31m" },
        { "C1 control", "\xc2\x9b", "\\xc2\\x9b" },
        { "right-to-left override", "\xe2\x80\xae", "\\xe2\\x80\\xae" },
        { "DEL", "\x7f", "\\x7f" },
};

START_TEST(bytes_are_escaped_and_come_back) {
        _cleanup_free_ char *escaped = escape(rows[_i].bytes);

        ck_assert_str_eq(escaped, rows[_i].escaped);
        ck_assert_int_eq(unescape(escaped), (long) strlen(rows[_i].bytes));
        ck_assert_str_eq(escaped, rows[_i].bytes);
}
END_TEST

START_TEST(nul_bytes_are_bytes) {
        _cleanup_free_ char *escaped = escape_bytes("a\0b", 3);

        ck_assert_str_eq(escaped, "a\\x00b");
        ck_assert_int_eq(unescape(escaped), 3);
        ck_assert_mem_eq(escaped, "a\0b", 3);
        ck_assert_ptr_null(escape(NULL));
}
END_TEST

static const char *const broken[] = { "\\", "a\\", "\\q", "\\x", "\\x1", "\\x1g", "\\xg1" };

START_TEST(broken_escapes_are_refused) {
        char buffer[16];

        strcpy(buffer, broken[_i]);
        ck_assert_int_eq(unescape(buffer), -EINVAL);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("escape");
        TCase *tcase = tcase_create("escape");

        tcase_add_loop_test(tcase, bytes_are_escaped_and_come_back, 0, ELEMENTSOF(rows));
        tcase_add_test(tcase, nul_bytes_are_bytes);
        tcase_add_loop_test(tcase, broken_escapes_are_refused, 0, ELEMENTSOF(broken));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
