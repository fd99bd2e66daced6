/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"
#include "util/number.h"

static const struct {
        const char *text;
        uint64_t max;
        int r;
        uint64_t number;
} rows[] = {
        { "0", 10, 0, 0 },
        { "10", 10, 0, 10 },
        { "007", 10, 0, 7 },
        { "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
        { "11", 10, -EINVAL, 0 },
        { "", 10, -EINVAL, 0 },
        { "+1", 10, -EINVAL, 0 },
        { "-1", 10, -EINVAL, 0 },
        { " 1", 10, -EINVAL, 0 },
        { "1 ", 10, -EINVAL, 0 },
        { "0x1", 10, -EINVAL, 0 },
        { "18446744073709551616", UINT64_MAX, -EINVAL, 0 },
};

START_TEST(parse_digits_up_to_maximum) {
        uint64_t n = 4711;

        ck_assert_msg(number_parse(rows[_i].text, rows[_i].max, &n) == rows[_i].r, "\"%s\"", rows[_i].text);
        ck_assert_msg(n == (rows[_i].r < 0 ? 4711 : rows[_i].number), "\"%s\" is %llu", rows[_i].text, (unsigned long long) n);
}
END_TEST

START_TEST(read_stops_behind_digits) {
        const char *s = "12ms", *overflow = "18446744073709551616";
        uint64_t n = 4711;

        ck_assert_int_eq(number_read(&s, &n), 0);
        ck_assert_uint_eq(n, 12);
        ck_assert_str_eq(s, "ms");
        ck_assert_int_eq(number_read(&s, &n), -EINVAL);
        ck_assert_int_eq(number_read(&overflow, &n), -ERANGE);
        ck_assert_uint_eq(n, 12);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("number");
        TCase *tcase = tcase_create("number");

        tcase_add_loop_test(tcase, parse_digits_up_to_maximum, 0, ELEMENTSOF(rows));
        tcase_add_test(tcase, read_stops_behind_digits);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
