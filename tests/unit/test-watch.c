/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>

#include "unit.h"
#include "watch.h"

static char directory[32];
static int directory_fd;
static Watch *watch;

static void setup(void) {
        strcpy(directory, "/tmp/stalelib-watch.XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(directory));
        directory_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
        ck_assert_int_ge(directory_fd, 0);
        ck_assert_int_eq(watch_new(&watch), 0);
}

static void teardown(void) {
        char command[64];

        watch = watch_free(watch);
        close(directory_fd);
        snprintf(command, sizeof(command), "rm -rf %s", directory);
        ck_assert_int_eq(system(command), 0);
}

static void make(const char *name) {
        int fd = openat(directory_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        ck_assert_int_ge(fd, 0);
        close(fd);
}

static void do_create(void) {
        make("a.so");
}
static void do_rename_over(void) {
        make("new");
        watch_read(watch);
        ck_assert_int_eq(renameat(directory_fd, "new", directory_fd, "a.so"), 0);
}
static void do_rename_away(void) {
        make("a.so");
        watch_read(watch);
        ck_assert_int_eq(renameat(directory_fd, "a.so", directory_fd, "old"), 0);
}
static void do_unlink(void) {
        make("a.so");
        watch_read(watch);
        ck_assert_int_eq(unlinkat(directory_fd, "a.so", 0), 0);
}
static void do_write(void) {
        make("a.so");
        watch_read(watch);
        make("a.so"); /* opened for writing, and closed */
}
static void do_link(void) {
        ck_assert_int_eq(symlinkat("elsewhere", directory_fd, "a.so"), 0);
}
static void do_another(void) {
        make("a.so.tmp");
}
static void do_remove(void) {
        ck_assert_int_eq(rmdir(directory), 0);
        close(directory_fd); /* it is not gone while it is held open */
        ck_assert_int_eq(mkdir(directory, 0700), 0);
        directory_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
}
static void do_nothing(void) {
}

static const struct {
        const char *name;
        void (*act)(void);
        WatchResult result;
} rows[] = {
        { "created", do_create, WATCH_CHANGED },
        { "renamed over", do_rename_over, WATCH_CHANGED },
        { "renamed away", do_rename_away, WATCH_CHANGED },
        { "unlinked", do_unlink, WATCH_CHANGED },
        { "written to", do_write, WATCH_CHANGED },
        { "a link", do_link, WATCH_CHANGED },
        { "another name", do_another, WATCH_NOISE },
        { "the directory itself is gone", do_remove, WATCH_CHANGED },
        { "nothing", do_nothing, WATCH_NOTHING },
};

START_TEST(changes_of_watched_names_are_seen) {
        watch_add(watch, directory_fd, "a.so");
        ck_assert_uint_eq(watch_count(watch), 1);
        rows[_i].act();
        ck_assert_msg(watch_read(watch) == rows[_i].result, "%s", rows[_i].name);
        ck_assert_msg(watch_read(watch) == WATCH_NOTHING, "%s", rows[_i].name);
}
END_TEST

START_TEST(many_names_of_one_directory_are_one_watch) {
        char name[32];

        for (int i = 0; i < 5000; i++) {
                snprintf(name, sizeof(name), "lib%d.so", i);
                watch_add(watch, directory_fd, name);
                watch_add(watch, directory_fd, name);
        }
        ck_assert_uint_eq(watch_count(watch), 1);
        ck_assert_uint_eq(watch_count_ever(watch), 1);
        ck_assert_uint_eq(watch_names(watch), 5000);
        make("lib4711.so");
        ck_assert_int_eq(watch_read(watch), WATCH_CHANGED);
        make("lib5000.so");
        ck_assert_int_eq(watch_read(watch), WATCH_NOISE);
}
END_TEST

START_TEST(changes_before_a_name_is_added_are_still_to_be_read) {
        watch_add(watch, directory_fd, "a.so");
        make("b.so");
        watch_add(watch, directory_fd, "b.so");
        ck_assert_int_eq(watch_read(watch), WATCH_CHANGED);
}
END_TEST

START_TEST(directories_that_are_gone_leave_nothing_behind) {
        size_t most = 0;

        for (int i = 0; i < 600; i++) {
                int fd;

                ck_assert_int_eq(mkdirat(directory_fd, "d", 0700), 0);
                fd = openat(directory_fd, "d", O_PATH | O_DIRECTORY | O_CLOEXEC);
                watch_add(watch, fd, "a.so");
                close(fd);
                ck_assert_int_eq(unlinkat(directory_fd, "d", AT_REMOVEDIR), 0);
                ck_assert_int_eq(watch_read(watch), WATCH_CHANGED);
                ck_assert_uint_eq(watch_count(watch), 0);
                if (watch_names(watch) > most)
                        most = watch_names(watch);
        }
        ck_assert_uint_le(most, 256);
        ck_assert_uint_eq(watch_count_ever(watch), 600);
}
END_TEST

START_TEST(nothing_is_watched_any_more_after_an_end) {
        watch_add(watch, directory_fd, "a.so");
        watch_clear(watch);
        watch_read(watch);
        ck_assert_uint_eq(watch_count(watch), 0);
        make("a.so");
        ck_assert_int_eq(watch_read(watch), WATCH_NOTHING);
        watch_add(watch, directory_fd, "a.so");
        make("a.so");
        ck_assert_int_eq(watch_read(watch), WATCH_CHANGED);
}
END_TEST

START_TEST(what_cannot_be_watched_is_left_out) {
        int fd = openat(directory_fd, ".", O_PATH | O_CLOEXEC);

        close(fd);
        watch_add(watch, fd, "a.so");
        ck_assert_uint_eq(watch_count(watch), 0);
        ck_assert(!watch_limit_is_news(watch));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("watch");
        TCase *tcase = tcase_create("watch");

        tcase_set_timeout(tcase, 60);
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_loop_test(tcase, changes_of_watched_names_are_seen, 0, ELEMENTSOF(rows));
        tcase_add_test(tcase, many_names_of_one_directory_are_one_watch);
        tcase_add_test(tcase, changes_before_a_name_is_added_are_still_to_be_read);
        tcase_add_test(tcase, directories_that_are_gone_leave_nothing_behind);
        tcase_add_test(tcase, nothing_is_watched_any_more_after_an_end);
        tcase_add_test(tcase, what_cannot_be_watched_is_left_out);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
