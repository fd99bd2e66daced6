/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "findings.h"
#include "event-queue.h"

/* Of each unit so many findings, in one process each two. */
static const struct {
        const char *name;
        size_t a, b;
        size_t told, summed, sums;
} rows[] = {
        { "nothing", 0, 0, 0, 0, 0 },
        { "one", 1, 0, 1, 0, 0 },
        { "as many as are told", EVENTS_PER_UNIT_MAX, 0, EVENTS_PER_UNIT_MAX, 0, 0 },
        { "one more is told as well", EVENTS_PER_UNIT_MAX + 1, 0, EVENTS_PER_UNIT_MAX + 1, 0, 0 },
        { "two more are summed up", EVENTS_PER_UNIT_MAX + 2, 0, EVENTS_PER_UNIT_MAX, 2, 1 },
        { "each unit for itself", 100, 12, 2 * EVENTS_PER_UNIT_MAX, 92, 2 },
        { "a storm in one is no storm in the other", 100, 3, EVENTS_PER_UNIT_MAX + 3, 90, 1 },
};

static void put(Snapshot *s, pid_t pid, size_t n, const char *unit) {
        for (size_t i = 0; i < n; i++)
                snapshot_put(s, pid + (pid_t) (i / 2), i + 1, unit, 0);
}

static void check(bool gone) {
        for (size_t row = 0; row < ELEMENTSOF(rows); row++) {
                _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
                size_t told = 0, silent = 0, summed = 0, sums = 0;
                DebounceResult result = {};
                EventQueue notices = {};
                Event n;

                put(s, 1000, rows[row].a, "a.service");
                put(s, 2000, rows[row].b, NULL);
                snapshot_freeze(s);
                result.tellings = calloc(s->n_findings + 1, sizeof(*result.tellings));
                for (size_t i = 0; i < s->n_findings; i++)
                        result.tellings[result.n_tellings++] = (Telling){ .finding = s->findings[i], .gone = gone };

                ck_assert_int_eq(event_queue_add(&notices, &result), 0);
                while (event_queue_take(&notices, &n)) {
                        if (n.kind == EVENT_SUMMARY) {
                                sums++;
                                summed += n.n_findings;
                                ck_assert(n.gone == gone);
                                ck_assert_uint_le(n.n_processes, n.n_findings);
                        } else {
                                ck_assert_int_eq(n.kind, gone ? EVENT_REMOVED : EVENT_ADDED);
                                told += n.in_journal;
                                silent += !n.in_journal;
                        }
                        event_done(&n);
                }
                ck_assert_msg(told == rows[row].told && summed == rows[row].summed && sums == rows[row].sums,
                              "%s: %zu told, %zu summed up in %zu", rows[row].name, told, summed, sums);
                ck_assert_msg(silent == summed, "%s", rows[row].name);
                debounce_result_done(&result);
        }
}

START_TEST(of_each_unit_the_first_are_told_and_the_rest_summed_up) {
        check(/* gone= */ _i);
}
END_TEST

/* Of a storm of three findings in each process, one of which is urgent. */
START_TEST(the_urgent_ones_are_told_first) {
        enum { PROCESSES = EVENTS_PER_UNIT_MAX + 2 };
        _cleanup_(event_queue_done) EventQueue notices = {};
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        Telling tellings[3 * PROCESSES];
        DebounceResult result = { .tellings = tellings };
        size_t told = 0;
        Event n;

        for (pid_t pid = 1; pid <= PROCESSES; pid++)
                for (size_t i = 1; i <= 3; i++)
                        snapshot_put(s, pid, i, "a.service", i == 2 ? FLAG_CRASH_RISK : 0);
        snapshot_freeze(s);
        for (size_t i = 0; i < s->n_findings; i++)
                tellings[result.n_tellings++] = (Telling){ .finding = s->findings[i] };
        ck_assert_int_eq(event_queue_add(&notices, &result), 0);
        while (event_queue_take(&notices, &n)) {
                if (n.kind == EVENT_SUMMARY) {
                        ck_assert_int_eq(n.urgency, URGENCY_URGENT); /* two of these did not come first */
                        ck_assert_uint_eq(n.n_findings, 3 * PROCESSES - EVENTS_PER_UNIT_MAX);
                        ck_assert_uint_eq(n.n_processes, PROCESSES);
                } else if (n.in_journal) {
                        ck_assert_int_eq(finding_urgency(n.finding), URGENCY_URGENT);
                        told++;
                }
                event_done(&n);
        }
        ck_assert_uint_eq(told, EVENTS_PER_UNIT_MAX);
}
END_TEST

START_TEST(what_is_not_taken_is_freed) {
        _cleanup_(event_queue_done) EventQueue notices = {};
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        DebounceResult result = {};
        Telling telling;

        put(s, 1, 1, "a.service");
        snapshot_freeze(s);
        telling = (Telling){ .finding = s->findings[0] };
        result.tellings = &telling;
        result.n_tellings = 1;
        ck_assert_int_eq(event_queue_add(&notices, &result), 0);
        ck_assert_uint_eq(notices.n, 1);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("notice");
        TCase *tcase = tcase_create("notice");

        tcase_add_loop_test(tcase, of_each_unit_the_first_are_told_and_the_rest_summed_up, 0, 2);
        tcase_add_test(tcase, the_urgent_ones_are_told_first);
        tcase_add_test(tcase, what_is_not_taken_is_freed);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
