/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "timespan.h"
#include "unit.h"

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
        { "500ms", 0, 500000 },
        { "500 ms", 0, 500000 },
        { "3us", 0, 3 },
        { "3 \xc2\xb5s", 0, 3 },
        { "1min 30s", 0, 90 * USEC_PER_SEC },
        { "1min30s", 0, 90 * USEC_PER_SEC },
        { "1.5min", 0, 90 * USEC_PER_SEC },
        { "2h", 0, 120 * USEC_PER_MINUTE },
        { "1d 1h", 0, 25 * 60 * USEC_PER_MINUTE },
        { "1 week", 0, 7 * 24 * 60 * USEC_PER_MINUTE },
        { "1w", 0, 7 * 24 * 60 * USEC_PER_MINUTE },
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
        { "1.", -EINVAL, 0 },
        { ".5", -EINVAL, 0 },
        { "1 fortnight", -EINVAL, 0 },
        { "s", -EINVAL, 0 },
        { "infinity 1s", -EINVAL, 0 },
        { "1;s", -EINVAL, 0 },
};

START_TEST(spans_are_read_as_systemd_reads_them) {
        uint64_t usec = 4711;

        ck_assert_msg(timespan_parse(rows[_i].text, &usec) == rows[_i].r, "\"%s\"", rows[_i].text);
        ck_assert_msg(usec == (rows[_i].r < 0 ? 4711 : rows[_i].usec), "\"%s\" is %llu", rows[_i].text, (unsigned long long) usec);
}
END_TEST

static const struct {
        uint64_t usec;
        const char *text;
} formats[] = {
        { 0, "0" },
        { 1, "1us" },
        { 1500, "1ms 500us" },
        { 999999, "999ms 999us" },
        { USEC_PER_SEC, "1s" },
        { 1234567, "1s 234ms" },
        { 90 * USEC_PER_SEC, "1min 30s" },
        { 25 * 60 * USEC_PER_MINUTE, "1d 1h" },
        { TIMESPAN_INFINITY, "infinity" },
        { TIMESPAN_INFINITY - 1, "213503982d 8h 1min 49s 551ms" },
};

START_TEST(spans_are_written_shortly) {
        char buffer[TIMESPAN_TEXT_MAX];

        ck_assert_str_eq(timespan_format(formats[_i].usec, buffer), formats[_i].text);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("timespan");
        TCase *tcase = tcase_create("timespan");

        tcase_add_loop_test(tcase, spans_are_read_as_systemd_reads_them, 0, ELEMENTSOF(rows));
        tcase_add_loop_test(tcase, spans_are_written_shortly, 0, ELEMENTSOF(formats));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
