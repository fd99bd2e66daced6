/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "schedule.h"
#include "unit.h"

#define SECOND UINT64_C(1000000)
#define MINUTE (60 * SECOND)

static uint64_t sweep(Schedule *s, uint64_t took) {
        uint64_t start = schedule_next(s);

        ck_assert_uint_ne(start, SCHEDULE_NEVER);
        schedule_started(s, start);
        ck_assert_uint_eq(schedule_next(s), SCHEDULE_NEVER);
        schedule_ended(s, start + took);
        return start;
}

START_TEST(the_first_is_at_once_and_the_next_after_the_interval) {
        Schedule s;

        schedule_init(&s, MINUTE, 5 * SECOND);
        ck_assert_uint_eq(sweep(&s, 10000), 5 * SECOND);
        ck_assert_uint_eq(sweep(&s, 10000), 65 * SECOND);
        ck_assert_uint_eq(sweep(&s, 10000), 125 * SECOND);
}
END_TEST

START_TEST(without_an_interval_only_wishes_count) {
        Schedule s;

        schedule_init(&s, SCHEDULE_NEVER, 0);
        sweep(&s, 10000);
        ck_assert_uint_eq(schedule_next(&s), SCHEDULE_NEVER);
        schedule_request(&s, 3 * SECOND);
        ck_assert_uint_eq(sweep(&s, 10000), 3 * SECOND);
        ck_assert_uint_eq(schedule_next(&s), SCHEDULE_NEVER);
}
END_TEST

START_TEST(wishes_become_one_and_those_during_a_sweep_become_the_next) {
        Schedule s;

        schedule_init(&s, MINUTE, 0);
        sweep(&s, 10000);
        schedule_request(&s, 2 * SECOND);
        schedule_request(&s, 3 * SECOND);
        schedule_request(&s, 2 * SECOND);
        ck_assert_uint_eq(schedule_next(&s), 2 * SECOND);
        schedule_started(&s, 2 * SECOND);
        schedule_request(&s, 2 * SECOND + 1);
        schedule_ended(&s, 2 * SECOND + 10000);
        ck_assert_uint_lt(schedule_next(&s), 2 * SECOND + 20000);
        sweep(&s, 10000);
        ck_assert_uint_gt(schedule_next(&s), 60 * SECOND);
}
END_TEST

START_TEST(wishes_without_end_take_their_share_and_no_more) {
        uint64_t now = 0, swept = 0, until = 600 * SECOND;
        Schedule s;

        schedule_init(&s, SCHEDULE_NEVER, 0);
        while (now < until) {
                schedule_request(&s, now);
                now = sweep(&s, 20000) + 20000;
                swept += 20000;
        }
        ck_assert_uint_le(swept, SCHEDULE_BURST_USEC + until / SCHEDULE_SHARE + 600000);
        ck_assert_uint_ge(swept, until / SCHEDULE_SHARE);
}
END_TEST

START_TEST(a_long_sweep_does_not_lock_wishes_out_for_long) {
        Schedule s;

        schedule_init(&s, SCHEDULE_NEVER, 0);
        sweep(&s, 1000);
        schedule_request(&s, SECOND);
        ck_assert_uint_eq(sweep(&s, 900 * SECOND), SECOND);
        schedule_request(&s, 901 * SECOND);
        ck_assert_uint_gt(schedule_next(&s), 902 * SECOND);
        ck_assert_uint_le(schedule_next(&s), 906 * SECOND);
}
END_TEST

START_TEST(regular_sweeps_are_not_charged_to_wishes) {
        Schedule s;

        schedule_init(&s, SECOND, 0);
        for (unsigned i = 0; i < 100; i++)
                sweep(&s, 900000);
        schedule_request(&s, 99 * SECOND + 950000);
        ck_assert_uint_lt(schedule_next(&s), 100 * SECOND);
}
END_TEST

START_TEST(a_machine_that_slept_sweeps_once) {
        Schedule s;

        schedule_init(&s, MINUTE, 0);
        sweep(&s, 10000);
        /* Due at 60 s; it wakes hours later. */
        schedule_started(&s, 10000 * SECOND);
        schedule_ended(&s, 10000 * SECOND + 10000);
        ck_assert_uint_eq(schedule_next(&s), 10060 * SECOND);
}
END_TEST

START_TEST(failures_wait_longer_each_time_and_success_forgets_them) {
        uint64_t now = 0, before = 0;
        Schedule s;

        schedule_init(&s, MINUTE, 0);
        for (unsigned i = 0; i < 40; i++) {
                uint64_t start = schedule_next(&s);

                ck_assert_uint_ge(start - now, before);
                ck_assert_uint_le(start - now, 31 * SECOND);
                before = start - now;
                now = start;
                schedule_started(&s, now);
                schedule_failed(&s, /* cause_skipped= */ false, now);
        }
        ck_assert_uint_ge(before, 29 * SECOND);
        sweep(&s, 1000);
        now = schedule_next(&s);
        schedule_started(&s, now);
        schedule_failed(&s, /* cause_skipped= */ false, now);
        ck_assert_uint_le(schedule_next(&s), now + SECOND);
}
END_TEST

START_TEST(a_failure_whose_cause_is_out_of_the_way_makes_nobody_wait) {
        uint64_t now = 0;
        Schedule s;

        schedule_init(&s, MINUTE, 0);
        for (unsigned i = 0; i < 20; i++) {
                schedule_started(&s, now);
                schedule_failed(&s, /* cause_skipped= */ i >= 10, now + 30 * SECOND);
                now = schedule_next(&s);
        }
        ck_assert_uint_eq(s.failures, 1);
        schedule_started(&s, now);
        schedule_failed(&s, /* cause_skipped= */ true, now);
        ck_assert_uint_le(schedule_next(&s), now + SECOND);
}
END_TEST

START_TEST(a_new_interval_counts_from_now) {
        Schedule s;

        schedule_init(&s, MINUTE, 0);
        sweep(&s, 1000);
        schedule_set_interval(&s, 10 * SECOND, 20 * SECOND);
        ck_assert_uint_eq(schedule_next(&s), 30 * SECOND);
        schedule_set_interval(&s, SCHEDULE_NEVER, 20 * SECOND);
        ck_assert_uint_eq(schedule_next(&s), SCHEDULE_NEVER);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("schedule");
        TCase *tcase = tcase_create("schedule");

        tcase_add_test(tcase, the_first_is_at_once_and_the_next_after_the_interval);
        tcase_add_test(tcase, without_an_interval_only_wishes_count);
        tcase_add_test(tcase, wishes_become_one_and_those_during_a_sweep_become_the_next);
        tcase_add_test(tcase, wishes_without_end_take_their_share_and_no_more);
        tcase_add_test(tcase, a_long_sweep_does_not_lock_wishes_out_for_long);
        tcase_add_test(tcase, regular_sweeps_are_not_charged_to_wishes);
        tcase_add_test(tcase, a_machine_that_slept_sweeps_once);
        tcase_add_test(tcase, failures_wait_longer_each_time_and_success_forgets_them);
        tcase_add_test(tcase, a_failure_whose_cause_is_out_of_the_way_makes_nobody_wait);
        tcase_add_test(tcase, a_new_interval_counts_from_now);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
