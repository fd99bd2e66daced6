/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What holds for each row of a table of fields, those that are yet to be added included. */

#include <json-c/json.h>

#include "findings.h"
#include "report/field.h"
#include "report/report-json.h"

/* Another value of the row's type, from memory that finding_done() may free. */
static void change(const Field *field, Finding *f) {
        void *member = field_at(field, f);

        switch (field->type) {
        case FIELD_BYTES:
        case FIELD_TEXT:
                free(*(char **) member);
                *(char **) member = strdup("another text");
                break;
        case FIELD_UINT64:
                *(uint64_t *) member -= 1;
                break;
        case FIELD_WORD:
        case FIELD_MASK:
                *(uint32_t *) member ^= 1u << 1;
                break;
        case FIELD_UINT32:
                *(uint32_t *) member -= 1;
                break;
        case FIELD_FILE_ID:
                ((FileId *) member)->inode -= 1;
                break;
        case FIELD_PINS:
                f->pins[1].certainty = CERTAINTY_LIKELY;
                break;
        case FIELD_URGENCY: /* follows from them */
                f->flags |= FLAG_CRASH_RISK;
                break;
        default:
                ck_abort_msg("%s has type %d", field->key, field->type);
        }
}

static size_t n_fields(void) {
        size_t n = 0;

        while (finding_fields[n].key)
                n++;
        return n;
}

START_TEST(key_is_unique) {
        for (int i = 0; i < _i; i++)
                ck_assert_str_ne(finding_fields[i].key, finding_fields[_i].key);
}
END_TEST

START_TEST(string_has_a_limit) {
        if (field_is_string(&finding_fields[_i]))
                ck_assert_uint_gt(finding_fields[_i].max, 0);
}
END_TEST

START_TEST(change_makes_a_difference) {
        _cleanup_(finding_done) Finding a = finding_make_full(), b = finding_make_full();
        const Field *field = finding_fields + _i;

        ck_assert(finding_is_same(&a, &b));
        change(field, &b);
        ck_assert_msg(!finding_is_same(&a, &b), "%s", field->key);
        if (field->type != FIELD_URGENCY)
                ck_assert_msg(finding_differs(&a, &b) == !!(field->flags & FIELD_COMPARED), "%s", field->key);
}
END_TEST

START_TEST(change_is_copied) {
        _cleanup_(finding_done) Finding f = finding_make_full(), copy = {}, again = {};
        Finding *shared;

        change(finding_fields + _i, &f);
        ck_assert_int_eq(finding_copy(&f, &copy), 0);
        ck_assert_msg(finding_is_same(&f, &copy), "%s", finding_fields[_i].key);
        ck_assert_int_eq(finding_copy(&f, &again), 0);
        shared = finding_new(&again);
        ck_assert_ptr_nonnull(shared);
        ck_assert_msg(finding_is_same(&f, shared), "%s", finding_fields[_i].key);
        finding_unref(shared);
}
END_TEST

START_TEST(change_survives_the_report) {
        _cleanup_(finding_done) Finding f = finding_make_full(), back = {};
        json_object *o, *parsed;

        change(finding_fields + _i, &f);
        ck_assert_int_eq(report_json_build_finding(&f, &o), 0);
        ck_assert_msg(json_object_object_get_ex(o, finding_fields[_i].key, NULL), "%s", finding_fields[_i].key);
        parsed = json_tokener_parse(json_object_to_json_string(o));
        ck_assert_int_eq(report_json_parse_finding(parsed, &back), 0);
        ck_assert_msg(finding_is_same(&f, &back), "%s", finding_fields[_i].key);
        json_object_put(parsed);
        json_object_put(o);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("field");
        TCase *tcase = tcase_create("field");
        int n = (int) n_fields();

        tcase_add_loop_test(tcase, key_is_unique, 0, n);
        tcase_add_loop_test(tcase, string_has_a_limit, 0, n);
        tcase_add_loop_test(tcase, change_makes_a_difference, 0, n);
        tcase_add_loop_test(tcase, change_is_copied, 0, n);
        tcase_add_loop_test(tcase, change_survives_the_report, 0, n);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
