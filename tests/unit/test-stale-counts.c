/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "findings.h"
#include "report/snapshot.h"

/* A finding in a process. */
typedef struct Row {
        pid_t pid; /* 0: no more */
        uint64_t inode;
        uint32_t flags;
} Row;

static const struct {
        const char *name;
        Row rows[6];
        struct {
                uint64_t findings, processes, files, urgent_processes, same_findings, same_processes;
        } want;
} cases[] = {
        { "nothing", {}, {} },
        { "one", { { 1, 5, 0 } }, { .findings = 1, .processes = 1, .files = 1 } },
        { "one file in two processes", { { 1, 5, 0 }, { 2, 5, 0 } }, { .findings = 2, .processes = 2, .files = 1 } },
        { "two files in one", { { 1, 5, 0 }, { 1, 6, FLAG_BOTH_GENERATIONS } }, { .findings = 2, .processes = 1, .files = 2 } },
        { "same content", { { 1, 5, FLAG_SAME_CONTENT }, { 1, 6, FLAG_SAME_CONTENT } }, { .same_findings = 2, .same_processes = 1 } },
        { "same content beside stale", { { 1, 5, FLAG_SAME_CONTENT }, { 1, 6, 0 } },
          { .findings = 1, .processes = 1, .files = 1, .same_findings = 1 } },
        { "one file, of the same content in another", { { 1, 5, 0 }, { 2, 5, FLAG_SAME_CONTENT } },
          { .findings = 1, .processes = 1, .files = 1, .same_findings = 1, .same_processes = 1 } },
        { "urgent", { { 1, 5, FLAG_CRASH_RISK }, { 1, 6, FLAG_CRASH_RISK }, { 2, 5, 0 } },
          { .findings = 3, .processes = 2, .files = 2, .urgent_processes = 1 } },
        { "a crash wins over same content", { { 1, 5, FLAG_CRASH_RISK | FLAG_SAME_CONTENT } },
          { .findings = 1, .processes = 1, .files = 1, .urgent_processes = 1 } },
        { "unconfirmed is stale", { { 1, 5, FLAG_UNCONFIRMED } }, { .findings = 1, .processes = 1, .files = 1 } },
};

START_TEST(findings_are_counted_by_urgency) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        const StaleCounts *c = &s->listed;

        for (const Row *row = cases[_i].rows; row->pid != 0; row++)
                snapshot_put(s, row->pid, row->inode, NULL, row->flags);
        snapshot_freeze(s);
        ck_assert_msg(stale_counts_stale(c) == cases[_i].want.findings && c->processes == cases[_i].want.processes &&
                      c->libraries == cases[_i].want.files && c->urgent_processes == cases[_i].want.urgent_processes &&
                      c->findings[URGENCY_NONE] == cases[_i].want.same_findings &&
                      c->same_content_processes == cases[_i].want.same_processes, "%s", cases[_i].name);
}
END_TEST

START_TEST(a_pid_that_was_used_again_is_another_process) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        Finding again = finding_make(1, 5, NULL);

        again.start_time++;
        snapshot_put(s, 1, 5, NULL, 0);
        ck_assert_int_eq(snapshot_take_finding(s, &again), 0);
        snapshot_freeze(s);
        ck_assert_uint_eq(s->listed.processes, 2);
        ck_assert_uint_eq(s->listed.libraries, 1);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("stale-counts");
        TCase *tcase = tcase_create("stale-counts");

        tcase_add_loop_test(tcase, findings_are_counted_by_urgency, 0, ELEMENTSOF(cases));
        tcase_add_test(tcase, a_pid_that_was_used_again_is_another_process);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
