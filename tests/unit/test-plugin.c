/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugin.h"
#include "unit.h"

#define S 1000000u

static const struct {
        const char *name;
        PluginFacts facts;
        PluginState state;
} rows[] = {
        { "nothing is stale", { .checked = 9, .warning = 1 }, PLUGIN_OK },
        { "one is stale", { .processes = 1, .files = 1, .checked = 9, .warning = 1 }, PLUGIN_WARNING },
        { "below the threshold", { .processes = 2, .checked = 9, .warning = 3 }, PLUGIN_OK },
        { "warning switched off", { .processes = 2, .checked = 9 }, PLUGIN_OK },
        { "critical from its threshold on", { .processes = 2, .checked = 9, .warning = 1, .critical = 2 }, PLUGIN_CRITICAL },
        { "a risk of a crash is critical", { .processes = 1, .crash_risk = 1, .checked = 9, .warning = 5 }, PLUGIN_CRITICAL },
        { "reinstalls do not count", { .processes = 2, .same_content = 2, .checked = 9, .warning = 1 }, PLUGIN_OK },
        { "what is no reinstall does", { .processes = 2, .same_content = 1, .checked = 9, .warning = 1 }, PLUGIN_WARNING },
        { "some could not be read", { .checked = 9, .unreadable = 3, .warning = 1 }, PLUGIN_OK },
        { "none could be read", { .checked = 9, .unreadable = 9, .warning = 1 }, PLUGIN_UNKNOWN },
        { "degraded", { .checked = 9, .degraded = true, .warning = 1 }, PLUGIN_UNKNOWN },
        { "degraded, and something is stale", { .processes = 1, .checked = 9, .degraded = true, .warning = 1 }, PLUGIN_WARNING },
        { "looked lately", { .checked = 9, .interval_usec = 60 * S, .age_usec = 170 * S, .warning = 1 }, PLUGIN_OK },
        { "has not looked for long", { .checked = 9, .interval_usec = 60 * S, .age_usec = 190 * S, .warning = 1 }, PLUGIN_UNKNOWN },
        { "never looks by itself", { .checked = 9, .interval_usec = UINT64_MAX, .age_usec = 190 * S, .warning = 1 }, PLUGIN_OK },
};

START_TEST(the_state_follows_from_the_facts) {
        static const char *const words[] = { "STALELIB OK - ", "STALELIB WARNING - ", "STALELIB CRITICAL - ", "STALELIB UNKNOWN - " };
        _cleanup_free_ char *line = plugin_line(&rows[_i].facts);

        ck_assert_msg(plugin_judge(&rows[_i].facts) == rows[_i].state, "%s", rows[_i].name);
        ck_assert_msg(strncmp(line, words[rows[_i].state], strlen(words[rows[_i].state])) == 0, "%s", line);
        ck_assert_ptr_null(strchr(line, '\n'));
}
END_TEST

START_TEST(the_line_has_performance_data) {
        PluginFacts facts = { .processes = 3, .files = 2, .crash_risk = 1, .same_content = 1, .checked = 99,
                              .unreadable = 4, .warning = 1, .critical = 5, .degraded = true, .degraded_reason = "why" };
        _cleanup_free_ char *line = plugin_line(&facts);

        ck_assert_str_eq(line, "STALELIB CRITICAL - 3 processes run 2 stale files, 1 may crash, 1 of the same content, "
                         "4 could not be read, degraded: why | stale_processes=3;1;5;0 stale_files=2;;;0 "
                         "crash_risk=1;;1;0 unreadable=4;;;0 processes=99;;;0");
}
END_TEST

START_TEST(the_line_is_good_English) {
        _cleanup_free_ char *none = plugin_line(&(PluginFacts){ .checked = 1, .warning = 1 });
        _cleanup_free_ char *one = plugin_line(&(PluginFacts){ .processes = 1, .files = 1, .checked = 1 });

        ck_assert_str_eq(none, "STALELIB OK - nothing is stale | stale_processes=0;1;;0 stale_files=0;;;0 "
                         "crash_risk=0;;1;0 unreadable=0;;;0 processes=1;;;0");
        ck_assert_str_eq(one, "STALELIB OK - 1 process runs 1 stale file | stale_processes=1;;;0 stale_files=1;;;0 "
                         "crash_risk=0;;1;0 unreadable=0;;;0 processes=1;;;0");
}
END_TEST

int main(void) {
        Suite *suite = suite_create("plugin");
        TCase *tcase = tcase_create("plugin");

        tcase_add_loop_test(tcase, the_state_follows_from_the_facts, 0, ELEMENTSOF(rows));
        tcase_add_test(tcase, the_line_has_performance_data);
        tcase_add_test(tcase, the_line_is_good_English);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
