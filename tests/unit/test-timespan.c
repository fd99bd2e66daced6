/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"
#include "util/timespan.h"

static const struct {
        const char *text;
        int r;
        uint64_t usec;
} rows[] = {
        { "0", 0, 0 },
        { "60", 0, 60 * USEC_PER_SEC },
        { " 60 ", 0, 60 * USEC_PER_SEC },
        { "1.5", 0, 1500000 },
        { "0.000001", 0, 1 },
        { "0.0000009", 0, 0 },
        { "0.0000019", 0, 1 },
        { "500ms", 0, 500000 },
        { "500 ms", 0, 500000 },
        { "3us", 0, 3 },
        { "3 \xc2\xb5s", 0, 3 },
        { "1min 30s", 0, 90 * USEC_PER_SEC },
        { "1min30s", 0, 90 * USEC_PER_SEC },
        { "1.5min", 0, 90 * USEC_PER_SEC },
        { "1.25min", 0, 75 * USEC_PER_SEC },
        { "1.", 0, USEC_PER_SEC },
        { "2h", 0, 2 * USEC_PER_HOUR },
        { "1d 1h", 0, 25 * USEC_PER_HOUR },
        { "1 week", 0, 7 * USEC_PER_DAY },
        { "1w", 0, 7 * USEC_PER_DAY },
        { "1M", 0, UINT64_C(2629800) * USEC_PER_SEC },
        { "0.5y", 0, UINT64_C(15778800) * USEC_PER_SEC },
        { "1.999999y", 0, UINT64_C(63115168) * USEC_PER_SEC + 442400 },
        { "infinity", 0, TIMESPAN_INFINITY },
        { "18446744073709551614us", 0, UINT64_MAX - 1 },
        { "18446744073709551615us", -ERANGE, 0 },
        { "18446744073709551616us", -ERANGE, 0 },
        { "18446744073710", -ERANGE, 0 },
        { "18446744073709551615us 1us", -ERANGE, 0 },
        { "", -EINVAL, 0 },
        { " ", -EINVAL, 0 },
        { "often", -EINVAL, 0 },
        { "-1", -EINVAL, 0 },
        { ".5", -EINVAL, 0 },
        { "1 fortnight", -EINVAL, 0 },
        { "s", -EINVAL, 0 },
        { "infinity 1s", -EINVAL, 0 },
        { "1;s", -EINVAL, 0 },
        { "1e3", -EINVAL, 0 },
        { "5x", -EINVAL, 0 },
};

START_TEST(parse_systemd_time_spans) {
        uint64_t usec = 4711;

        ck_assert_msg(timespan_parse(rows[_i].text, &usec) == rows[_i].r, "\"%s\"", rows[_i].text);
        ck_assert_msg(usec == (rows[_i].r < 0 ? 4711 : rows[_i].usec), "\"%s\" is %llu", rows[_i].text, (unsigned long long) usec);
}
END_TEST

static const struct {
        uint64_t usec;
        const char *text;
} formats[] = {
        { 0, "0.0 ms" },
        { 8123, "8.1 ms" },
        { 123456, "123 ms" },
        { 2500 * USEC_PER_MSEC, "2.5 s" },
        { 90 * USEC_PER_SEC, "90 s" },
        { 3 * USEC_PER_MINUTE, "3 min" },
        { 2 * USEC_PER_HOUR, "2 h" },
        { 5 * USEC_PER_DAY, "5 days" },
        { TIMESPAN_INFINITY - 1, "213503982 days" },
};

START_TEST(format_one_unit) {
        char buffer[TIMESPAN_TEXT_MAX];
        uint64_t usec;

        ck_assert_str_eq(timespan_format(formats[_i].usec, buffer), formats[_i].text);
        ck_assert_int_eq(timespan_parse(buffer, &usec), 0);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("timespan");
        TCase *tcase = tcase_create("timespan");

        tcase_add_loop_test(tcase, parse_systemd_time_spans, 0, ELEMENTSOF(rows));
        tcase_add_loop_test(tcase, format_one_unit, 0, ELEMENTSOF(formats));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
