/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "scan/lookup-cache.h"
#include "unit.h"

static LookupCache table;

static void setup(void) {
        ck_assert_int_eq(lookup_cache_init(&table), 0);
}

static void teardown(void) {
        lookup_cache_done(&table);
}

static uint32_t add(uint32_t view, const char *name) {
        uint32_t path;

        ck_assert_int_eq(lookup_cache_add(&table, view, name, &path), 0);
        return path;
}

static uint32_t add_set(uint32_t *paths, size_t n) {
        uint32_t set;

        ck_assert_int_eq(lookup_cache_add_set(&table, paths, n, &set), 0);
        return set;
}

START_TEST(a_name_is_kept_once_a_view) {
        uint32_t a = add(1, "/a");

        ck_assert_uint_eq(add(1, "/a"), a);
        ck_assert_uint_ne(add(2, "/a"), a);
        ck_assert_uint_ne(add(1, "/b"), a);
        ck_assert_uint_eq(table.paths[a].looked_up, 0);
}
END_TEST

START_TEST(many_names_are_all_found_again) {
        uint32_t numbers[5000];
        char name[32];

        for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
                snprintf(name, sizeof(name), "/lib/%zu", i);
                numbers[i] = add(1, name);
        }
        for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
                snprintf(name, sizeof(name), "/lib/%zu", i);
                ck_assert_uint_eq(add(1, name), numbers[i]);
        }
}
END_TEST

static const FileIdentity old_file = { .dev_major = 8, .inode = 11, .size = 100, .mount_id = 5, .ctime = 1000 };

static const struct {
        const char *name;
        int error;
        FileIdentity now;
        bool changes;
} answers[] = {
        { "the same", 0, { .dev_major = 8, .inode = 11, .size = 100, .mount_id = 5, .ctime = 1000 }, false },
        { "another inode", 0, { .dev_major = 8, .inode = 12, .size = 100, .mount_id = 5, .ctime = 1000 }, true },
        { "another device", 0, { .dev_major = 9, .inode = 11, .size = 100, .mount_id = 5, .ctime = 1000 }, true },
        { "touched", 0, { .dev_major = 8, .inode = 11, .size = 100, .mount_id = 5, .ctime = 1001 }, true },
        { "grown within a tick", 0, { .dev_major = 8, .inode = 11, .size = 101, .mount_id = 5, .ctime = 1000 }, true },
        { "mounted elsewhere", 0, { .dev_major = 8, .inode = 11, .size = 100, .mount_id = 6, .ctime = 1000 }, true },
        { "gone", -ENOENT, {}, true },
};

START_TEST(a_changed_answer_is_noted_with_its_sweep) {
        uint32_t path = add(1, "/a");
        Path *p = &table.paths[path];

        path_answer(p, 1, 0, &old_file);
        ck_assert_uint_eq(p->changed, 1);
        path_answer(p, 2, answers[_i].error, &answers[_i].now);
        ck_assert_uint_eq(p->looked_up, 2);
        ck_assert_uint_eq(p->changed, answers[_i].changes ? 2 : 1);
        ck_assert_int_eq(p->error, answers[_i].error);
}
END_TEST

START_TEST(an_error_that_stays_is_no_change) {
        uint32_t path = add(1, "/a");
        Path *p = &table.paths[path];

        path_answer(p, 1, -ENOENT, NULL);
        path_answer(p, 2, -ENOENT, NULL);
        ck_assert_uint_eq(p->changed, 1);
        path_answer(p, 3, -EACCES, NULL);
        ck_assert_uint_eq(p->changed, 3);
}
END_TEST

START_TEST(equal_sets_are_one_whatever_their_order) {
        uint32_t a = add(1, "/a"), b = add(1, "/b");
        uint32_t first[] = { b, a, b }, second[] = { a, b }, other[] = { a };
        uint32_t set = add_set(first, 3);

        ck_assert_uint_eq(add_set(second, 2), set);
        ck_assert_uint_ne(add_set(other, 1), set);
        ck_assert(path_set_contains(&table, set, a));
        ck_assert(path_set_contains(&table, set, b));
        ck_assert(!path_set_contains(&table, set, b + 1));
}
END_TEST

START_TEST(a_set_changes_with_any_of_its_names) {
        uint32_t a = add(1, "/a"), b = add(1, "/b");
        uint32_t both[] = { a, b }, set = add_set(both, 2);

        path_answer(&table.paths[a], 1, 0, &old_file);
        path_answer(&table.paths[b], 1, 0, &old_file);
        ck_assert_uint_eq(path_set_changed(&table, set, 1), 1);
        path_answer(&table.paths[a], 2, 0, &old_file);
        path_answer(&table.paths[b], 2, -ENOENT, NULL);
        ck_assert_uint_eq(path_set_changed(&table, set, 2), 2);
        path_answer(&table.paths[a], 3, 0, &old_file);
        path_answer(&table.paths[b], 3, -ENOENT, NULL);
        ck_assert_uint_eq(path_set_changed(&table, set, 3), 2);
}
END_TEST

START_TEST(what_no_sweep_needs_is_dropped_and_its_number_used_again) {
        uint32_t a = add(1, "/a"), b = add(1, "/b");
        uint32_t keep[] = { a }, drop[] = { b };
        uint32_t kept = add_set(keep, 1), dropped = add_set(drop, 1);

        path_set_use(&table, kept, 7);
        lookup_cache_prune(&table, 7);
        ck_assert_uint_eq(add(1, "/a"), a);
        ck_assert_uint_eq(add_set(keep, 1), kept);
        ck_assert_ptr_null(table.paths[b].name);
        ck_assert_ptr_null(table.sets[dropped].paths);
        ck_assert_uint_eq(add(1, "/c"), b);
        ck_assert_uint_eq(table.paths[b].looked_up, 0);
}
END_TEST

START_TEST(an_empty_set_is_a_set) {
        uint32_t set = add_set(NULL, 0);

        ck_assert_uint_eq(add_set(NULL, 0), set);
        ck_assert_uint_eq(path_set_changed(&table, set, 1), 0);
        ck_assert(!path_set_contains(&table, set, 0));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("lookup-cache");
        TCase *tcase = tcase_create("lookup-cache");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, a_name_is_kept_once_a_view);
        tcase_add_test(tcase, many_names_are_all_found_again);
        tcase_add_loop_test(tcase, a_changed_answer_is_noted_with_its_sweep, 0, ELEMENTSOF(answers));
        tcase_add_test(tcase, an_error_that_stays_is_no_change);
        tcase_add_test(tcase, equal_sets_are_one_whatever_their_order);
        tcase_add_test(tcase, a_set_changes_with_any_of_its_names);
        tcase_add_test(tcase, what_no_sweep_needs_is_dropped_and_its_number_used_again);
        tcase_add_test(tcase, an_empty_set_is_a_set);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
