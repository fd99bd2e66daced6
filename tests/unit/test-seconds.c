/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "seconds.h"
#include "unit.h"

static const struct {
        const char *text;
        int result;
        uint64_t usec;
} times[] = {
        { "0", 0, 0 },
        { "30", 0, 30000000 },
        { "30s", 0, 30000000 },
        { "0.5", 0, 500000 },
        { "1.25min", 0, 75000000 },
        { "500ms", 0, 500000 },
        { "2h", 0, 7200000000 },
        { "0.0000019", 0, 1 },
        { "infinity", 0, UINT64_MAX },
        { "", -EINVAL, 0 },
        { "-1", -EINVAL, 0 },
        { ".5", -EINVAL, 0 },
        { "5 s", -EINVAL, 0 },
        { "5x", -EINVAL, 0 },
        { "1e3", -EINVAL, 0 },
        { "99999999999999999999", -EINVAL, 0 },
        { "18446744073709551615", -EINVAL, 0 },
        { "9999999999999999999999999999999", -EINVAL, 0 },
};

START_TEST(seconds_are_read) {
        uint64_t usec = 7;

        ck_assert_msg(seconds_parse(times[_i].text, &usec) == times[_i].result, "%s", times[_i].text);
        ck_assert_msg(usec == (times[_i].result < 0 ? 7 : times[_i].usec), "%s: %ju", times[_i].text, (uintmax_t) usec);
}
END_TEST

static const struct {
        uint64_t usec;
        const char *text;
} formats[] = {
        { 0, "0.0 ms" }, { 8123, "8.1 ms" }, { 123456, "123 ms" }, { 2500000, "2.5 s" }, { 90000000, "90 s" },
        { 180000000, "3 min" }, { 7200000000, "2 h" }, { 432000000000, "5 days" },
};

START_TEST(times_are_shown_with_two_figures_or_so) {
        char buffer[SECONDS_MAX];

        ck_assert_str_eq(seconds_format(formats[_i].usec, buffer), formats[_i].text);
}
END_TEST

START_TEST(numbers_are_digits_within_bounds) {
        uint64_t n = 7;

        ck_assert_int_eq(number_parse("0", 10, &n), 0);
        ck_assert_uint_eq(n, 0);
        ck_assert_int_eq(number_parse("10", 10, &n), 0);
        ck_assert_uint_eq(n, 10);
        ck_assert_int_eq(number_parse("11", 10, &n), -EINVAL);
        ck_assert_int_eq(number_parse("", 10, &n), -EINVAL);
        ck_assert_int_eq(number_parse("+1", 10, &n), -EINVAL);
        ck_assert_int_eq(number_parse(" 1", 10, &n), -EINVAL);
        ck_assert_int_eq(number_parse("1 ", 10, &n), -EINVAL);
        ck_assert_int_eq(number_parse("0x1", 10, &n), -EINVAL);
        ck_assert_int_eq(number_parse("18446744073709551615", UINT64_MAX, &n), 0);
        ck_assert_uint_eq(n, UINT64_MAX);
        ck_assert_int_eq(number_parse("18446744073709551616", UINT64_MAX, &n), -EINVAL);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("seconds");
        TCase *tcase = tcase_create("seconds");

        tcase_add_loop_test(tcase, seconds_are_read, 0, ELEMENTSOF(times));
        tcase_add_loop_test(tcase, times_are_shown_with_two_figures_or_so, 0, ELEMENTSOF(formats));
        tcase_add_test(tcase, numbers_are_digits_within_bounds);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
