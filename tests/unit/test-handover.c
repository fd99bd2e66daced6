/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a scanner hands over, sweep after sweep, and what the daemon takes from it: both ends, with no process between. */

#include "bus-nowhere.h"
#include "findings.h"
#include "handover.h"
#include "message.h"
#include "debounce.h"

static Handover *scanner;  /* of the last sweep */
static Debounce settle;      /* of the daemon */
static DebounceResult last;

static void setup(void) {
        bus_setup();
        scanner = NULL;
        settle = (Debounce){};
        last = (DebounceResult){};
}

static void teardown(void) {
        debounce_result_done(&last);
        debounce_done(&settle);
        scanner = handover_free(scanner);
        bus_teardown();
}

/* The owner is the pid's hundreds: whatever uid its findings have. */
static int owner_of_pid(void *userdata _unused_, pid_t pid, uint64_t start_time _unused_, uint64_t *ret) {
        *ret = (uint64_t) pid / 100;
        return 0;
}

/* Findings of so many files in each process from the first on, with paths of so many bytes of control characters. */
static void put(Snapshot *s, pid_t first, size_t processes, size_t files, size_t path, uint32_t flags) {
        for (size_t i = 0; i < processes; i++)
                for (size_t k = 1; k <= files; k++) {
                        Finding f = finding_make(first + (pid_t) i, k, "a.service");

                        f.flags = flags;
                        if (path > 0) {
                                free(f.path);
                                f.path = malloc(path + 1);
                                memset(f.path, 1, path);
                                f.path[path] = '\0';
                        }
                        ck_assert_int_eq(snapshot_take_finding(s, &f), 0);
                }
}

/* As many pieces as it takes, into the daemon's snapshot. */
static void fetch(Answer *a, size_t *ret_texts) {
        size_t left = FINDINGS_TEXT_MAX, at = 0;

        *ret_texts = 0;
        while (at < a->n_findings) {
                sd_bus_message *m = message_new();
                size_t before = left;
                uint32_t next;

                ck_assert_int_ge(handover_append_piece(scanner, m, at), 0);
                seal(m);
                ck_assert_int_gt(piece_read(m, settle.snapshot, a->snapshot, &left, &next), 0);
                ck_assert_uint_gt(next, at);
                *ret_texts += before - left;
                at = next;
                sd_bus_message_unref(m);
        }
        ck_assert_uint_eq(a->snapshot->n_findings, a->n_findings);
}

/* A sweep that found all of s, which is completed and taken; what the daemon makes of it is in `settle` and `last`. */
static void sweep(Snapshot *s) {
        const Snapshot *previous = scanner ? scanner->snapshot : NULL;
        sd_bus_message *m = message_new();
        Handover *next;
        Answer a = {};
        size_t texts;

        for (size_t i = 0; i < s->n_findings; i++)
                if (i == 0 || s->findings[i - 1]->pid != s->findings[i]->pid)
                        snapshot_look(s, s->findings[i]->pid, LOOK_DONE);
        snapshot_freeze(s);
        if (previous)
                ck_assert_int_eq(snapshot_carry_over(previous, s), 0);
        snapshot_raise_counts(s, /* whole= */ true);
        s->counts.processes = s->n_looked;
        s->counts.unknown_by[UNKNOWN_OTHER] = s->n_unknown;
        ck_assert_int_eq(handover_new(s, scanner, owner_of_pid, NULL, &next), 0);
        handover_free(scanner);
        scanner = next;

        ck_assert_int_ge(answer_append(m, s, (uint32_t) scanner->n_choice, scanner->standing, scanner->n_standing,
                                       /* missing= */ 0), 0);
        seal(m);
        ck_assert_int_eq(answer_read(m, settle.snapshot, &a), 0);
        sd_bus_message_unref(m);
        fetch(&a, &texts);
        snapshot_freeze(a.snapshot);
        ck_assert(answer_is_sound(a.snapshot));
        debounce_result_done(&last);
        last = (DebounceResult){};
        ck_assert_int_eq(debounce_update(&settle, a.snapshot, 10, /* settle_usec= */ 0, &last), 0);
}

/* Another scanner takes over, and gets what the daemon knows. */
static void restart_scanner(void) {
        const Request sent = { .previous = settle.snapshot };
        sd_bus_message *m = message_new();
        Request got = {};

        ck_assert_int_ge(request_append(m, &sent), 0);
        seal(m);
        ck_assert_int_eq(request_read(m, &got), 0);
        sd_bus_message_unref(m);
        ck_assert_uint_eq(got.previous->n_findings, snapshot_n_known(settle.snapshot));
        scanner = handover_free(scanner);
        ck_assert_int_eq(handover_new_from_request(TAKE_PTR(got.previous), got.previous_states, &scanner), 0);
        request_done(&got);
}

static size_t listed(pid_t first, pid_t end) {
        size_t n = 0;

        for (size_t i = 0; i < settle.snapshot->n_findings; i++)
                n += settle.snapshot->findings[i]->pid >= first && settle.snapshot->findings[i]->pid < end;
        return n;
}

static size_t told(bool gone) {
        size_t n = 0;

        for (size_t i = 0; i < last.n_events; i++)
                n += last.events[i].kind == (gone ? EVENT_REMOVED : EVENT_ADDED);
        return n;
}

static uint64_t total(void) {
        return stale_counts_findings(&settle.snapshot->counts.stale);
}

START_TEST(what_is_as_it_was_is_not_handed_over_again) {
        for (int i = 0; i < 3; i++) {
                Snapshot *s = snapshot_new();

                put(s, 100, 10, 10, 0, 0);
                sweep(s);
                ck_assert_uint_eq(listed(100, 200), 100);
                ck_assert_uint_eq(told(/* gone= */ false), i == 0 ? 100 : 0);
                ck_assert_uint_eq(last.difference.n[EVENT_CHANGED], 0);
        }
        for (size_t i = 0; i < scanner->n_choice; i++)
                ck_assert(scanner->handed[i].as_it_is);
}
END_TEST

/* By places, then by text: 10,000 findings of one owner are listed, and others come, of lower and of higher pids. */
static const struct {
        size_t path, processes;
} crowds[] = { { 0, 100 }, { 400, 45 } };

START_TEST(what_is_cut_is_never_gone) {
        size_t processes = crowds[_i].processes, path = crowds[_i].path, before;
        Snapshot *s = snapshot_new();

        put(s, 500, processes, 100, path, 0);
        sweep(s);
        before = listed(500, 600);
        ck_assert_uint_gt(before, 2000);
        for (int i = 0; i < 3; i++) {
                s = snapshot_new();
                put(s, 100, processes, 100, path, 0);
                put(s, 500, processes, 100, path, 0);
                put(s, 900, 1, 1, 0, 0);
                if (i == 2)
                        restart_scanner();
                sweep(s);
                ck_assert_uint_eq(told(/* gone= */ true), 0);
                ck_assert_uint_eq(total(), 2 * processes * 100 + 1);
                ck_assert_uint_eq(settle.snapshot->counts.stale.processes, 2 * processes + 1);
                ck_assert_uint_eq(listed(900, 901), 1);
                ck_assert_uint_gt(listed(100, 200), before / 2 - 100);
                ck_assert_uint_gt(listed(500, 600), before / 2 - 100);
                ck_assert_uint_eq(settle.snapshot->n_standing, before - listed(500, 600));
                ck_assert_uint_le(settle.snapshot->n_findings, FINDINGS_MAX);
        }

        /* The crowd goes: what stood is listed again, and not reported again. */
        s = snapshot_new();
        put(s, 500, processes, 100, path, 0);
        sweep(s);
        ck_assert_uint_eq(listed(500, 600), before);
        ck_assert_uint_eq(settle.snapshot->n_standing, 0);
        ck_assert_uint_eq(told(/* gone= */ false), 0);
        ck_assert_uint_eq(listed(100, 200), 0);

        /* Listed or standing, what goes is reported. */
        sweep(snapshot_new());
        ck_assert_uint_eq(told(/* gone= */ true), before);
        ck_assert_uint_eq(total(), 0);
}
END_TEST

START_TEST(what_stands_and_goes_is_told) {
        Snapshot *s = snapshot_new();
        size_t standing;

        put(s, 500, 100, 100, 0, 0);
        sweep(s);
        s = snapshot_new();
        put(s, 100, 100, 100, 0, 0);
        put(s, 500, 100, 100, 0, 0);
        sweep(s);
        standing = settle.snapshot->n_standing;
        ck_assert_uint_eq(standing, 5000);
        s = snapshot_new();
        put(s, 100, 100, 100, 0, 0);
        sweep(s);
        ck_assert_uint_eq(told(/* gone= */ true), 10000);
        ck_assert_int_eq(last.events[0].removal, REMOVAL_EXITED);
        ck_assert_uint_eq(listed(100, 200), 10000);
}
END_TEST

/* The first that were found stay, however many come before them. */
START_TEST(what_was_listed_comes_first) {
        Snapshot *s = snapshot_new();

        put(s, 515, 80, 120, 0, 0);
        sweep(s);
        for (int i = 0; i < 3; i++) {
                s = snapshot_new();
                put(s, 500, 95, 120, 0, 0);
                if (i == 1)
                        restart_scanner();
                sweep(s);
                ck_assert_uint_eq(listed(515, 600), 9600);
                ck_assert_uint_eq(listed(500, 515), 400);
                ck_assert_uint_eq(total(), 95 * 120);
                ck_assert_uint_eq(settle.snapshot->n_standing, 0);
                ck_assert_uint_eq(told(/* gone= */ true), 0);
        }
}
END_TEST

/* Where one's own do not all fit, same content is the first to be left out. */
START_TEST(same_content_gives_way) {
        Snapshot *s = snapshot_new();

        put(s, 500, 100, 100, 0, FLAG_SAME_CONTENT);
        sweep(s);
        ck_assert_uint_eq(settle.snapshot->counts.stale.same_content_processes, 100);
        ck_assert_uint_eq(settle.snapshot->counts.stale.processes, 0);
        s = snapshot_new();
        put(s, 400, 10, 100, 0, 0);
        put(s, 500, 100, 100, 0, FLAG_SAME_CONTENT);
        put(s, 600, 1, 1, 0, FLAG_CRASH_RISK);
        sweep(s);
        ck_assert_uint_eq(listed(400, 500), 1000);
        ck_assert_uint_eq(listed(600, 700), 1);
        ck_assert_uint_eq(told(/* gone= */ true), 0);
        ck_assert_uint_eq(settle.snapshot->counts.stale.processes, 11);
        ck_assert_uint_eq(settle.snapshot->counts.stale.urgent_processes, 1);
        ck_assert_uint_eq(settle.snapshot->counts.stale.findings[URGENCY_NONE], 10000);
}
END_TEST

/* One process has more than are listed of one: all are counted. */
START_TEST(more_than_are_listed_of_a_process_are_counted) {
        Snapshot *s = snapshot_new();

        put(s, 500, 1, 1000, 0, 0);
        sweep(s);
        ck_assert_uint_eq(listed(500, 501), FINDINGS_PROCESS_MAX);
        ck_assert_uint_eq(total(), 1000);
        ck_assert_uint_eq(settle.snapshot->counts.stale.libraries, 1000);
}
END_TEST

/* What no piece would hold is counted, and is in nobody's way. */
START_TEST(what_is_too_long_is_counted) {
        Snapshot *s = snapshot_new();

        put(s, 500, 1, 1, FINDING_TEXT_MAX / 2, 0);
        put(s, 501, 1, 3, 0, 0);
        sweep(s);
        ck_assert_uint_eq(listed(500, 501), 0);
        ck_assert_uint_eq(listed(501, 502), 3);
        ck_assert_uint_eq(total(), 4);
}
END_TEST

static void sweep_unreadable(void) {
        Snapshot *s = snapshot_new();

        ck_assert_int_eq(snapshot_add_unreadable(s, 500, 0, UNKNOWN_PERMISSION), 0);
        sweep(s);
}

/* Also of a scanner that knows no more of it than its key: no less, and no more than once. */
START_TEST(what_cannot_be_judged_stays_over_a_restart_of_the_scanner) {
        Snapshot *s = snapshot_new();

        put(s, 500, 1, 3, 0, FLAG_CRASH_RISK);
        sweep(s);
        for (int i = 0; i < 4; i++) {
                if (i % 2 == 0)
                        restart_scanner();
                sweep_unreadable();
                ck_assert_uint_eq(settle.snapshot->n_findings, 3);
                ck_assert_uint_eq(settle.snapshot->findings[0]->flags, FLAG_CRASH_RISK | FLAG_UNCONFIRMED);
                ck_assert_str_eq(settle.snapshot->findings[0]->unit, "a.service");
                ck_assert_uint_eq(total(), 3);
                ck_assert_uint_eq(settle.snapshot->counts.stale.urgent_processes, 1);
                ck_assert_uint_eq(last.n_events, 0);
        }
        s = snapshot_new();
        put(s, 500, 1, 3, 0, FLAG_CRASH_RISK);
        sweep(s);
        ck_assert_uint_eq(settle.snapshot->findings[0]->flags, FLAG_CRASH_RISK);
        ck_assert_uint_eq(last.n_events, 0);
        sweep(snapshot_new());
        ck_assert_uint_eq(told(/* gone= */ true), 3);
}
END_TEST

/* The daemon hears only of findings that it knows that they are current again. */
START_TEST(only_what_is_known_is_recovered) {
        Snapshot *s = snapshot_new();

        put(s, 500, 1, 200, 0, 0); /* more than are listed of one process */
        sweep(s);
        s = snapshot_new();
        for (size_t i = 1; i <= 200; i++) {
                _cleanup_(finding_done) Finding f = finding_make(500, i, NULL);

                ck_assert_int_eq(snapshot_add_recovered(s, &f), 0);
        }
        snapshot_look(s, 500, LOOK_DONE);
        sweep(s);
        ck_assert_uint_eq(scanner->snapshot->n_recovered, FINDINGS_PROCESS_MAX);
        ck_assert_uint_eq(told(/* gone= */ true), FINDINGS_PROCESS_MAX);
        ck_assert_int_eq(last.events[0].removal, REMOVAL_CURRENT_AGAIN);
}
END_TEST

static void put_unknown(Snapshot *s, pid_t pid, size_t n, size_t path) {
        char *text = malloc(path + 1);

        memset(text, 1, path);
        text[path] = '\0';
        for (size_t i = 0; i < n; i++)
                ck_assert_int_eq(snapshot_add_unknown(s, &(UnknownMapping){ .pid = pid, .start_time = 7, .path = text, .inode = i + 1 }), 0);
        free(text);
}

/* One owner's long paths are cut to what fits, and the processes with them listed in part; those of others stay as they were. */
START_TEST(unknown_mappings_are_cut_by_owner) {
        Snapshot *s = snapshot_new();
        size_t of_owner = 0, text = 0;

        for (pid_t pid = 100; pid < 110; pid++) {
                snapshot_look(s, pid, LOOK_DONE);
                put_unknown(s, pid, UNKNOWN_PROCESS_MAX, 4000);
        }
        snapshot_look(s, 300, LOOK_DONE);
        put_unknown(s, 300, UNKNOWN_PROCESS_MAX, 10);
        snapshot_look(s, 400, LOOK_DONE);
        put_unknown(s, 400, 1, UNKNOWN_TEXT_ONE_MAX);
        sweep(s);
        s = scanner->snapshot;
        for (size_t i = 0; i < s->n_unknown; i++) {
                of_owner += s->unknown[i].pid < 200;
                text += unknown_text(s->unknown + i);
        }
        ck_assert_uint_gt(of_owner, 200);
        ck_assert_uint_le(text, UNKNOWN_TEXT_MAX);
        ck_assert_uint_eq(s->n_unknown, of_owner + UNKNOWN_PROCESS_MAX);
        ck_assert_int_eq(snapshot_find_looked(s, 300)->look, LOOK_DONE);
        ck_assert_int_eq(snapshot_find_looked(s, 400)->look, LOOK_PARTIAL);
        ck_assert_int_eq(snapshot_find_looked(s, 109)->look, LOOK_PARTIAL);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("handover");
        TCase *tcase = tcase_create("handover");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_set_timeout(tcase, 120);
        tcase_add_test(tcase, what_is_as_it_was_is_not_handed_over_again);
        tcase_add_loop_test(tcase, what_is_cut_is_never_gone, 0, ELEMENTSOF(crowds));
        tcase_add_test(tcase, what_stands_and_goes_is_told);
        tcase_add_test(tcase, what_was_listed_comes_first);
        tcase_add_test(tcase, same_content_gives_way);
        tcase_add_test(tcase, more_than_are_listed_of_a_process_are_counted);
        tcase_add_test(tcase, what_is_too_long_is_counted);
        tcase_add_test(tcase, what_cannot_be_judged_stays_over_a_restart_of_the_scanner);
        tcase_add_test(tcase, only_what_is_known_is_recovered);
        tcase_add_test(tcase, unknown_mappings_are_cut_by_owner);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
