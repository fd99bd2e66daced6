/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <syslog.h>

#include "findings.h"
#include "request.h"
#include "debounce.h"

/* What is found in one sweep of a story, and what is to be told. One process, files by their inode. */
typedef struct Step {
        uint64_t now;
        uint64_t inodes[4]; /* 0 ends */
        uint32_t flags;
        Look look;
        bool dead;          /* the process is not there */
        uint64_t unknown;   /* a mapping that could not be judged */
        uint64_t told[4], gone[4];
        Removal removal;
        uint64_t due;
} Step;

#define SETTLE 100
#define NONE UINT64_MAX

static const struct {
        const char *name;
        Step steps[8];
} stories[] = {
        { "told once it has lasted",
          { { .now = 10, .inodes = { 1 }, .due = 110 },
            { .now = 60, .inodes = { 1 }, .due = 110 },
            { .now = 110, .inodes = { 1 }, .told = { 1 }, .due = NONE },
            { .now = 500, .inodes = { 1 }, .due = NONE } } },
        { "gone before it has lasted",
          { { .now = 10, .inodes = { 1 }, .due = 110 },
            { .now = 60, .due = NONE },
            { .now = 500, .inodes = { 1 }, .due = 600 } } },
        { "two, each in its time",
          { { .now = 10, .inodes = { 1 }, .due = 110 },
            { .now = 60, .inodes = { 1, 2 }, .due = 110 },
            { .now = 120, .inodes = { 1, 2 }, .told = { 1 }, .due = 160 },
            { .now = 160, .inodes = { 1, 2 }, .told = { 2 }, .due = NONE } } },
        { "its end is told when it was told",
          { { .now = 10, .inodes = { 1 }, .due = 110 },
            { .now = 110, .inodes = { 1 }, .told = { 1 }, .due = NONE },
            { .now = 200, .gone = { 1 }, .removal = REMOVAL_UNMAPPED, .due = NONE },
            { .now = 300, .due = NONE } } },
        { "the end of its process",
          { { .now = 10, .inodes = { 1 }, .due = 110 },
            { .now = 110, .inodes = { 1 }, .told = { 1 }, .due = NONE },
            { .now = 200, .dead = true, .gone = { 1 }, .removal = REMOVAL_EXITED, .due = NONE } } },
        { "a process that cannot be read keeps what it had",
          { { .now = 10, .inodes = { 1 }, .due = 110 },
            { .now = 50, .look = LOOK_FAILED, .due = 110 },
            { .now = 110, .look = LOOK_FAILED, .told = { 1 }, .due = NONE },
            { .now = 200, .look = LOOK_FAILED, .due = NONE },
            { .now = 300, .gone = { 1 }, .removal = REMOVAL_UNMAPPED, .due = NONE } } },
        { "what can be judged no more keeps what it had, and is not told",
          { { .now = 10, .inodes = { 1, 2 }, .due = 110 },
            { .now = 110, .inodes = { 1, 2 }, .told = { 1, 2 }, .due = NONE },
            { .now = 200, .inodes = { 2 }, .unknown = 1, .due = NONE },
            { .now = 300, .unknown = 1, .gone = { 2 }, .removal = REMOVAL_UNMAPPED, .due = NONE },
            { .now = 400, .inodes = { 1 }, .due = NONE },
            { .now = 500, .look = LOOK_PARTIAL, .due = NONE },
            { .now = 600, .dead = true, .gone = { 1 }, .removal = REMOVAL_EXITED, .due = NONE } } },
        { "told again when it is worse, not when it is better",
          { { .now = 10, .inodes = { 1 }, .due = 110 },
            { .now = 110, .inodes = { 1 }, .told = { 1 }, .due = NONE },
            { .now = 200, .inodes = { 1 }, .flags = FLAG_CRASH_RISK, .told = { 1 }, .due = NONE },
            { .now = 300, .inodes = { 1 }, .due = NONE },
            { .now = 400, .inodes = { 1 }, .flags = FLAG_CRASH_RISK | FLAG_SAME_CONTENT, .due = NONE } } },
        { "same content is not told, nor its end",
          { { .now = 10, .inodes = { 1 }, .flags = FLAG_SAME_CONTENT, .due = NONE },
            { .now = 500, .inodes = { 1 }, .flags = FLAG_SAME_CONTENT, .due = NONE },
            { .now = 600, .due = NONE } } },
        { "same content that is none any more is new",
          { { .now = 10, .inodes = { 1 }, .flags = FLAG_SAME_CONTENT, .due = NONE },
            { .now = 500, .inodes = { 1 }, .flags = FLAG_SAME_CONTENT, .due = NONE },
            { .now = 510, .inodes = { 1 }, .due = 600 },
            { .now = 600, .inodes = { 1 }, .told = { 1 }, .due = NONE } } },
        { "what becomes the same content is over, and new when it is so no more",
          { { .now = 10, .inodes = { 1 }, .due = 110 },
            { .now = 110, .inodes = { 1 }, .told = { 1 }, .due = NONE },
            { .now = 200, .inodes = { 1 }, .flags = FLAG_SAME_CONTENT, .gone = { 1 }, .removal = REMOVAL_CURRENT_AGAIN, .due = NONE },
            { .now = 300, .inodes = { 1 }, .flags = FLAG_SAME_CONTENT, .due = NONE },
            { .now = 310, .inodes = { 1 }, .due = 400 },
            { .now = 400, .inodes = { 1 }, .told = { 1 }, .due = NONE },
            { .now = 500, .gone = { 1 }, .removal = REMOVAL_UNMAPPED, .due = NONE } } },
        { "and not told when it had not lasted",
          { { .now = 10, .inodes = { 1 }, .due = 110 },
            { .now = 50, .inodes = { 1 }, .flags = FLAG_SAME_CONTENT, .due = NONE },
            { .now = 60, .due = NONE } } },
};

static Snapshot *snapshot_of(const Step *step) {
        Snapshot *s = snapshot_new();

        ck_assert_ptr_nonnull(s);
        for (size_t i = 0; i < ELEMENTSOF(step->inodes) && step->inodes[i]; i++)
                snapshot_put(s, 42, step->inodes[i], "a.service", step->flags);
        if (!step->dead)
                snapshot_look(s, 42, step->look);
        if (step->unknown)
                ck_assert_int_eq(snapshot_add_unknown(s, &(UnknownMapping){ .pid = 42, .start_time = 7, .dev_major = 253,
                                                                            .inode = step->unknown }), 0);
        snapshot_freeze(s);
        return s;
}

/* The first event of that kind. */
static const FindingEvent *removed_event(const Difference *d) {
        for (size_t i = 0; i < d->n_events; i++)
                if (d->events[i].kind == EVENT_REMOVED)
                        return &d->events[i];
        return NULL;
}

static void check_events(const char *name, size_t step, const DebounceResult *s, const uint64_t *inodes, bool gone, Removal removal) {
        size_t n = 0;

        for (size_t i = 0; i < s->n_events; i++) {
                if (s->events[i].kind != (gone ? EVENT_REMOVED : EVENT_ADDED))
                        continue;
                ck_assert_msg(n < 4 && s->events[i].finding->mapped.inode == inodes[n], "%s, step %zu: tells %llu", name, step,
                              (unsigned long long) s->events[i].finding->mapped.inode);
                ck_assert_msg(!gone || s->events[i].removal == removal, "%s, step %zu", name, step);
                n++;
        }
        ck_assert_msg(n == 4 || inodes[n] == 0, "%s, step %zu: does not tell %llu", name, step, (unsigned long long) inodes[n < 4 ? n : 3]);
}

START_TEST(findings_are_told_when_they_have_lasted) {
        _cleanup_(debounce_done) Debounce settle = {};

        for (size_t i = 0; i < ELEMENTSOF(stories[_i].steps) && stories[_i].steps[i].now; i++) {
                const Step *step = &stories[_i].steps[i];
                DebounceResult s = {};

                ck_assert_int_eq(debounce_update(&settle, snapshot_of(step), step->now, SETTLE, &s), 0);
                check_events(stories[_i].name, i, &s, step->told, /* gone= */ false, REMOVAL_INVALID);
                check_events(stories[_i].name, i, &s, step->gone, /* gone= */ true, step->removal);
                ck_assert_msg(s.due == step->due, "%s, step %zu: due at %llu", stories[_i].name, i, (unsigned long long) s.due);
                debounce_result_done(&s);
        }
}
END_TEST

START_TEST(without_a_time_to_settle_all_is_told_at_once) {
        const Step step = { .now = 10, .inodes = { 1, 2 } };
        _cleanup_(debounce_done) Debounce settle = {};
        DebounceResult s = {};

        ck_assert_int_eq(debounce_update(&settle, snapshot_of(&step), 10, 0, &s), 0);
        ck_assert_uint_eq(s.n_events, 2);
        ck_assert_uint_eq(s.due, NONE);
        debounce_result_done(&s);
}
END_TEST

START_TEST(with_an_endless_time_nothing_is) {
        const Step step = { .now = 10, .inodes = { 1, 2 } };
        _cleanup_(debounce_done) Debounce settle = {};
        DebounceResult s = {};

        ck_assert_int_eq(debounce_update(&settle, snapshot_of(&step), 10, UINT64_MAX, &s), 0);
        ck_assert_uint_eq(s.n_events, 0);
        ck_assert_uint_eq(s.due, NONE);
        debounce_result_done(&s);
}
END_TEST

START_TEST(what_was_told_before_a_restart_is_not_told_again) {
        const Step before = { .inodes = { 1, 2 } }, after = { .now = 10, .inodes = { 2, 3 } };
        const int priorities[] = { LOG_WARNING, LOG_WARNING };
        _cleanup_(debounce_done) Debounce settle = {};
        DebounceResult s = {};

        ck_assert_int_eq(debounce_restore(&settle, snapshot_of(&before), priorities), 0);
        ck_assert_int_eq(debounce_update(&settle, snapshot_of(&after), 10, 0, &s), 0);
        check_events("restart", 0, &s, (uint64_t[4]){ 3 }, /* gone= */ false, REMOVAL_INVALID);
        check_events("restart", 0, &s, (uint64_t[4]){ 1 }, /* gone= */ true, REMOVAL_UNMAPPED);
        debounce_result_done(&s);
}
END_TEST

/* A scanner that finds others each time, and says of those before that they cannot be read. */
START_TEST(what_is_kept_has_a_bound) {
        _cleanup_(debounce_done) Debounce settle = {};
        DebounceResult s = {};
        int r = 0;

        for (pid_t first = 1; r == 0; first += 20) {
                Snapshot *next = snapshot_new();

                for (pid_t pid = 1; pid < first + 20; pid++) {
                        snapshot_look(next, pid, pid < first ? LOOK_FAILED : LOOK_DONE);
                        for (uint64_t inode = 1; pid >= first && inode <= 1000; inode++)
                                snapshot_put(next, pid, inode, NULL, 0);
                }
                snapshot_freeze(next);
                r = debounce_update(&settle, next, 10, 0, &s);
                debounce_result_done(&s);
        }
        ck_assert_int_eq(r, -E2BIG);
        ck_assert_uint_eq(snapshot_n_known(settle.snapshot), KNOWN_MAX);
}
END_TEST

/* Such as an earlier version told. */
START_TEST(same_content_that_was_told_before_a_restart_is_forgotten) {
        const Step before = { .inodes = { 1 }, .flags = FLAG_SAME_CONTENT }, after = { .now = 10 };
        _cleanup_(debounce_done) Debounce settle = {};
        DebounceResult s = {};

        ck_assert_int_eq(debounce_restore(&settle, snapshot_of(&before), (int[]){ LOG_NOTICE }), 0);
        ck_assert_int_eq(debounce_update(&settle, snapshot_of(&after), 10, 0, &s), 0);
        ck_assert_uint_eq(s.n_events, 0);
        debounce_result_done(&s);
}
END_TEST

/* As a scanner's answer has what is as it was. */
START_TEST(what_is_kept_lasts) {
        const Step before = { .inodes = { 1, 2, 4 } };
        _cleanup_(debounce_done) Debounce settle = {};
        Snapshot *s = snapshot_new();
        DebounceResult first = {}, second = {};

        ck_assert_int_eq(debounce_update(&settle, snapshot_of(&before), 10, 100, &first), 0);
        debounce_result_done(&first);
        ck_assert_int_eq(snapshot_add_finding(s, settle.snapshot->findings[2]), 0);
        ck_assert_int_eq(snapshot_add_finding(s, settle.snapshot->findings[0]), 0);
        snapshot_put(s, 42, 3, "a.service", 0);
        snapshot_look(s, 42, LOOK_DONE);
        snapshot_freeze(s);
        ck_assert_int_eq(debounce_update(&settle, s, 110, 100, &second), 0);
        /* Told is what has lasted; another is what is not kept. */
        check_events("kept", 1, &second, (uint64_t[4]){ 1, 4 }, /* gone= */ false, REMOVAL_INVALID);
        ck_assert_uint_eq(second.due, 210);
        ck_assert_uint_eq(second.difference.n[EVENT_CHANGED], 0);
        ck_assert_uint_eq(second.difference.n[EVENT_ADDED], 1);
        ck_assert_uint_eq(second.difference.n[EVENT_REMOVED], 1);
        ck_assert_uint_eq(removed_event(&second.difference)->finding->mapped.inode, 2);
        debounce_result_done(&second);
        ck_assert_uint_eq(settle.snapshot->n_findings, 3);
        for (size_t i = 0; i < 3; i++)
                ck_assert_str_eq(settle.snapshot->findings[i]->unit, "a.service");
}
END_TEST

int main(void) {
        Suite *suite = suite_create("settle");
        TCase *tcase = tcase_create("settle");

        tcase_add_loop_test(tcase, findings_are_told_when_they_have_lasted, 0, ELEMENTSOF(stories));
        tcase_add_test(tcase, without_a_time_to_settle_all_is_told_at_once);
        tcase_add_test(tcase, with_an_endless_time_nothing_is);
        tcase_add_test(tcase, what_is_kept_lasts);
        tcase_add_test(tcase, what_was_told_before_a_restart_is_not_told_again);
        tcase_add_test(tcase, what_is_kept_has_a_bound);
        tcase_add_test(tcase, same_content_that_was_told_before_a_restart_is_forgotten);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
