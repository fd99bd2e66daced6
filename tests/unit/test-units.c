/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "findings.h"
#include "strv.h"
#include "units.h"

/* Of one process each: its unit, its user's unit, and its findings. */
static const struct {
        const char *unit, *user_unit;
        size_t n_findings, n_same; /* of these: of the same content, which does not count */
} processes[] = {
        { "b.service", NULL, 3, 1 },
        { "same.service", NULL, 2, 2 },
        { NULL, NULL, 3 }, /* of none: a login's, say */
        { "a\n.service", NULL, 1 },
        { NULL, "b.service", 1 },
        { "user@1000.service", "c.service", 1 },
        { "b.service", NULL, 4 },
};

static const struct {
        const char *unit;
        UnitCount count;
} expected[] = {
        { "a\\x0a.service", { 1, 1 } },
        { "b.service", { 3, 7 } },
        { "user@1000.service", { 1, 1 } },
};

START_TEST(units_are_listed_once_and_counted) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        _cleanup_(strv_freep) char **units = NULL;
        _cleanup_free_ UnitCount *counts = NULL;

        for (size_t i = 0; i < ELEMENTSOF(processes); i++)
                for (size_t k = 0; k < processes[i].n_findings; k++) {
                        Finding f = finding_make((pid_t) i + 1, k + 1, processes[i].unit);

                        ck_assert(strdup_to(&f.user_unit, processes[i].user_unit));
                        f.flags = k < processes[i].n_same ? FLAG_SAME_CONTENT : 0;
                        ck_assert_int_eq(snapshot_take_finding(s, &f), 0);
                }
        snapshot_freeze(s);
        ck_assert_int_eq(units_list(s, &units), 0);
        ck_assert_uint_eq(strv_length(units), ELEMENTSOF(expected));
        ck_assert_int_eq(units_count(s, units, &counts), 0);
        for (size_t i = 0; i < ELEMENTSOF(expected); i++) {
                ck_assert_str_eq(units[i], expected[i].unit);
                ck_assert_uint_eq(counts[i].processes, expected[i].count.processes);
                ck_assert_uint_eq(counts[i].findings, expected[i].count.findings);
        }
}
END_TEST

START_TEST(without_a_snapshot_there_are_none) {
        _cleanup_(strv_freep) char **units = NULL;
        _cleanup_free_ UnitCount *counts = NULL;

        ck_assert_int_eq(units_list(NULL, &units), 0);
        ck_assert_uint_eq(strv_length(units), 0);
        ck_assert_int_eq(units_count(NULL, units, &counts), 0);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("units");
        TCase *tcase = tcase_create("units");

        tcase_add_test(tcase, units_are_listed_once_and_counted);
        tcase_add_test(tcase, without_a_snapshot_there_are_none);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
