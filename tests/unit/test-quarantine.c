/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proc/process-owner.h"
#include "quarantine.h"
#include "unit.h"
#include "util/timespan.h"

static const SweepBeacon process = { .pid = 42, .start_time = 7 };
static const SweepBeacon file = { .pid = 42, .start_time = 7, .on_file = 1, .dev_minor = 45 };

START_TEST(what_hung_is_left_out_at_once) {
        Quarantine q = {};

        ck_assert(quarantine_attribute(&q, &process, /* hung= */ true, 1000));
        ck_assert_uint_eq(quarantine_count(&q, SUSPECT_PROCESS, 1000), 1);
        ck_assert_uint_eq(quarantine_count(&q, SUSPECT_DEVICE, 1000), 0);
}
END_TEST

START_TEST(a_file_that_hung_is_left_out_by_its_device) {
        Quarantine q = {};

        ck_assert(quarantine_attribute(&q, &file, /* hung= */ true, 1000));
        ck_assert_uint_eq(quarantine_count(&q, SUSPECT_PROCESS, 1000), 0);
        ck_assert_uint_eq(quarantine_count(&q, SUSPECT_DEVICE, 1000), 1);
}
END_TEST

START_TEST(what_killed_is_left_out_the_second_time_and_the_process_alone) {
        Quarantine q = {};

        ck_assert(!quarantine_attribute(&q, &file, /* hung= */ false, 1000));
        ck_assert_uint_eq(quarantine_count(&q, SUSPECT_PROCESS, 1000), 0);
        ck_assert(quarantine_attribute(&q, &file, /* hung= */ false, 2000));
        ck_assert_uint_eq(quarantine_count(&q, SUSPECT_PROCESS, 2000), 1);
        ck_assert_uint_eq(quarantine_count(&q, SUSPECT_DEVICE, 2000), 0);
}
END_TEST

START_TEST(nowhere_is_nobodys_fault) {
        const SweepBeacon nowhere = {};
        Quarantine q = {};

        ck_assert(!quarantine_attribute(&q, &nowhere, /* hung= */ true, 1000));
        ck_assert_uint_eq(q.n, 0);
}
END_TEST

START_TEST(it_is_looked_at_again_and_left_out_for_longer_each_time) {
        uint64_t now = 1000;
        Quarantine q = {};

        for (unsigned i = 0; i < 8; i++) {
                uint64_t out = (10 << (i < 4 ? i : 4)) * USEC_PER_MINUTE;

                ck_assert(quarantine_attribute(&q, &process, /* hung= */ true, now));
                ck_assert(!quarantine_expire(&q, now + out - 1));
                ck_assert_uint_eq(quarantine_count(&q, SUSPECT_PROCESS, now + out - 1), 1);
                ck_assert(quarantine_expire(&q, now + out));
                ck_assert_uint_eq(quarantine_count(&q, SUSPECT_PROCESS, now + out), 0);
                now += out;
        }
}
END_TEST

START_TEST(what_behaves_is_forgotten) {
        Quarantine q = {};

        quarantine_attribute(&q, &process, /* hung= */ true, 1000);
        quarantine_expire(&q, 1000 + 100 * USEC_PER_MINUTE);
        ck_assert_uint_eq(q.n, 0);
}
END_TEST

START_TEST(there_is_room_for_so_many_and_then_the_oldest_goes) {
        _cleanup_(request_done) Request r = {};
        Quarantine q = {};

        for (int i = 1; i <= QUARANTINE_MAX + 3; i++) {
                const SweepBeacon where = { .pid = i, .start_time = 7 };

                quarantine_attribute(&q, &where, /* hung= */ true, 1000 + (uint64_t) i);
        }
        ck_assert_int_eq(quarantine_fill(&q, 2000, &r), 0);
        ck_assert_uint_eq(r.n_skip_processes, QUARANTINE_MAX);
        ck_assert_uint_eq(r.n_skip_devices, 0);
        for (size_t i = 0; i < r.n_skip_processes; i++)
                ck_assert_int_gt(r.skip_processes[i].pid, 3);
}
END_TEST

/* owners */

static int next_pid;

/* Another process of the owner hangs, or a file of one, or one is died of twice. */
static void hang(Quarantine *q, uint64_t owner, uint64_t now) {
        const SweepBeacon where = { .pid = ++next_pid, .start_time = 7, .owner = owner };

        ck_assert(quarantine_attribute(q, &where, /* hung= */ true, now));
}
static void hang_at_file(Quarantine *q, uint64_t owner, uint64_t now) {
        const SweepBeacon where = { .pid = 9, .owner = owner, .on_file = 1, .dev_minor = (uint32_t) ++next_pid };

        ck_assert(quarantine_attribute(q, &where, /* hung= */ true, now));
}
static void die(Quarantine *q, uint64_t owner, uint64_t now) {
        const SweepBeacon where = { .pid = ++next_pid, .start_time = 7, .owner = owner };

        ck_assert(!quarantine_attribute(q, &where, /* hung= */ false, now));
        ck_assert(quarantine_attribute(q, &where, /* hung= */ false, now));
}

static const struct {
        const char *name;
        void (*once)(Quarantine *q, uint64_t owner, uint64_t now);
        uint64_t owner;
        size_t left_out;
} failing[] = {
        { "processes that hang", hang, 1000, 1 },
        { "files that hang", hang_at_file, 1000, 1 },
        { "processes that kill", die, 1000, 1 },
        { "of a namespace that root made", hang, PROCESS_OWNER_NAMESPACE + 7, 1 },
        { "of root", hang, 0, 0 },
};

START_TEST(whose_processes_fail_too_often_is_left_out_whole) {
        _cleanup_(request_done) Request r = {};
        Quarantine q = {};

        for (unsigned i = 0; i < 10; i++) {
                ck_assert_msg(quarantine_count(&q, SUSPECT_OWNER, 1000) == (i >= QUARANTINE_OWNER_MAX ? failing[_i].left_out : 0),
                              "%s: at failure %u", failing[_i].name, i);
                failing[_i].once(&q, failing[_i].owner, 1000);
        }
        ck_assert_uint_eq(quarantine_owner(&q, 1000), failing[_i].owner);
        ck_assert_int_eq(quarantine_fill(&q, 1000, &r), 0);
        ck_assert(r.owners);
        ck_assert_uint_eq(r.n_skip_owners, failing[_i].left_out);
}
END_TEST

START_TEST(one_owner_does_not_answer_for_another) {
        Quarantine q = {};

        for (uint64_t owner = 1000; owner < 1010; owner++) {
                hang(&q, owner, 1000);
                hang(&q, owner, 1000);
        }
        ck_assert_uint_eq(quarantine_count(&q, SUSPECT_OWNER, 1000), 0);
        hang(&q, 1005, 1000);
        ck_assert_uint_eq(quarantine_count(&q, SUSPECT_OWNER, 1000), 1);
        ck_assert_uint_eq(quarantine_owner(&q, 1000), 1005);
}
END_TEST

START_TEST(an_owner_comes_back_and_has_one_try_for_twice_as_long) {
        uint64_t now = 1000;
        Quarantine q = {};

        for (unsigned i = 0; i < QUARANTINE_OWNER_MAX; i++)
                hang(&q, 1000, now);
        for (unsigned i = 0; i < 8; i++) {
                uint64_t out = (10 << (i < 4 ? i : 4)) * USEC_PER_MINUTE;

                quarantine_expire(&q, now + out - 1);
                ck_assert_uint_eq(quarantine_count(&q, SUSPECT_OWNER, now + out - 1), 1);
                ck_assert(quarantine_expire(&q, now + out));
                ck_assert_uint_eq(quarantine_count(&q, SUSPECT_OWNER, now + out), 0);
                now += out;
                hang(&q, 1000, now);
                ck_assert_uint_eq(quarantine_count(&q, SUSPECT_OWNER, now), 1);
        }
}
END_TEST

START_TEST(an_owner_who_behaves_is_forgotten) {
        Quarantine q = {};

        hang(&q, 1000, 1000);
        hang(&q, 1000, 1000);
        quarantine_expire(&q, 1000 + 31 * USEC_PER_MINUTE);
        hang(&q, 1000, 1000 + 31 * USEC_PER_MINUTE);
        ck_assert_uint_eq(quarantine_count(&q, SUSPECT_OWNER, 1000 + 31 * USEC_PER_MINUTE), 0);
}
END_TEST

START_TEST(owners_are_asked_for_only_where_something_failed) {
        _cleanup_(request_done) Request before = {}, after = {};
        Quarantine q = {};

        ck_assert_int_eq(quarantine_fill(&q, 1000, &before), 0);
        ck_assert(!before.owners);
        quarantine_attribute(&q, &process, /* hung= */ false, 1000);
        ck_assert_int_eq(quarantine_fill(&q, 1000, &after), 0);
        ck_assert(after.owners);
        ck_assert_uint_eq(after.n_skip_processes, 0);
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
        tcase_add_loop_test(tcase, whose_processes_fail_too_often_is_left_out_whole, 0, ELEMENTSOF(failing));
        tcase_add_test(tcase, one_owner_does_not_answer_for_another);
        tcase_add_test(tcase, an_owner_comes_back_and_has_one_try_for_twice_as_long);
        tcase_add_test(tcase, an_owner_who_behaves_is_forgotten);
        tcase_add_test(tcase, owners_are_asked_for_only_where_something_failed);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
