/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "health.h"
#include "proc/process-owner.h"
#include "proc/requirements.h"
#include "unit.h"

static const struct {
        Health health;
        uint32_t problems;
        const char *text;
} rows[] = {
        { {}, 0, "" },
        { { .scanner = "it hangs" }, PROBLEM_SCANNER, "The scanner failed: it hangs." },
        { { .processes = 1 }, PROBLEM_SKIPPED, "1 process is left out, where a scanner hung or died." },
        { { .processes = 2, .devices = 1 }, PROBLEM_SKIPPED,
          "2 processes are left out, where a scanner hung or died. The files of 1 device are left out, where a scanner hung." },
        { { .owners = 1, .owner = 1000 }, PROBLEM_OWNERS,
          "The processes of user 1000 are left out, since scanners hung or died at too many of them." },
        { { .owners = 1, .owner = PROCESS_OWNER_NAMESPACE + 77, .owners_processes = 12 }, PROBLEM_OWNERS,
          "The processes of user namespace 77 are left out (12 more), since scanners hung or died at too many of them." },
        { { .processes = 6, .owners = 2, .owner = 1000, .owners_processes = 12 }, PROBLEM_OWNERS | PROBLEM_SKIPPED,
          "6 processes are left out, where a scanner hung or died. "
          "The processes of 2 users are left out (12 more), since scanners hung or died at too many of them." },
        { { .unreadable = 2 }, PROBLEM_UNREADABLE, "2 processes cannot be read." },
        { { .missing = REQUIREMENT_MOUNT_ID }, PROBLEM_MISSING,
          "The scanner cannot judge all: statx(2) gives no mount ids (Linux 5.8 or later is needed): "
          "detached and covered mounts cannot be told apart." },
        { { .missing = REQUIREMENT_PTRACE | REQUIREMENT_SEARCH, .unreadable = 1 }, PROBLEM_MISSING | PROBLEM_UNREADABLE,
          "The scanner cannot judge all: CAP_SYS_PTRACE is missing: processes of other users cannot be read; "
          "CAP_DAC_READ_SEARCH is missing: directories of other users cannot be searched. 1 process cannot be read." },
        { { .findings = 10001, .unlisted = 1 }, PROBLEM_UNLISTED, "1 of 10001 findings is counted, and not listed." },
        { { .scanner = "it is gone", .unreadable = 1, .findings = 10009, .unlisted = 9 },
          PROBLEM_SCANNER | PROBLEM_UNREADABLE | PROBLEM_UNLISTED,
          "The scanner failed: it is gone. 1 process cannot be read. 9 of 10009 findings are counted, and not listed." },
};

START_TEST(troubles_are_told_in_sentences) {
        _cleanup_free_ char *text = health_describe(&rows[_i].health);

        ck_assert_uint_eq(health_problems(&rows[_i].health), rows[_i].problems);
        ck_assert_str_eq(text, rows[_i].text);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("health");
        TCase *tcase = tcase_create("health");

        tcase_add_loop_test(tcase, troubles_are_told_in_sentences, 0, ELEMENTSOF(rows));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
