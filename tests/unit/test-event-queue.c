/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "findings.h"
#include "event-queue.h"

/* Of each unit so many findings, in one process each two. */
static const struct {
        const char *name;
        size_t a, b;
        size_t reported, summarized, sums;
} rows[] = {
        { "nothing", 0, 0, 0, 0, 0 },
        { "one", 1, 0, 1, 0, 0 },
        { "as many as are reported", EVENTS_PER_UNIT_MAX, 0, EVENTS_PER_UNIT_MAX, 0, 0 },
        { "one more is reported as well", EVENTS_PER_UNIT_MAX + 1, 0, EVENTS_PER_UNIT_MAX + 1, 0, 0 },
        { "two more are summarized", EVENTS_PER_UNIT_MAX + 2, 0, EVENTS_PER_UNIT_MAX, 2, 1 },
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
                size_t reported = 0, silent = 0, summarized = 0, sums = 0;
                DebounceResult result = {};
                EventQueue queue = {};
                QueuedEvent n;

                put(s, 1000, rows[row].a, "a.service");
                put(s, 2000, rows[row].b, NULL);
                snapshot_freeze(s);
                result.events = calloc(s->n_findings + 1, sizeof(*result.events));
                for (size_t i = 0; i < s->n_findings; i++)
                        result.events[result.n_events++] = (FindingEvent){ gone ? EVENT_REMOVED : EVENT_ADDED, s->findings[i], REMOVAL_EXITED };

                ck_assert_int_eq(event_queue_add(&queue, &result), 0);
                while (event_queue_take(&queue, &n)) {
                        if (event_is_summary(&n)) {
                                sums++;
                                summarized += n.n_findings;
                                ck_assert((n.event.kind == EVENT_REMOVED) == gone);
                                ck_assert_uint_le(n.n_processes, n.n_findings);
                        } else {
                                ck_assert_int_eq(n.event.kind, gone ? EVENT_REMOVED : EVENT_ADDED);
                                reported += n.in_journal;
                                silent += !n.in_journal;
                        }
                        queued_event_done(&n);
                }
                ck_assert_msg(reported == rows[row].reported && summarized == rows[row].summarized && sums == rows[row].sums,
                              "%s: %zu reported, %zu summarized in %zu", rows[row].name, reported, summarized, sums);
                ck_assert_msg(silent == summarized, "%s", rows[row].name);
                debounce_result_done(&result);
        }
}

START_TEST(a_burst_of_a_unit_is_summarized) {
        check(/* gone= */ _i);
}
END_TEST

/* Of a storm of three findings in each process, one of which is urgent. */
START_TEST(urgent_events_come_first) {
        enum { PROCESSES = EVENTS_PER_UNIT_MAX + 2 };
        _cleanup_(event_queue_done) EventQueue queue = {};
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        FindingEvent events[3 * PROCESSES];
        DebounceResult result = { .events = events };
        size_t reported = 0;
        QueuedEvent n;

        for (pid_t pid = 1; pid <= PROCESSES; pid++)
                for (size_t i = 1; i <= 3; i++)
                        snapshot_put(s, pid, i, "a.service", i == 2 ? FLAG_CRASH_RISK : 0);
        snapshot_freeze(s);
        for (size_t i = 0; i < s->n_findings; i++)
                events[result.n_events++] = (FindingEvent){ .finding = s->findings[i] };
        ck_assert_int_eq(event_queue_add(&queue, &result), 0);
        while (event_queue_take(&queue, &n)) {
                if (event_is_summary(&n)) {
                        ck_assert_int_eq(n.urgency, URGENCY_URGENT); /* two of these did not come first */
                        ck_assert_uint_eq(n.n_findings, 3 * PROCESSES - EVENTS_PER_UNIT_MAX);
                        ck_assert_uint_eq(n.n_processes, PROCESSES);
                } else if (n.in_journal) {
                        ck_assert_int_eq(finding_urgency(n.event.finding), URGENCY_URGENT);
                        reported++;
                }
                queued_event_done(&n);
        }
        ck_assert_uint_eq(reported, EVENTS_PER_UNIT_MAX);
}
END_TEST

START_TEST(remaining_events_are_freed) {
        _cleanup_(event_queue_done) EventQueue queue = {};
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        DebounceResult result = {};
        FindingEvent event;

        put(s, 1, 1, "a.service");
        snapshot_freeze(s);
        event = (FindingEvent){ .finding = s->findings[0] };
        result.events = &event;
        result.n_events = 1;
        ck_assert_int_eq(event_queue_add(&queue, &result), 0);
        ck_assert_uint_eq(queue.n, 1);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("event-queue");
        TCase *tcase = tcase_create("event-queue");

        tcase_add_loop_test(tcase, a_burst_of_a_unit_is_summarized, 0, 2);
        tcase_add_test(tcase, urgent_events_come_first);
        tcase_add_test(tcase, remaining_events_are_freed);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
