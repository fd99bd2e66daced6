/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "table.h"
#include "text-wrap.h"
#include "unit.h"

static const Column columns[] = {
        { "PID", .right = true },
        { "NAME", .minimum = 4 },
        { "FILE", .minimum = 6, .front = true },
};

static void freep_table(Table **t) {
        table_free(*t);
}

static Table *sample(void) {
        Table *t = table_new(columns, ELEMENTSOF(columns));

        ck_assert_int_eq(table_add(t, (const char *const[]){ "7", "nginx", "/opt/a.so" }, NULL), 0);
        ck_assert_int_eq(table_add_heading(t, "a heading that is longer than all"), 0);
        ck_assert_int_eq(table_add(t, (const char *const[]){ "1234", "b", "/usr/lib/libssl.so.3" },
                                   (const Style[]){ STYLE_PLAIN, STYLE_RED, STYLE_PLAIN }), 0);
        return t;
}

static const struct {
        const char *name;
        TableFormat format;
        const char *result;
} rows[] = {
        { "as wide as it is", { .legend = true, .ellipsis = "~" },
          " PID NAME  FILE\n"
          "   7 nginx /opt/a.so\n"
          "a heading that is longer than all\n"
          "1234 b     /usr/lib/libssl.so.3\n" },
        { "no titles", { .ellipsis = "~" },
          "   7 nginx /opt/a.so\n"
          "a heading that is longer than all\n"
          "1234 b     /usr/lib/libssl.so.3\n" },
        { "the widest gives way, at its front", { .width = 24, .ellipsis = "~" },
          "   7 nginx /opt/a.so\n"
          "a heading that is longe~\n"
          "1234 b     ~/libssl.so.3\n" },
        { "then the others, to their minimum", { .width = 16, .ellipsis = "~" },
          "   7 ngi~ ~/a.so\n"
          "a heading that ~\n"
          "1234 b    ~.so.3\n" },
        { "then to half of it", { .width = 1, .ellipsis = "~" },
          "   7 n~ ~so\n"
          "~\n"
          "1234 b  ~.3\n" },
        { "rows are indented below headings", { .indent = 2, .width = 26, .ellipsis = "~" },
          "     7 nginx /opt/a.so\n"
          "a heading that is longer ~\n"
          "  1234 b     ~/libssl.so.3\n" },
        { "colours take no columns", { .colour = true, .width = 24, .ellipsis = "~" },
          "   7 nginx /opt/a.so\n"
          "\x1b[1ma heading that is longe~\x1b[0m\n"
          "1234 \x1b[1;31mb\x1b[0m     ~/libssl.so.3\n" },
};

START_TEST(a_table_fits_its_width) {
        _cleanup_(freep_table) Table *t = sample();
        _cleanup_free_ char *text = table_format(t, &rows[_i].format);

        ck_assert_msg(strcmp(text, rows[_i].result) == 0, "%s:\n%s", rows[_i].name, text);
}
END_TEST

START_TEST(a_spared_column_is_cut_last) {
        static const Column state_and_file[] = { { "STATE", .minimum = 4, .spared = true }, { "FILE", .minimum = 6, .front = true } };
        _cleanup_(freep_table) Table *t = table_new(state_and_file, ELEMENTSOF(state_and_file));
        static const char *const results[] = { "modified ~.so.3\n", "modi~ ~.so.3\n", "mod~ ~o.3\n" };

        table_add(t, (const char *const[]){ "modified", "libssl.so.3" }, NULL);
        for (unsigned i = 0; i < ELEMENTSOF(results); i++) {
                TableFormat format = { .width = (unsigned) strlen(results[i]) - 1, .ellipsis = "~" };
                _cleanup_free_ char *text = table_format(t, &format);

                ck_assert_str_eq(text, results[i]);
        }
}
END_TEST

START_TEST(a_table_without_rows_is_empty) {
        _cleanup_(freep_table) Table *t = table_new(columns, ELEMENTSOF(columns));
        TableFormat format = { .legend = true, .ellipsis = "~" };
        _cleanup_free_ char *text = table_format(t, &format);

        ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(columns_line_up_whatever_the_script) {
        _cleanup_(freep_table) Table *t = table_new(columns, ELEMENTSOF(columns));
        TableFormat format = { .ellipsis = "~" };
        _cleanup_free_ char *text = NULL;

        table_add(t, (const char *const[]){ "1", "\xe4\xb8\xad\xe6\x96\x87", "x" }, NULL);
        table_add(t, (const char *const[]){ "2", "ab", "x" }, NULL);
        text = table_format(t, &format);
        ck_assert_str_eq(text, "1 \xe4\xb8\xad\xe6\x96\x87 x\n2 ab   x\n");
}
END_TEST

int main(void) {
        Suite *suite = suite_create("table");
        TCase *tcase = tcase_create("table");

        tcase_add_loop_test(tcase, a_table_fits_its_width, 0, ELEMENTSOF(rows));
        tcase_add_test(tcase, a_spared_column_is_cut_last);
        tcase_add_test(tcase, a_table_without_rows_is_empty);
        tcase_add_test(tcase, columns_line_up_whatever_the_script);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
