/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <sys/stat.h>

#include "findings.h"
#include "metrics.h"

static void format(Snapshot *s, char **ret) {
        const MetricsFacts facts = { .snapshot = s, .last_success_usec = 1500000, .failures = 3, .degraded = true };

        if (s)
                snapshot_freeze(s);
        ck_assert_int_eq(metrics_format(&facts, ret), 0);
}

static bool has_line(const char *text, const char *line) {
        const char *p = strstr(text, line);

        return p && (p == text || p[-1] == '\n') && p[strlen(line)] == '\n';
}

static const char *const lines[] = {
        "stalelib_degraded 1",
        "stalelib_scanner_failures_total 3",
        "stalelib_last_sweep_timestamp_seconds 1.500000",
        "stalelib_stale_processes 2",
        "stalelib_findings{state=\"replaced\"} 3",
        "stalelib_findings{state=\"deleted\"} 0",
        "stalelib_pinned_findings{pin=\"nodelete\"} 3",
        "stalelib_pinned_findings{pin=\"holder\"} 0",
        "stalelib_unit_findings{unit=\"a.service\"} 2",
        "stalelib_unit_findings{unit=\"q\\\"\\\\\\\\.service\"} 1",
        "stalelib_unit_findings{unit=\"\"} 0",
        "stalelib_unknown_mappings{reason=\"hung\"} 4",
        "# TYPE stalelib_scanner_failures_total counter",
};

START_TEST(counts_are_told) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        _cleanup_free_ char *text = NULL;

        s->counts.unknown_by[UNKNOWN_HUNG] = 4;
        snapshot_put(s, 1, 1, "a.service", 0);
        snapshot_put(s, 1, 2, "a.service", 0);
        snapshot_put(s, 2, 1, "q\"\\.service", 0);
        format(s, &text);
        for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                ck_assert_msg(has_line(text, lines[i]), "no %s in:\n%s", lines[i], text);
}
END_TEST

START_TEST(units_have_a_bound) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        _cleanup_free_ char *text = NULL;
        size_t n = 0;

        for (int i = 1; i <= METRICS_UNITS_MAX + 7; i++) {
                char unit[32];

                snprintf(unit, sizeof(unit), "%d.service", i);
                snapshot_put(s, i, 1, unit, 0);
        }
        format(s, &text);
        for (const char *p = text; (p = strstr(p, "\nstalelib_unit_findings{")); p++)
                n++;
        ck_assert_uint_eq(n, METRICS_UNITS_MAX + 1);
        ck_assert(has_line(text, "stalelib_unit_findings{unit=\"\"} 7"));
}
END_TEST

START_TEST(before_the_first_sweep_there_are_no_counts) {
        _cleanup_free_ char *text = NULL;

        format(NULL, &text);
        ck_assert_ptr_null(strstr(text, "stalelib_stale_processes"));
        ck_assert_ptr_nonnull(strstr(text, "stalelib_degraded"));
}
END_TEST

START_TEST(the_file_is_there_at_once_or_as_before) {
        char directory[] = "/tmp/stalelib-metrics.XXXXXX", path[64], new[80], text[8] = "";
        struct stat st;
        FILE *f;

        ck_assert_ptr_nonnull(mkdtemp(directory));
        snprintf(path, sizeof(path), "%s/m.prom", directory);
        snprintf(new, sizeof(new), "%s.new", path);
        ck_assert_int_eq(metrics_write(path, "one\n"), 0);
        ck_assert_int_eq(metrics_write(path, "two\n"), 0);
        f = fopen(path, "re");
        ck_assert_ptr_nonnull(f);
        ck_assert_ptr_nonnull(fgets(text, sizeof(text), f));
        fclose(f);
        ck_assert_str_eq(text, "two\n");
        ck_assert_int_eq(stat(path, &st), 0);
        ck_assert_uint_eq(st.st_mode & 0777, 0644);
        ck_assert_int_lt(stat(new, &st), 0);
        /* A link laid there does not lead us astray. */
        ck_assert_int_eq(symlink("/etc/passwd", new), 0);
        ck_assert_int_eq(metrics_write(path, "three\n"), -ELOOP);
        ck_assert_int_eq(metrics_write("/nowhere/m.prom", "x"), -ENOENT);
        unlink(new);
        unlink(path);
        rmdir(directory);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("metrics");
        TCase *tcase = tcase_create("metrics");

        tcase_add_test(tcase, counts_are_told);
        tcase_add_test(tcase, units_have_a_bound);
        tcase_add_test(tcase, before_the_first_sweep_there_are_no_counts);
        tcase_add_test(tcase, the_file_is_there_at_once_or_as_before);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
