/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "selection.h"
#include "unit.h"

static const struct {
        const char *name, *text, *pattern;
        bool matches;
} rows[] = {
        { "service", "0::/system.slice/nginx.service\n", "nginx.service", true },
        { "another service", "0::/system.slice/nginx.service\n", "ngin.service", false },
        { "not a part of a name", "0::/system.slice/my-nginx.service\n", "nginx.service", false },
        { "slice", "0::/system.slice/nginx.service\n", "system.slice", true },
        { "pattern", "0::/system.slice/php8.2-fpm.service\n", "php*-fpm.service", true },
        { "sub-group of a delegated unit", "0::/system.slice/a.service/payload/b\n", "a.service", true },
        { "user's own unit", "0::/user.slice/user-1000.slice/user@1000.service/app.slice/e.service\n", "e.service", true },
        { "user manager of it", "0::/user.slice/user-1000.slice/user@1000.service/app.slice/e.service\n", "user@*.service", true },
        { "cgroup v1", "12:pids:/a\n1:name=systemd:/system.slice/cron.service\n0::/\n", "cron.service", true },
        { "root group", "0::/\n", "*", false },
        { "no group", "", "*", false },
        { "no newline at the end", "0::/system.slice/cron.service", "cron.service", true },
        { "instance", "0::/system.slice/system-getty.slice/getty@tty1.service\n", "getty@tty1.service", true },
};

START_TEST(a_control_group_belongs_to_its_units) {
        ck_assert_msg(selection_cgroup_matches(rows[_i].text, rows[_i].pattern) == rows[_i].matches, "%s", rows[_i].name);
}
END_TEST

START_TEST(a_name_that_is_too_long_is_no_unit) {
        char text[1024] = "0::/";

        memset(text + 4, 'a', 300);
        strcpy(text + 304, "/b.service\n");
        ck_assert(!selection_cgroup_matches(text, "a*a"));
        ck_assert(selection_cgroup_matches(text, "b.service"));
}
END_TEST

START_TEST(what_is_asked_for_is_looked_up) {
        pid_t pids[] = { getpid(), 99999999, getpid() };
        Options none = {}, known = { .pids = pids, .n_pids = 3 }, gone = { .pids = pids + 1, .n_pids = 1 };
        char *units[] = { (char *) "no-such-unit-here.service" };
        Options unit = { .units = units, .n_units = 1 };
        Selection s = {};

        ck_assert_int_eq(selection_read(&none, false, &s), 0);
        ck_assert_ptr_null(s.pids);
        ck_assert_int_eq(selection_read(&known, false, &s), 0);
        ck_assert_uint_eq(s.n_pids, 1);
        ck_assert_int_eq(s.pids[0], getpid());
        ck_assert_uint_eq(s.without_memory, 0);
        selection_done(&s);
        ck_assert_int_eq(selection_read(&gone, false, &s), -ESRCH);
        ck_assert_int_eq(selection_read(&unit, false, &s), -ESRCH);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("selection");
        TCase *tcase = tcase_create("selection");

        tcase_add_loop_test(tcase, a_control_group_belongs_to_its_units, 0, ELEMENTSOF(rows));
        tcase_add_test(tcase, a_name_that_is_too_long_is_no_unit);
        tcase_add_test(tcase, what_is_asked_for_is_looked_up);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
