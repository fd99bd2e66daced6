/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <sys/stat.h>

#include "findings.h"
#include "metrics.h"

static void format(Snapshot *s, char **ret) {
        const MetricsFacts facts = { .snapshot = s, .last_success_usec = 1500000, .failures = 3, .degraded = true };

        if (s) {
                snapshot_freeze(s);
                snapshot_raise_counts(s, /* whole= */ stale_counts_findings(&s->counts.stale) == 0);
        }
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
        "stalelib_stale_libraries 3",
        "stalelib_urgent_processes 1",
        "stalelib_crash_risk_findings 1",
        "stalelib_same_content_processes 1",
        "stalelib_same_content_findings 2",
        "stalelib_unlisted_findings 0",
        "stalelib_findings{state=\"replaced\"} 4",
        "stalelib_findings{state=\"deleted\"} 0",
        "stalelib_pinned_findings{pin=\"nodelete\"} 4",
        "stalelib_pinned_findings{pin=\"holder\"} 0",
        "stalelib_unit_findings{unit=\"a.service\",action=\"restart\"} 2",
        "stalelib_unit_findings{unit=\"a.service\",action=\"restart-now\"} 1",
        "stalelib_unit_findings{unit=\"q\\\"\\\\\\\\.service\",action=\"restart\"} 1",
        "stalelib_unit_findings{unit=\"\",action=\"\"} 0",
        "stalelib_unknown_mappings{reason=\"hung\"} 4",
        "# TYPE stalelib_scanner_failures_total counter",
};

static void put_urgent(Snapshot *s, pid_t pid, uint64_t inode, const char *unit) {
        Finding f = finding_make(pid, inode, unit);

        f.flags = FLAG_CRASH_RISK;
        f.action = ACTION_RESTART_NOW;
        ck_assert_int_eq(snapshot_take_finding(s, &f), 0);
}

START_TEST(counts_are_told) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        _cleanup_free_ char *text = NULL;

        s->counts.unknown_by[UNKNOWN_HUNG] = 4;
        snapshot_put(s, 1, 1, "a.service", 0);
        snapshot_put(s, 1, 2, "a.service", 0);
        put_urgent(s, 1, 3, "a.service");
        snapshot_put(s, 1, 4, "a.service", FLAG_SAME_CONTENT);
        snapshot_put(s, 2, 1, "q\"\\.service", 0);
        snapshot_put(s, 3, 4, "same.service", FLAG_SAME_CONTENT);
        format(s, &text);
        for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                ck_assert_msg(has_line(text, lines[i]), "no %s in:\n%s", lines[i], text);
        ck_assert_ptr_null(strstr(text, "same.service"));
}
END_TEST

static uint64_t sum_of_units(const char *text, size_t *ret_lines) {
        uint64_t sum = 0;

        *ret_lines = 0;
        for (const char *p = text; (p = strstr(p, "\nstalelib_unit_findings{")); (*ret_lines)++) {
                p = strstr(p, "} ");
                sum += strtoull(p + 2, NULL, 10);
        }
        return sum;
}

START_TEST(units_have_a_bound) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        _cleanup_free_ char *text = NULL;
        size_t n;

        for (int i = 1; i <= METRICS_UNITS_MAX + 7; i++) {
                char unit[32];

                snprintf(unit, sizeof(unit), "%d.service", i);
                snapshot_put(s, i, 1, unit, 0);
        }
        format(s, &text);
        ck_assert_uint_eq(sum_of_units(text, &n), METRICS_UNITS_MAX + 7);
        ck_assert_uint_eq(n, METRICS_UNITS_MAX + 1);
        ck_assert(has_line(text, "stalelib_unit_findings{unit=\"\",action=\"\"} 7"));
}
END_TEST

/* The sum of the units is 0 exactly where nothing is stale, whatever is listed. */
static const struct {
        const char *name;
        size_t listed_same, listed_stale;
        StaleCounts counts;
        uint64_t sum, unlisted;
} sums[] = {
        { "nothing", 0, 0, {}, 0, 0 },
        { "same content", 3, 0, { .findings = { 5 } }, 0, 2 },
        { "stale", 0, 3, { .findings = { 0, 3 } }, 3, 0 },
        { "stale, and more than is listed", 1, 3, { .findings = { 1, 10, 2 } }, 12, 9 },
        { "stale, and nothing of it is listed", 1, 0, { .findings = { 1, 0, 2 } }, 2, 2 },
};

START_TEST(the_sum_of_the_units_is_all_that_is_stale) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        _cleanup_free_ char *text = NULL;
        char line[64];
        size_t n;

        for (size_t i = 0; i < sums[_i].listed_same; i++)
                snapshot_put(s, 1, i + 1, "a.service", FLAG_SAME_CONTENT);
        for (size_t i = 0; i < sums[_i].listed_stale; i++)
                snapshot_put(s, 2, i + 1, i == 0 ? "a.service" : NULL, 0);
        s->counts.stale = sums[_i].counts;
        format(s, &text);
        ck_assert_msg(sum_of_units(text, &n) == sums[_i].sum, "%s:\n%s", sums[_i].name, text);
        snprintf(line, sizeof(line), "stalelib_unlisted_findings %d", (int) sums[_i].unlisted);
        ck_assert_msg(has_line(text, line), "%s:\n%s", sums[_i].name, text);
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
        tcase_add_loop_test(tcase, the_sum_of_the_units_is_all_that_is_stale, 0, ELEMENTSOF(sums));
        tcase_add_test(tcase, before_the_first_sweep_there_are_no_counts);
        tcase_add_test(tcase, the_file_is_there_at_once_or_as_before);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
