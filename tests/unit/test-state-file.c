/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "findings.h"
#include "state-file.h"

static char directory[] = "/tmp/stalelib-ledger.XXXXXX";
static char path[64];

static void setup(void) {
        strcpy(directory, "/tmp/stalelib-ledger.XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(directory));
        snprintf(path, sizeof(path), "%s/known", directory);
}

static void teardown(void) {
        unlink(path);
        rmdir(directory);
}

static StateFile *open_and_expect(size_t n) {
        _cleanup_(snapshot_freep) Snapshot *told = NULL;
        _cleanup_free_ int *priorities = NULL;
        StateFile *l;

        ck_assert_int_eq(state_file_open(directory, &l, &told, &priorities), 0);
        ck_assert_uint_eq(told->n_findings, n);
        return l;
}

START_TEST(what_was_told_is_there_after_a_restart) {
        Finding one = finding_make(42, 1, "a.service"), two = finding_make(42, 2, NULL);
        _cleanup_(snapshot_freep) Snapshot *told = NULL;
        _cleanup_free_ int *priorities = NULL;
        StateFile *l;

        l = open_and_expect(0);
        ck_assert_int_eq(state_file_add(l, &one, 4), 0);
        ck_assert_int_eq(state_file_add(l, &two, 5), 0);
        ck_assert_int_eq(state_file_add(l, &two, 3), 0);
        l = state_file_free(l);
        ck_assert_int_eq(state_file_open(directory, &l, &told, &priorities), 0);
        ck_assert_uint_eq(told->n_findings, 2);
        ck_assert(!finding_differs(told->findings[0], &one));
        ck_assert_int_eq(priorities[0], 4);
        ck_assert_int_eq(priorities[1], 3);
        ck_assert_int_eq(state_file_remove(l, &one), 0);
        state_file_free(l);
        state_file_free(open_and_expect(1));
        state_file_free(open_and_expect(1)); /* written anew, it is the same */
        finding_done(&one);
        finding_done(&two);
}
END_TEST

/* Text that a finding's line is put into, for @. */
static const struct {
        const char *name, *format;
        size_t n;
        int left_out;
} texts[] = {
        { "empty", "", 0 },
        { "no header", "+ 4 @\n", 0, 1 },
        { "another boot", "stalelibd 1 ffffffffffffffffffffffffffffffff\n+ 4 @\n", 0 },
        { "another version", "stalelibd 2 00000000000000000000000000000001\n+ 4 @\n", 0, 1 },
        { "told", "stalelibd 1 00000000000000000000000000000001\n+ 4 @\n", 1 },
        { "told twice", "stalelibd 1 00000000000000000000000000000001\n+ 4 @\n+ 3 @\n", 1 },
        { "gone", "stalelibd 1 00000000000000000000000000000001\n+ 4 @\n- @\n", 0 },
        { "gone and told again", "stalelibd 1 00000000000000000000000000000001\n+ 4 @\n- @\n+ 4 @\n", 1 },
        { "gone before", "stalelibd 1 00000000000000000000000000000001\n- @\n", 0 },
        { "the last line is not whole", "stalelibd 1 00000000000000000000000000000001\n+ 4 @", 0, 1 },
        { "nonsense between", "stalelibd 1 00000000000000000000000000000001\n\n?\n+ x {}\n+ 9 @\n+ 4 {}\n+ 4 @\n", 1, 5 },
        { "no priority", "stalelibd 1 00000000000000000000000000000001\n+ @\n", 0, 1 },
};

START_TEST(lines_are_read_with_care) {
        _cleanup_(finding_done) Finding f = finding_make(42, 1, "a.service");
        _cleanup_(snapshot_freep) Snapshot *told = NULL;
        _cleanup_free_ char *text = NULL, *line = NULL;
        _cleanup_free_ int *priorities = NULL;
        size_t size;
        FILE *file;
        char *contents = NULL;

        /* The line of a finding is what the state_file itself writes. */
        StateFile *l = open_and_expect(0);
        ck_assert_int_eq(state_file_add(l, &f, 4), 0);
        state_file_free(l);
        file = fopen(path, "re");
        ck_assert_ptr_nonnull(file);
        while (getline(&line, &size, file) > 0 && line[0] != '+')
                ;
        fclose(file);
        line[strcspn(line, "\n")] = '\0';

        file = open_memstream(&contents, &size);
        for (const char *p = texts[_i].format; *p; p++)
                if (*p == '@')
                        fputs(line + 4, file);
                else
                        fputc(*p, file);
        fclose(file);
        text = contents;
        ck_assert_int_eq(state_file_parse(text, "00000000000000000000000000000001", &told, &priorities), texts[_i].left_out);
        ck_assert_msg(told->n_findings == texts[_i].n, "%s: %zu", texts[_i].name, told->n_findings);
}
END_TEST

static void rewrite(StateFile *l, const Snapshot *s, const int *priorities) {
        ck_assert_int_eq(state_file_rewrite_begin(l, s, priorities), 0);
        for (size_t i = 0; i < s->n_findings; i++)
                ck_assert_int_eq(state_file_rewrite_step(l), 1);
        ck_assert_int_eq(state_file_rewrite_step(l), 0);
        ck_assert(!state_file_is_rewriting(l));
}

START_TEST(what_is_told_while_it_is_written_anew_is_not_lost) {
        _cleanup_(finding_done) Finding f = finding_make(42, 3, "a.service");
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        const int priorities[] = { 4, -1 };
        StateFile *l = open_and_expect(0);

        snapshot_put(s, 42, 1, "a.service", 0);
        snapshot_put(s, 42, 2, "a.service", 0);
        snapshot_freeze(s);
        ck_assert_int_eq(state_file_rewrite_begin(l, s, priorities), 0);
        ck_assert_int_eq(state_file_rewrite_step(l), 1);
        ck_assert_int_eq(state_file_add(l, &f, 4), 0);
        ck_assert(!state_file_is_rewriting(l));
        state_file_free(open_and_expect(1));
        rewrite(l, s, priorities);
        ck_assert_int_eq(state_file_add(l, &f, 4), 0);
        state_file_free(open_and_expect(2));
        ck_assert_int_eq(state_file_rewrite_begin(l, s, priorities), 0);
        state_file_free(l);
        state_file_free(open_and_expect(2));
}
END_TEST

START_TEST(a_full_disk_is_told_and_repaired_later) {
        const struct rlimit small = { 3000, RLIM_INFINITY }, large = { RLIM_INFINITY, RLIM_INFINITY };
        _cleanup_(finding_done) Finding f = finding_make(42, 1, "a.service");
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        const int priorities[] = { 4 };
        int r = 0;
        StateFile *l;

        signal(SIGXFSZ, SIG_IGN);
        l = open_and_expect(0);
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
        for (int i = 0; i < 100 && r >= 0; i++)
                r = state_file_add(l, &f, 4);
        ck_assert_int_lt(r, 0);
        ck_assert(state_file_is_long(l, 1));
        ck_assert_int_eq(state_file_remove(l, &f), r); /* not tried: it might be the one line that fits */
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &large), 0);
        state_file_free(open_and_expect(1)); /* of whole lines */
        snapshot_put(s, 42, 1, "a.service", 0);
        snapshot_freeze(s);
        rewrite(l, s, priorities);
        ck_assert(!state_file_is_long(l, 1));
        state_file_free(l);
        state_file_free(open_and_expect(1));
}
END_TEST

START_TEST(what_is_not_ours_is_left_alone) {
        StateFile *l;

        ck_assert_int_eq(symlink("/etc/passwd", path), 0);
        l = open_and_expect(0);
        state_file_free(l);
        unlink(path);
        ck_assert_int_eq(mkfifo(path, 0600), 0);
        l = open_and_expect(0);
        state_file_free(l);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("ledger");
        TCase *tcase = tcase_create("ledger");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, what_was_told_is_there_after_a_restart);
        tcase_add_loop_test(tcase, lines_are_read_with_care, 0, ELEMENTSOF(texts));
        tcase_add_test(tcase, what_is_told_while_it_is_written_anew_is_not_lost);
        tcase_add_test(tcase, a_full_disk_is_told_and_repaired_later);
        tcase_add_test(tcase, what_is_not_ours_is_left_alone);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
