/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nagios.h"
#include "unit.h"

#define S 1000000u

static const struct {
        const char *name;
        NagiosFacts facts;
        NagiosState state;
} rows[] = {
        { "nothing is stale", { .checked = 9, .warning = 1 }, NAGIOS_OK },
        { "one is stale", { .processes = 1, .files = 1, .checked = 9, .warning = 1 }, NAGIOS_WARNING },
        { "below the threshold", { .processes = 2, .checked = 9, .warning = 3 }, NAGIOS_OK },
        { "warning switched off", { .processes = 2, .checked = 9 }, NAGIOS_OK },
        { "critical from its threshold on", { .processes = 2, .checked = 9, .warning = 1, .critical = 2 }, NAGIOS_CRITICAL },
        { "a risk of a crash is critical", { .processes = 1, .crash_risk = 1, .checked = 9, .warning = 5 }, NAGIOS_CRITICAL },
        { "same content does not count", { .same_content = 2, .checked = 9, .warning = 1 }, NAGIOS_OK },
        { "what is stale beside it does", { .processes = 1, .same_content = 1, .checked = 9, .warning = 1 }, NAGIOS_WARNING },
        { "some could not be read", { .checked = 9, .unreadable = 3, .warning = 1 }, NAGIOS_UNKNOWN },
        { "none could be read", { .checked = 9, .unreadable = 9, .warning = 1 }, NAGIOS_UNKNOWN },
        { "which is allowed", { .checked = 9, .unreadable = 9, .warning = 1, .allow_unknown = true }, NAGIOS_OK },
        { "a mapping could not be judged", { .checked = 9, .unknown = 1, .warning = 1 }, NAGIOS_UNKNOWN },
        { "which is allowed", { .checked = 9, .unknown = 1, .warning = 1, .allow_unknown = true }, NAGIOS_OK },
        { "and something is stale", { .processes = 1, .checked = 9, .unknown = 1, .warning = 1 }, NAGIOS_WARNING },
        { "and something is urgent", { .processes = 1, .crash_risk = 1, .unknown = 1, .warning = 1 }, NAGIOS_CRITICAL },
        { "unknown below the threshold", { .processes = 1, .checked = 9, .unknown = 1, .warning = 2 }, NAGIOS_UNKNOWN },
        { "findings that are not listed", { .checked = 9, .not_listed = 1, .warning = 1, .allow_unknown = true }, NAGIOS_UNKNOWN },
        { "nothing can be judged", { .checked = 9, .blind = "why", .warning = 1, .allow_unknown = true }, NAGIOS_UNKNOWN },
        { "degraded", { .checked = 9, .degraded = true, .warning = 1 }, NAGIOS_UNKNOWN },
        { "degraded is not allowed", { .checked = 9, .degraded = true, .warning = 1, .allow_unknown = true }, NAGIOS_UNKNOWN },
        { "degraded, and something is stale", { .processes = 1, .checked = 9, .degraded = true, .warning = 1 }, NAGIOS_WARNING },
        { "looked lately", { .checked = 9, .interval_usec = 60 * S, .age_usec = 170 * S, .warning = 1 }, NAGIOS_OK },
        { "has not looked for long", { .checked = 9, .interval_usec = 60 * S, .age_usec = 190 * S, .warning = 1 }, NAGIOS_UNKNOWN },
        { "never looks by itself", { .checked = 9, .interval_usec = UINT64_MAX, .age_usec = 190 * S, .warning = 1 }, NAGIOS_OK },
        { "has not looked yet", { .never = true, .interval_usec = UINT64_MAX, .warning = 1, .allow_unknown = true }, NAGIOS_UNKNOWN },
};

START_TEST(the_state_follows_from_the_facts) {
        static const char *const words[] = { "STALELIB OK - ", "STALELIB WARNING - ", "STALELIB CRITICAL - ", "STALELIB UNKNOWN - " };
        _cleanup_free_ char *line = nagios_line(&rows[_i].facts);

        ck_assert_msg(nagios_state(&rows[_i].facts) == rows[_i].state, "%s", rows[_i].name);
        ck_assert_msg(strncmp(line, words[rows[_i].state], strlen(words[rows[_i].state])) == 0, "%s", line);
        ck_assert_ptr_null(strchr(line, '\n'));
}
END_TEST

START_TEST(the_line_has_performance_data) {
        NagiosFacts facts = { .processes = 3, .files = 2, .crash_risk = 1, .same_content = 1, .checked = 99, .unknown = 7,
                              .unreadable = 4, .warning = 1, .critical = 5, .degraded = true, .degraded_reason = "why" };
        _cleanup_free_ char *line = nagios_line(&facts);

        ck_assert_str_eq(line, "STALELIB CRITICAL - 3 processes run 2 stale files, 1 may crash, 1 process of the same content, "
                         "7 mappings could not be judged, 4 processes could not be read, degraded: why | stale_processes=3;1;5;0 "
                         "stale_files=2;;;0 crash_risk=1;;1;0 same_content=1;;;0 unknown=7;;;0 unreadable=4;;;0 processes=99;;;0");
}
END_TEST

static void assert_text(const NagiosFacts *facts, const char *text) {
        _cleanup_free_ char *line = nagios_line(facts);

        *strstr(line, " |") = '\0';
        ck_assert_str_eq(line, text);
}

START_TEST(the_line_claims_no_more_than_is_known) {
        char *units[] = { (char *) "a|b.service", (char *) "c.service", NULL };
        char *many[] = { (char *) "a", (char *) "b", (char *) "c", (char *) "d", (char *) "e", (char *) "f", (char *) "g", NULL };

        assert_text(&(NagiosFacts){ .checked = 1, .warning = 1 }, "STALELIB OK - nothing is stale");
        assert_text(&(NagiosFacts){ .processes = 1, .files = 1, .checked = 1 }, "STALELIB OK - 1 process runs 1 stale file");
        assert_text(&(NagiosFacts){ .unknown = 1 }, "STALELIB UNKNOWN - nothing stale was found, 1 mapping could not be judged");
        assert_text(&(NagiosFacts){ .unknown = 1, .allow_unknown = true },
                    "STALELIB OK - nothing stale was found, 1 mapping could not be judged");
        assert_text(&(NagiosFacts){ .never = true }, "STALELIB UNKNOWN - nothing stale was found, the daemon has not looked yet");
        assert_text(&(NagiosFacts){ .degraded = true }, "STALELIB UNKNOWN - nothing stale was found, degraded: see stalelibctl status");
        assert_text(&(NagiosFacts){ .blind = "no system call" }, "STALELIB UNKNOWN - nothing stale was found, no system call");
        assert_text(&(NagiosFacts){ .not_listed = 2 }, "STALELIB UNKNOWN - nothing stale was found, 2 findings are not listed");
        assert_text(&(NagiosFacts){ .processes = 2, .files = 1, .warning = 1, .units = units },
                    "STALELIB WARNING - 2 processes run 1 stale file (a/b.service, c.service)");
        assert_text(&(NagiosFacts){ .processes = 7, .files = 1, .warning = 1, .units = many },
                    "STALELIB WARNING - 7 processes run 1 stale file (a, b, c, d, e and 2 more)");
}
END_TEST

int main(void) {
        Suite *suite = suite_create("nagios");
        TCase *tcase = tcase_create("nagios");

        tcase_add_loop_test(tcase, the_state_follows_from_the_facts, 0, ELEMENTSOF(rows));
        tcase_add_test(tcase, the_line_has_performance_data);
        tcase_add_test(tcase, the_line_claims_no_more_than_is_known);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
