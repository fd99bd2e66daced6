/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quarantine.h"
#include "timespan.h"
#include "unit.h"

static const SweepBeacon process = { .pid = 42, .start_time = 7 };
static const SweepBeacon file = { .pid = 42, .start_time = 7, .on_file = 1, .dev_minor = 45 };

START_TEST(what_hung_is_left_out_at_once) {
        Quarantine q = {};

        ck_assert(quarantine_blame(&q, &process, /* hung= */ true, 1000));
        ck_assert_uint_eq(quarantine_processes(&q, 1000), 1);
        ck_assert_uint_eq(quarantine_devices(&q, 1000), 0);
}
END_TEST

START_TEST(a_file_that_hung_is_left_out_by_its_device) {
        Quarantine q = {};

        ck_assert(quarantine_blame(&q, &file, /* hung= */ true, 1000));
        ck_assert_uint_eq(quarantine_processes(&q, 1000), 0);
        ck_assert_uint_eq(quarantine_devices(&q, 1000), 1);
}
END_TEST

START_TEST(what_killed_is_left_out_the_second_time_and_the_process_alone) {
        Quarantine q = {};

        ck_assert(!quarantine_blame(&q, &file, /* hung= */ false, 1000));
        ck_assert_uint_eq(quarantine_processes(&q, 1000), 0);
        ck_assert(quarantine_blame(&q, &file, /* hung= */ false, 2000));
        ck_assert_uint_eq(quarantine_processes(&q, 2000), 1);
        ck_assert_uint_eq(quarantine_devices(&q, 2000), 0);
}
END_TEST

START_TEST(nowhere_is_nobodys_fault) {
        const SweepBeacon nowhere = {};
        Quarantine q = {};

        ck_assert(!quarantine_blame(&q, &nowhere, /* hung= */ true, 1000));
        ck_assert_uint_eq(q.n, 0);
}
END_TEST

START_TEST(it_is_looked_at_again_and_left_out_for_longer_each_time) {
        uint64_t now = 1000;
        Quarantine q = {};

        for (unsigned i = 0; i < 8; i++) {
                uint64_t out = (10 << (i < 4 ? i : 4)) * USEC_PER_MINUTE;

                ck_assert(quarantine_blame(&q, &process, /* hung= */ true, now));
                ck_assert(!quarantine_expire(&q, now + out - 1));
                ck_assert_uint_eq(quarantine_processes(&q, now + out - 1), 1);
                ck_assert(quarantine_expire(&q, now + out));
                ck_assert_uint_eq(quarantine_processes(&q, now + out), 0);
                now += out;
        }
}
END_TEST

START_TEST(what_behaves_is_forgotten) {
        Quarantine q = {};

        quarantine_blame(&q, &process, /* hung= */ true, 1000);
        quarantine_expire(&q, 1000 + 100 * USEC_PER_MINUTE);
        ck_assert_uint_eq(q.n, 0);
}
END_TEST

START_TEST(there_is_room_for_so_many_and_then_the_oldest_goes) {
        _cleanup_free_ SweepProcess *processes = NULL;
        _cleanup_free_ SweepDevice *devices = NULL;
        size_t n_processes, n_devices;
        Quarantine q = {};

        for (int i = 1; i <= QUARANTINE_MAX + 3; i++) {
                const SweepBeacon where = { .pid = i, .start_time = 7 };

                quarantine_blame(&q, &where, /* hung= */ true, 1000 + (uint64_t) i);
        }
        ck_assert_int_eq(quarantine_list(&q, 2000, &processes, &n_processes, &devices, &n_devices), 0);
        ck_assert_uint_eq(n_processes, QUARANTINE_MAX);
        ck_assert_uint_eq(n_devices, 0);
        for (size_t i = 0; i < n_processes; i++)
                ck_assert_int_gt(processes[i].pid, 3);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("quarantine");
        TCase *tcase = tcase_create("quarantine");

        tcase_add_test(tcase, what_hung_is_left_out_at_once);
        tcase_add_test(tcase, a_file_that_hung_is_left_out_by_its_device);
        tcase_add_test(tcase, what_killed_is_left_out_the_second_time_and_the_process_alone);
        tcase_add_test(tcase, nowhere_is_nobodys_fault);
        tcase_add_test(tcase, it_is_looked_at_again_and_left_out_for_longer_each_time);
        tcase_add_test(tcase, what_behaves_is_forgotten);
        tcase_add_test(tcase, there_is_room_for_so_many_and_then_the_oldest_goes);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
