/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report/snapshot.h"
#include "unit.h"

/* One finding as the rows below write it: process, its start, inode; the state tells them apart. */
typedef struct Row {
        pid_t pid;
        uint64_t start_time, inode;
        State state;
} Row;

static void take(Snapshot *s, Row row) {
        Finding f = {
                .pid = row.pid,
                .start_time = row.start_time,
                .state = row.state,
                .mapped = { .dev_major = 8, .dev_minor = 1, .inode = row.inode, .known = true },
        };

        f.comm = strdup("prog");
        f.path = strdup("/lib/a.so");
        f.advice = strdup("restart it");
        f.message = strdup("it is stale");
        ck_assert_int_eq(snapshot_take_finding(s, &f), 0);
        ck_assert_ptr_null(f.path);
}

static Snapshot *snapshot_of(const Row *rows, size_t n) {
        Snapshot *s = snapshot_new();

        ck_assert_ptr_nonnull(s);
        for (size_t i = 0; i < n; i++)
                take(s, rows[i]);
        return s;
}

START_TEST(findings_are_sorted_and_the_first_of_equals_stays) {
        static const Row rows[] = {
                { 30, 1, 5, STATE_REPLACED }, { 10, 2, 7, STATE_REPLACED }, { 10, 1, 9, STATE_REPLACED },
                { 30, 1, 5, STATE_DELETED }, { 20, 1, 1, STATE_HIDDEN }, { 30, 1, 4, STATE_REPLACED },
                { 10, 2, 7, STATE_MOVED }, { 10, 2, 7, STATE_DELETED },
        };
        static const Row sorted[] = {
                { 10, 1, 9, STATE_REPLACED }, { 10, 2, 7, STATE_REPLACED }, { 20, 1, 1, STATE_HIDDEN },
                { 30, 1, 4, STATE_REPLACED }, { 30, 1, 5, STATE_REPLACED },
        };
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_of(rows, ELEMENTSOF(rows));

        snapshot_freeze(s);
        ck_assert_uint_eq(s->n_findings, ELEMENTSOF(sorted));
        for (size_t i = 0; i < ELEMENTSOF(sorted); i++) {
                ck_assert_int_eq(s->findings[i]->pid, sorted[i].pid);
                ck_assert_uint_eq(s->findings[i]->start_time, sorted[i].start_time);
                ck_assert_uint_eq(s->findings[i]->mapped.inode, sorted[i].inode);
                ck_assert_int_eq(s->findings[i]->state, sorted[i].state);
        }
}
END_TEST

START_TEST(many_findings_in_any_order_are_sorted) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();

        /* 7919 is prime: i * 7919 mod 1000 visits each of 0..999 once. */
        for (unsigned i = 0; i < 1000; i++)
                take(s, (Row){ (pid_t) (i * 7919 % 1000) + 1, 1, i % 10, STATE_REPLACED });
        snapshot_freeze(s);
        ck_assert_uint_eq(s->n_findings, 1000);
        for (unsigned i = 0; i < 1000; i++)
                ck_assert_int_eq(s->findings[i]->pid, (pid_t) i + 1);
        ck_assert_uint_eq(snapshot_stale_processes(s), 1000);
        ck_assert_uint_eq(snapshot_stale_libraries(s), 10);
}
END_TEST

START_TEST(frozen_again_and_added_to_it_is_as_before) {
        static const Row rows[] = { { 20, 1, 5, STATE_REPLACED }, { 10, 2, 7, STATE_REPLACED }, { 10, 2, 7, STATE_MOVED } };
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_of(rows, ELEMENTSOF(rows));

        snapshot_freeze(s);
        snapshot_freeze(s);
        ck_assert_uint_eq(s->n_findings, 2);
        take(s, (Row) { 15, 1, 1, STATE_DELETED });
        snapshot_freeze(s);
        ck_assert_uint_eq(s->n_findings, 3);
        for (size_t i = 0; i < 3; i++)
                ck_assert_int_eq(s->findings[i]->pid, (pid_t) (10 + 5 * i));
}
END_TEST

START_TEST(counts_are_of_distinct_processes_and_files) {
        static const Row rows[] = {
                { 1, 1, 5, STATE_REPLACED }, { 1, 1, 6, STATE_REPLACED }, { 1, 2, 5, STATE_REPLACED },
                { 2, 1, 5, STATE_REPLACED },
        };
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_of(rows, ELEMENTSOF(rows)), *none = snapshot_new();

        snapshot_freeze(s);
        ck_assert_uint_eq(snapshot_stale_processes(s), 3);
        ck_assert_uint_eq(snapshot_stale_libraries(s), 2);
        snapshot_freeze(none);
        ck_assert_uint_eq(snapshot_stale_processes(none), 0);
        ck_assert_uint_eq(snapshot_stale_libraries(none), 0);
}
END_TEST

/* Process, inode and flags. What is stale is of urgency normal or urgent; a process or file counts for its most urgent finding. */
START_TEST(counts_are_by_urgency) {
        static const struct { pid_t pid; uint64_t inode; uint32_t flags; } rows[] = {
                { 1, 5, FLAG_SAME_CONTENT }, { 1, 6, FLAG_SAME_CONTENT | FLAG_BOTH_GENERATIONS },
                { 2, 5, FLAG_SAME_CONTENT }, { 2, 7, 0 },
                { 3, 7, 0 }, { 3, 8, FLAG_CRASH_RISK | FLAG_SAME_CONTENT }, { 3, 9, FLAG_CRASH_RISK },
                { 4, 6, FLAG_SAME_CONTENT }, { 4, 7, FLAG_UNCONFIRMED },
        };
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        StaleCounts expected = { .findings = { 4, 3, 2 }, .processes = 3, .urgent_processes = 1,
                                 .same_content_processes = 1, .libraries = 3 };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Finding f = { .pid = rows[i].pid, .flags = rows[i].flags, .mapped = { .inode = rows[i].inode } };

                ck_assert_int_eq(snapshot_take_finding(s, &f), 0);
        }
        snapshot_freeze(s);
        ck_assert_mem_eq(&s->listed, &expected, sizeof(expected));
        ck_assert_uint_eq(stale_counts_stale(&s->listed), 5);
        ck_assert_uint_eq(stale_counts_findings(&s->listed), 9);

        /* More than are listed, and fewer. */
        s->counts.stale = (StaleCounts){ .findings = { 0, 100, 0 }, .processes = 50, .libraries = 1 };
        snapshot_raise_counts(s, /* whole= */ false);
        ck_assert_uint_eq(stale_counts_findings(&s->counts.stale), 106);
        ck_assert_uint_eq(s->counts.stale.processes, 50);
        ck_assert_uint_eq(s->counts.stale.libraries, 3);
        snapshot_raise_counts(s, /* whole= */ true);
        ck_assert_mem_eq(&s->counts.stale, &expected, sizeof(expected));
}
END_TEST

/* What became of a finding that was listed or stood, where it is listed, stands, or is not there. */
static const struct {
        const char *name;
        bool was_listed, was_standing, is_listed, is_standing;
        size_t added, removed, changed;
} places[] = {
        { "new", false, false, true, false, 1, 0, 0 },
        { "listed no more", true, false, false, true, 0, 0, 1 },
        { "listed again", false, true, true, false, 0, 0, 1 },
        { "stands on", false, true, false, true, 0, 0, 0 },
        { "gone from the list", true, false, false, false, 0, 1, 0 },
        { "stood, and gone", false, true, false, false, 0, 1, 0 },
};

static Snapshot *place_snapshot(Finding *f, bool is_listed, bool stands) {
        static const Row others[] = { { 6, 70, 5, STATE_REPLACED }, { 8, 70, 5, STATE_REPLACED } };
        Snapshot *s = snapshot_of(others, ELEMENTSOF(others));

        for (pid_t pid = 6; pid <= 8; pid++)
                snapshot_add_looked(s, pid, 70, LOOK_DONE);
        if (is_listed)
                ck_assert_int_eq(snapshot_add_finding(s, f), 0);
        if (stands)
                ck_assert_int_eq(snapshot_add_standing(s, f), 0);
        snapshot_freeze(s);
        return s;
}

START_TEST(what_stands_is_not_gone) {
        static const Row row = { 7, 70, 5, STATE_REPLACED };
        _cleanup_(snapshot_freep) Snapshot *own = snapshot_of(&row, 1);
        _cleanup_(snapshot_freep) Snapshot *old = place_snapshot(own->findings[0], places[_i].was_listed, places[_i].was_standing);
        _cleanup_(snapshot_freep) Snapshot *new = place_snapshot(own->findings[0], places[_i].is_listed, places[_i].is_standing);
        _cleanup_(difference_done) Difference d = {};

        ck_assert_int_eq(snapshot_difference(old, new, &d), 0);
        ck_assert_msg(d.n[EVENT_ADDED] == places[_i].added && d.n[EVENT_REMOVED] == places[_i].removed && d.n[EVENT_CHANGED] == places[_i].changed,
                      "%s", places[_i].name);
        if (d.n[EVENT_REMOVED] > 0)
                ck_assert_int_eq(d.events[0].removal, REMOVAL_UNMAPPED);
        ck_assert_ptr_eq(snapshot_find_known(new, own->findings[0]), places[_i].is_listed || places[_i].is_standing ? own->findings[0] : NULL);
}
END_TEST

/* What stood, and cannot be judged, is listed then; what the new one says stands, it need not take over. */
START_TEST(what_stood_is_carried_over) {
        static const Row row = { 7, 70, 5, STATE_REPLACED };
        _cleanup_(snapshot_freep) Snapshot *own = snapshot_of(&row, 1);
        _cleanup_(snapshot_freep) Snapshot *old = place_snapshot(own->findings[0], false, true);
        _cleanup_(snapshot_freep) Snapshot *new = place_snapshot(own->findings[0], false, _i == 1);

        new->looked[1].look = LOOK_PARTIAL;
        ck_assert_int_eq(snapshot_carry_over(old, new), 0);
        ck_assert_uint_eq(new->n_findings, _i == 0 ? 3 : 2);
        ck_assert_uint_eq(new->n_standing, _i == 0 ? 0 : 1);
        ck_assert_uint_eq(snapshot_n_known(new), 3);
}
END_TEST

START_TEST(files_without_an_inode_number_are_told_apart_by_path) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        static const char *const paths[] = { "/a", "/b", "/a" };

        for (int i = 0; i < 3; i++) {
                Finding f = { .pid = i + 1, .path = strdup(paths[i]) };

                ck_assert_int_eq(snapshot_add_recovered(s, &f), 0);
                ck_assert_int_eq(snapshot_take_finding(s, &f), 0);
        }
        snapshot_freeze(s);
        ck_assert_uint_eq(snapshot_stale_libraries(s), 2);
        ck_assert_str_eq(s->recovered[1]->path, "/b");
}
END_TEST

START_TEST(a_finding_is_found_by_its_key_alone) {
        static const Row rows[] = { { 3, 1, 5, STATE_REPLACED }, { 1, 9, 5, STATE_DELETED } };
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_of(rows, ELEMENTSOF(rows)), *none = snapshot_new();
        Finding key = { .pid = 1, .start_time = 9, .mapped = { .dev_major = 8, .dev_minor = 1, .inode = 5 } };

        snapshot_freeze(s);
        ck_assert_ptr_eq(snapshot_find(s, &key), &s->findings[0]);
        key.start_time = 8;
        ck_assert_ptr_null(snapshot_find(s, &key));
        snapshot_freeze(none);
        ck_assert_ptr_null(snapshot_find(none, &key));
}
END_TEST

START_TEST(a_look_is_found_by_its_pid) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();

        ck_assert_ptr_null(snapshot_find_looked(s, 1));
        snapshot_add_looked(s, 30, 1, LOOK_DONE);
        snapshot_add_looked(s, 10, 0, LOOK_FAILED);
        snapshot_freeze(s);
        ck_assert_int_eq(snapshot_find_looked(s, 10)->look, LOOK_FAILED);
        ck_assert_uint_eq(snapshot_find_looked(s, 30)->start_time, 1);
        ck_assert_ptr_null(snapshot_find_looked(s, 20));
}
END_TEST

/* What became of the one finding { 7, 70, 5, replaced } of /lib/a.so on 8:1 of the sweep before. */
static const struct {
        const char *name;
        bool listed;                 /* the new sweep saw a process 7 */
        uint64_t start_time;
        Look look;
        bool found, other_state;     /* and its finding */
        bool recovered;
        UnknownMapping unknown;      /* where its pid is set, what could not be judged */
        size_t added, removed, changed, carried;
        Removal removal;
} cases[] = {
        { "exited", false, 0, LOOK_DONE, false, false, false, {}, 0, 1, 0, 0, REMOVAL_EXITED },
        { "pid reused", true, 71, LOOK_DONE, false, false, false, {}, 0, 1, 0, 0, REMOVAL_EXITED },
        { "pid reused by one that cannot be read", true, 71, LOOK_FAILED, false, false, false, {}, 0, 1, 0, 0, REMOVAL_EXITED },
        { "pid reused by one listed in part", true, 71, LOOK_PARTIAL, false, false, false, {}, 0, 1, 0, 0, REMOVAL_EXITED },
        { "unmapped", true, 70, LOOK_DONE, false, false, false, {}, 0, 1, 0, 0, REMOVAL_UNMAPPED },
        { "current again", true, 70, LOOK_DONE, false, false, true, {}, 0, 1, 0, 0, REMOVAL_CURRENT_AGAIN },
        { "still the same", true, 70, LOOK_DONE, true, false, false, {}, 0, 0, 0, 0, REMOVAL_INVALID },
        { "changed", true, 70, LOOK_DONE, true, true, false, {}, 0, 0, 1, 0, REMOVAL_INVALID },
        { "could not be read", true, 70, LOOK_FAILED, false, false, false, {}, 0, 0, 0, 1, REMOVAL_INVALID },
        { "could not even be opened", true, 0, LOOK_FAILED, false, false, false, {}, 0, 0, 0, 1, REMOVAL_INVALID },
        { "could be read in part", true, 70, LOOK_FAILED, true, false, false, {}, 0, 0, 0, 0, REMOVAL_INVALID },
        { "listed in part", true, 70, LOOK_PARTIAL, false, false, false, {}, 0, 0, 0, 1, REMOVAL_INVALID },
        { "listed in part, and found", true, 70, LOOK_PARTIAL, true, false, false, {}, 0, 0, 0, 0, REMOVAL_INVALID },
        { "listed in part, and current again", true, 70, LOOK_PARTIAL, false, false, true, {}, 0, 1, 0, 0, REMOVAL_CURRENT_AGAIN },
        { "unknown now", true, 70, LOOK_DONE, false, false, false, { 7, 70, NULL, NULL, 8, 1, 5, UNKNOWN_REMOTE }, 0, 0, 0, 1, REMOVAL_INVALID },
        { "unknown now, as maps prints its device", true, 70, LOOK_DONE, false, false, false,
          { 7, 70, NULL, NULL, 0, 40, 5, UNKNOWN_PERMISSION }, 0, 0, 0, 1, REMOVAL_INVALID },
        { "unknown now, as maps prints both numbers", true, 70, LOOK_DONE, false, false, false,
          { 7, 70, NULL, (char *) "/lib/a.so", 0, 40, 6, UNKNOWN_PERMISSION }, 0, 0, 0, 1, REMOVAL_INVALID },
        { "unknown now, without numbers", true, 70, LOOK_DONE, false, false, false,
          { 7, 70, NULL, (char *) "/lib/a.so", 8, 1, 0, UNKNOWN_OTHER }, 0, 0, 0, 1, REMOVAL_INVALID },
        { "another file is unknown", true, 70, LOOK_DONE, false, false, false,
          { 7, 70, NULL, (char *) "/lib/b.so", 0, 40, 6, UNKNOWN_REMOTE }, 0, 1, 0, 0, REMOVAL_UNMAPPED },
        { "its successor is unknown", true, 70, LOOK_DONE, false, false, false,
          { 7, 70, NULL, (char *) "/lib/a.so", 8, 1, 6, UNKNOWN_REMOTE }, 0, 1, 0, 0, REMOVAL_UNMAPPED },
        { "it is unknown in another process", true, 70, LOOK_DONE, false, false, false,
          { 8, 70, NULL, NULL, 8, 1, 5, UNKNOWN_REMOTE }, 0, 1, 0, 0, REMOVAL_UNMAPPED },
        { "it is unknown in one that had the pid", true, 70, LOOK_DONE, false, false, false,
          { 7, 69, NULL, NULL, 8, 1, 5, UNKNOWN_REMOTE }, 0, 1, 0, 0, REMOVAL_UNMAPPED },
};

static Snapshot *case_snapshot(int i) {
        Snapshot *s = snapshot_new();
        Finding key = { .pid = 7, .start_time = 70, .mapped = { .dev_major = 8, .dev_minor = 1, .inode = 5 } };

        if (cases[i].listed)
                snapshot_add_looked(s, 7, cases[i].start_time, cases[i].look);
        if (cases[i].found)
                take(s, (Row){ 7, 70, 5, cases[i].other_state ? STATE_DELETED : STATE_REPLACED });
        if (cases[i].recovered)
                ck_assert_int_eq(snapshot_add_recovered(s, &key), 0);
        if (cases[i].unknown.pid != 0)
                ck_assert_int_eq(snapshot_add_unknown(s, &cases[i].unknown), 0);
        snapshot_freeze(s);
        return s;
}

START_TEST(difference_tells_what_became_of_a_finding) {
        static const Row before = { 7, 70, 5, STATE_REPLACED };
        _cleanup_(snapshot_freep) Snapshot *old = snapshot_of(&before, 1), *new = case_snapshot(_i);
        _cleanup_(difference_done) Difference d = {};

        snapshot_freeze(old);
        ck_assert_int_eq(snapshot_difference(old, new, &d), 0);
        ck_assert_msg(d.n[EVENT_ADDED] == cases[_i].added && d.n[EVENT_REMOVED] == cases[_i].removed &&
                      d.n[EVENT_CHANGED] == cases[_i].changed, "%s", cases[_i].name);
        if (d.n[EVENT_REMOVED] > 0) {
                ck_assert_ptr_eq(d.events[0].finding, old->findings[0]);
                ck_assert_int_eq(d.events[0].removal, cases[_i].removal);
        }
        if (d.n[EVENT_CHANGED] > 0)
                ck_assert_ptr_eq(d.events[0].finding, new->findings[0]);
}
END_TEST

START_TEST(carry_over_keeps_what_could_not_be_judged) {
        static const Row before = { 7, 70, 5, STATE_REPLACED };
        _cleanup_(snapshot_freep) Snapshot *old = snapshot_of(&before, 1), *new = case_snapshot(_i);
        size_t n = new->n_findings;

        snapshot_freeze(old);
        ck_assert_int_eq(snapshot_carry_over(old, new), 0);
        ck_assert_msg(new->n_findings == n + cases[_i].carried, "%s", cases[_i].name);
        ck_assert_uint_eq(old->findings[0]->flags, 0);
        if (cases[_i].carried > 0) {
                ck_assert_uint_eq(new->findings[0]->flags, FLAG_UNCONFIRMED);
                ck_assert_str_eq(new->findings[0]->message, "it is stale");
                ck_assert_int_eq(finding_compare(new->findings[0], old->findings[0]), 0);
                ck_assert_uint_eq(snapshot_stale_libraries(new), 1);
        }
}
END_TEST

/* Once with the flag, it is shared from one snapshot to the next, and so is no change. */
START_TEST(what_stays_unconfirmed_does_not_change) {
        static const Row before = { 7, 70, 5, STATE_REPLACED };
        _cleanup_(snapshot_freep) Snapshot *old = snapshot_of(&before, 1), *next = snapshot_new(), *last = snapshot_new();
        _cleanup_(difference_done) Difference d = {};

        snapshot_freeze(old);
        snapshot_add_looked(next, 7, 70, LOOK_FAILED);
        snapshot_freeze(next);
        snapshot_add_looked(last, 7, 70, LOOK_PARTIAL);
        snapshot_freeze(last);
        ck_assert_int_eq(snapshot_carry_over(old, next), 0);
        ck_assert_int_eq(snapshot_difference(old, next, &d), 0);
        ck_assert_uint_eq(d.n[EVENT_CHANGED], 1);
        ck_assert_uint_eq(d.n[EVENT_ADDED] + d.n[EVENT_REMOVED], 0);
        difference_done(&d);
        ck_assert_int_eq(snapshot_carry_over(next, last), 0);
        ck_assert_ptr_eq(last->findings[0], next->findings[0]);
        ck_assert_int_eq(snapshot_difference(next, last, &d), 0);
        ck_assert_uint_eq(d.n[EVENT_CHANGED] + d.n[EVENT_ADDED] + d.n[EVENT_REMOVED], 0);
}
END_TEST

START_TEST(without_an_old_snapshot_all_is_added) {
        static const Row rows[] = { { 3, 1, 5, STATE_REPLACED }, { 1, 9, 5, STATE_DELETED } };
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_of(rows, ELEMENTSOF(rows)), *none = snapshot_new();
        Difference d = {};

        snapshot_freeze(s);
        snapshot_freeze(none);
        ck_assert_int_eq(snapshot_difference(NULL, s, &d), 0);
        ck_assert_uint_eq(d.n[EVENT_ADDED], 2);
        ck_assert_uint_eq(d.n[EVENT_REMOVED] + d.n[EVENT_CHANGED], 0);
        ck_assert_int_eq(d.events[0].finding->pid, 1);
        difference_done(&d);

        ck_assert_int_eq(snapshot_difference(s, s, &d), 0);
        ck_assert_uint_eq(d.n[EVENT_ADDED] + d.n[EVENT_REMOVED] + d.n[EVENT_CHANGED], 0);
        difference_done(&d);

        ck_assert_int_eq(snapshot_difference(s, none, &d), 0);
        ck_assert_uint_eq(d.n[EVENT_REMOVED], 2);
        difference_done(&d);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("snapshot");
        TCase *tcase = tcase_create("snapshot");

        tcase_add_test(tcase, findings_are_sorted_and_the_first_of_equals_stays);
        tcase_add_test(tcase, many_findings_in_any_order_are_sorted);
        tcase_add_test(tcase, frozen_again_and_added_to_it_is_as_before);
        tcase_add_test(tcase, counts_are_of_distinct_processes_and_files);
        tcase_add_test(tcase, counts_are_by_urgency);
        tcase_add_loop_test(tcase, what_stands_is_not_gone, 0, ELEMENTSOF(places));
        tcase_add_loop_test(tcase, what_stood_is_carried_over, 0, 2);
        tcase_add_test(tcase, files_without_an_inode_number_are_told_apart_by_path);
        tcase_add_test(tcase, a_finding_is_found_by_its_key_alone);
        tcase_add_test(tcase, a_look_is_found_by_its_pid);
        tcase_add_loop_test(tcase, difference_tells_what_became_of_a_finding, 0, ELEMENTSOF(cases));
        tcase_add_loop_test(tcase, carry_over_keeps_what_could_not_be_judged, 0, ELEMENTSOF(cases));
        tcase_add_test(tcase, what_stays_unconfirmed_does_not_change);
        tcase_add_test(tcase, without_an_old_snapshot_all_is_added);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
