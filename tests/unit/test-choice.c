/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "choice.h"
#include "findings.h"

/* So many findings of each of three users, each in a process of its own of so many. */
static const struct {
        const char *name;
        size_t wanted[3], of_process, max, per_process, got[3];
} rows[] = {
        { "all fit", { 3, 4, 5 }, 1, 12, 9, { 3, 4, 5 } },
        { "none", { 0, 0, 0 }, 1, 12, 9, { 0, 0, 0 } },
        { "of a process so many", { 10, 4, 0 }, 10, 100, 5, { 5, 4, 0 } },
        { "the greedy one pays", { 1000, 3, 4 }, 1, 20, 9, { 13, 3, 4 } },
        { "equal shares", { 100, 100, 100 }, 1, 30, 9, { 10, 10, 10 } },
        { "the rest is for those who want more", { 100, 100, 1 }, 1, 21, 9, { 10, 10, 1 } },
        { "nothing may be told", { 2, 2, 2 }, 1, 0, 9, { 0, 0, 0 } },
};

START_TEST(nobody_crowds_out_others) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        _cleanup_free_ uint32_t *choice = NULL;
        size_t got[3] = {}, n;
        pid_t pid = 1;

        for (size_t user = 0; user < 3; user++)
                for (size_t i = 0; i < rows[_i].wanted[user]; i++) {
                        Finding f = finding_make(pid, i + 1, NULL);

                        f.uid = (uid_t) (1000 + user);
                        ck_assert_int_eq(snapshot_take_finding(s, &f), 0);
                        if ((i + 1) % rows[_i].of_process == 0 || i + 1 == rows[_i].wanted[user])
                                pid++;
                }
        snapshot_freeze(s);
        ck_assert_int_eq(choice_make(s, rows[_i].max, rows[_i].per_process, &choice, &n), 0);
        for (size_t i = 0; i < n; i++) {
                ck_assert(i == 0 || choice[i] > choice[i - 1]);
                got[s->findings[choice[i]]->uid - 1000]++;
        }
        for (size_t user = 0; user < 3; user++)
                ck_assert_msg(got[user] == rows[_i].got[user], "%s: user %zu has %zu", rows[_i].name, user, got[user]);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("choice");
        TCase *tcase = tcase_create("choice");

        tcase_add_loop_test(tcase, nobody_crowds_out_others, 0, ELEMENTSOF(rows));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
