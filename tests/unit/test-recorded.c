/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Processes of several releases of glibc, and of musl, as they once were (recorded.h). */

#include "recorded.h"
#include "unit.h"

static const char *const names[] = { "glibc-2.31", "glibc-2.36", "glibc-2.36-32", "glibc-2.41", "musl-1.2.3" };

static void ck_recorded(FILE *file) {
        _cleanup_(link_map_list_done) LinkMapList list = {};
        _cleanup_(recorded_done) Recorded recorded = {};
        _cleanup_free_ char *line = NULL, *found = NULL;
        size_t size = 0, found_size, n = 0;

        while (getline(&line, &size, file) > 0 && strncmp(line, "map ", 4) != 0)
                ck_assert_msg(recorded_parse(&recorded, line), "%s", line);
        ck_assert_int_eq(recorded_list_read(&recorded, &list), 0);
        ck_assert(list.complete);
        do {
                FILE *f = open_memstream(&found, &found_size);

                ck_assert_ptr_nonnull(f);
                ck_assert_uint_lt(n, list.n_maps);
                recorded_render(f, &list, n++);
                fclose(f);
                ck_assert_str_eq(found, line);
                free(found);
                found = NULL;
        } while (getline(&line, &size, file) > 0);
        ck_assert_uint_eq(n, list.n_maps);
}

START_TEST(a_recorded_process_is_read_as_it_was) {
        char path[4096];
        FILE *file;

        snprintf(path, sizeof(path), "%s/%s", RECORDED, names[_i]);
        file = fopen(path, "re");
        ck_assert_msg(file != NULL, "%s: %m", path);
        ck_recorded(file);
        fclose(file);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("recorded");
        TCase *tcase = tcase_create("recorded");

        tcase_add_loop_test(tcase, a_recorded_process_is_read_as_it_was, 0, ELEMENTSOF(names));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
