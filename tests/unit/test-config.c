/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"
#include "unit.h"
#include "util/timespan.h"

typedef struct Warned {
        unsigned n, line;
        char text[512];
} Warned;

static void warn(void *userdata, const char *file, unsigned line, const char *text) {
        Warned *w = userdata;

        ck_assert_str_eq(file, "x.conf");
        w->n++;
        w->line = line;
        strncpy(w->text, text, sizeof(w->text) - 1);
}

static Warned parse(Config *c, const char *text) {
        Warned w = {};

        ck_assert_int_eq(config_parse(c, "x.conf", text, warn, &w), 0);
        return w;
}

START_TEST(every_setting_is_read) {
        Config c;
        Warned w;

        config_init(&c);
        w = parse(&c,
                  "# a comment\n"
                  "; another\n"
                  "\n"
                  "[Stalelibd]\n"
                  "SweepIntervalSec=2min\n"
                  "  SettleSec = 5 \r\n"
                  "ScannerTimeoutSec=1500ms\n"
                  "Watch=no\n"
                  "RemoteFileSystems=on\n"
                  "Ignore=/opt/* /srv/a.so\n"
                  "IgnoreExe=/usr/bin/java\n"
                  "IgnoreUnit=user@*.service\n"
                  "MetricsFile=/var/lib/m.prom"); /* no newline at the end */
        ck_assert_uint_eq(w.n, 0);
        ck_assert_uint_eq(c.sweep_interval_usec, 2 * USEC_PER_MINUTE);
        ck_assert_uint_eq(c.settle_usec, 5 * USEC_PER_SEC);
        ck_assert_uint_eq(c.scanner_timeout_usec, 1500000);
        ck_assert(!c.watch);
        ck_assert(c.remote_file_systems);
        ck_assert_uint_eq(strv_length(c.ignore_paths), 2);
        ck_assert_str_eq(c.ignore_paths[0], "/opt/*");
        ck_assert_str_eq(c.ignore_paths[1], "/srv/a.so");
        ck_assert_str_eq(c.ignore_exes[0], "/usr/bin/java");
        ck_assert_str_eq(c.ignore_units[0], "user@*.service");
        ck_assert_str_eq(c.metrics_file, "/var/lib/m.prom");
        config_done(&c);
}
END_TEST

START_TEST(lists_add_up_over_files_and_an_empty_value_forgets_them) {
        Config c;

        config_init(&c);
        parse(&c, "[Stalelibd]\nIgnore=/a\nMetricsFile=/m\n");
        parse(&c, "[Stalelibd]\nIgnore=/b\n");
        ck_assert_uint_eq(strv_length(c.ignore_paths), 2);
        parse(&c, "[Stalelibd]\nIgnore=\nIgnore=/c\nMetricsFile=\n");
        ck_assert_uint_eq(strv_length(c.ignore_paths), 1);
        ck_assert_str_eq(c.ignore_paths[0], "/c");
        ck_assert_ptr_null(c.metrics_file);
        config_done(&c);
}
END_TEST

static const struct {
        const char *name, *text, *says;
        unsigned line;
} bad[] = {
        { "no section", "Watch=no\n", "outside of section", 1 },
        { "another section", "[Other]\nx=y\n", "", 2 },
        { "no equals sign", "[Stalelibd]\nWatch\n", "without \"=\"", 2 },
        { "unknown key", "[Stalelibd]\n\nColour=red\n", "unknown setting Colour=", 3 },
        { "case matters", "[Stalelibd]\nwatch=no\n", "unknown setting watch=", 2 },
        { "not a span", "[Stalelibd]\nSettleSec=soon\n", "SettleSec= wants a time span, not \"soon\"", 2 },
        { "too often", "[Stalelibd]\nSweepIntervalSec=1ms\n", "SweepIntervalSec= wants", 2 },
        { "no timeout", "[Stalelibd]\nScannerTimeoutSec=infinity\n", "ScannerTimeoutSec= wants", 2 },
        { "empty interval", "[Stalelibd]\nSweepIntervalSec=\n", "SweepIntervalSec= wants", 2 },
        { "not a boolean", "[Stalelibd]\nWatch=perhaps\n", "Watch= wants yes or no", 2 },
        { "a relative path", "[Stalelibd]\nMetricsFile=m.prom\n", "MetricsFile= wants an absolute path", 2 },
        { "a directory", "[Stalelibd]\nMetricsFile=/var/\n", "MetricsFile= wants an absolute path", 2 },
};

START_TEST(a_bad_line_is_told_with_its_number_and_changes_nothing) {
        Config c, defaults;
        Warned w;

        config_init(&c);
        config_init(&defaults);
        w = parse(&c, bad[_i].text);
        ck_assert_msg(w.n >= 1, "%s", bad[_i].name);
        ck_assert_msg(w.line == bad[_i].line, "%s: line %u", bad[_i].name, w.line);
        ck_assert_msg(strstr(w.text, bad[_i].says), "%s: %s", bad[_i].name, w.text);
        ck_assert_msg(c.sweep_interval_usec == defaults.sweep_interval_usec && c.settle_usec == defaults.settle_usec &&
                      c.scanner_timeout_usec == defaults.scanner_timeout_usec && c.watch == defaults.watch &&
                      c.remote_file_systems == defaults.remote_file_systems && !c.ignore_paths && !c.ignore_exes &&
                      !c.ignore_units && !c.metrics_file, "%s", bad[_i].name);
        config_done(&c);
}
END_TEST

START_TEST(a_line_without_end_is_left_out) {
        _cleanup_free_ char *text = malloc(8192);
        Config c;
        Warned w;

        memset(text, 'a', 8191);
        memcpy(text, "[Stalelibd]\n", 12);
        memcpy(text + 8000, "\nWatch=no\n", 11);
        config_init(&c);
        w = parse(&c, text);
        ck_assert_uint_eq(w.n, 1);
        ck_assert_uint_eq(w.line, 2);
        ck_assert(!c.watch);
        config_done(&c);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("config");
        TCase *tcase = tcase_create("config");

        tcase_add_test(tcase, every_setting_is_read);
        tcase_add_test(tcase, lists_add_up_over_files_and_an_empty_value_forgets_them);
        tcase_add_loop_test(tcase, a_bad_line_is_told_with_its_number_and_changes_nothing, 0, ELEMENTSOF(bad));
        tcase_add_test(tcase, a_line_without_end_is_left_out);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
