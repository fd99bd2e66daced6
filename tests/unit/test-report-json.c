/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <json-c/json.h>

#include "findings.h"
#include "report/report-json.h"
#include "unit.h"

static void put(json_object **o) {
        json_object_put(*o);
}
#define _cleanup_json_ _cleanup_(put)

static const char full_text[] =
        "{\"pid\":3391245,\"start_time\":18446744073709551615,\"comm\":\"ng\\\\x1b[31minx\","
        "\"exe\":\"/usr/sbin/nginx\",\"uid\":4294967295,\"unit\":\"nginx\\\\\\\\x2da.service\","
        "\"user_unit\":\"app.service\",\"container\":\"docker:0123456789ab\","
        "\"path\":\"/opt/a b/\\\\xff\\\\x0a\\\"pl\\\\\\\\012ug\xc3\xa9.so\",\"loader_name\":\"/opt/current/plug.so\","
        "\"state\":\"replaced\",\"flags\":[\"same-content\",\"file-bind-mount\"],\"urgency\":\"none\","
        "\"mapped\":{\"device\":\"253:0\",\"inode\":5250054,"
        "\"build_id\":\"deadbeef0500000000000000000000000000000a\",\"known\":true},"
        "\"disk\":{\"device\":\"4294967295:1048575\",\"inode\":18446744073709551615,\"build_id\":null},"
        "\"successor\":\"/opt/new.so\",\"pins\":["
        "{\"reason\":\"nodelete\",\"certainty\":\"certain\",\"holder\":null,\"holder_pins\":[],"
        "\"detail\":\"DF_1_NODELETE is set\"},"
        "{\"reason\":\"holder\",\"certainty\":\"by-elimination\",\"holder\":\"/lib/\\\\x01h.so\","
        "\"holder_pins\":[\"nodelete\",\"unknown\"],\"detail\":\"it is DT_NEEDED\"}],"
        "\"runtimes\":[\"go\",\"nginx\"],\"action\":\"restart\","
        "\"advice\":\"systemctl restart 'nginx\\\\\\\\x2da.service'\","
        "\"message\":\"it still runs the old /opt/a b/\\\\xff\\\\x0a\\\"\xe2\x80\xa6 pl\\\\\\\\012ug\"}";

static const char *text_of(json_object *o) {
        return json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

START_TEST(a_finding_has_every_member_escaped) {
        _cleanup_(finding_done) Finding f;
        _cleanup_json_ json_object *o = NULL;

        f = finding_make_full();
        ck_assert_int_eq(report_json_build_finding(&f, &o), 0);
        ck_assert_str_eq(text_of(o), full_text);
}
END_TEST

START_TEST(what_is_not_known_is_null) {
        Finding f = { .pid = 1, .comm = (char *) "a", .path = (char *) "/b", .state = STATE_DELETED,
                      .advice = (char *) "c", .message = (char *) "d" };
        _cleanup_json_ json_object *o = NULL;

        ck_assert_int_eq(report_json_build_finding(&f, &o), 0);
        ck_assert_str_eq(text_of(o),
                "{\"pid\":1,\"start_time\":0,\"comm\":\"a\",\"exe\":null,\"uid\":0,\"unit\":null,\"user_unit\":null,"
                "\"container\":null,\"path\":\"/b\",\"loader_name\":null,\"state\":\"deleted\",\"flags\":[],\"urgency\":\"normal\","
                "\"mapped\":{\"device\":\"0:0\",\"inode\":0,\"build_id\":null,\"known\":false},\"disk\":null,"
                "\"successor\":null,\"pins\":[],\"runtimes\":[],\"action\":\"none\",\"advice\":\"c\",\"message\":\"d\"}");
}
END_TEST

START_TEST(a_finding_comes_back_whole) {
        _cleanup_(finding_done) Finding f, back = {};
        _cleanup_json_ json_object *o = NULL, *parsed = NULL;

        f = finding_make_full();
        ck_assert_int_eq(report_json_build_finding(&f, &o), 0);
        parsed = json_tokener_parse(text_of(o)); /* over the text, as the daemon reads it */
        ck_assert_int_eq(report_json_parse_finding(parsed, &back), 0);

        ck_assert_int_eq(finding_compare(&f, &back), 0);
        ck_assert(!finding_differs(&f, &back));
        ck_assert_str_eq(back.comm, f.comm);
        ck_assert_str_eq(back.exe, f.exe);
        ck_assert_uint_eq(back.uid, f.uid);
        ck_assert_str_eq(back.unit, f.unit);
        ck_assert_str_eq(back.user_unit, f.user_unit);
        ck_assert_str_eq(back.container, f.container);
        ck_assert_str_eq(back.path, f.path);
        ck_assert_str_eq(back.loader_name, f.loader_name);
        ck_assert_uint_eq(back.flags, f.flags);
        ck_assert(file_id_equal(&back.mapped, &f.mapped));
        ck_assert(file_id_equal(&back.disk, &f.disk));
        ck_assert_str_eq(back.successor, f.successor);
        ck_assert_uint_eq(back.n_pins, 2);
        ck_assert_str_eq(back.pins[1].holder, f.pins[1].holder);
        ck_assert_uint_eq(back.pins[1].holder_pins, f.pins[1].holder_pins);
        ck_assert_str_eq(back.pins[1].detail, f.pins[1].detail);
        ck_assert_int_eq(back.pins[1].certainty, f.pins[1].certainty);
        ck_assert_uint_eq(back.runtimes, f.runtimes);
        ck_assert_str_eq(back.advice, f.advice);
        ck_assert_str_eq(back.message, f.message);
}
END_TEST

/* One member of a good finding is replaced by this; "-" takes it away. */
static const struct {
        const char *name, *key, *value;
        int result;
} rows[] = {
        { "as it is", "pid", "3391245", 0 },
        { "pid is text", "pid", "\"1\"", -EBADMSG },
        { "pid is missing", "pid", "-", -EBADMSG },
        { "pid is 0", "pid", "0", -EBADMSG },
        { "pid is negative", "pid", "-5", -EBADMSG },
        { "pid is too large", "pid", "2147483648", -EBADMSG },
        { "pid is a fraction", "pid", "1.5", -EBADMSG },
        { "pid is true", "pid", "true", -EBADMSG },
        { "uid is negative", "uid", "-1", -EBADMSG },
        { "uid is too large", "uid", "4294967296", -EBADMSG },
        { "start time is negative", "start_time", "-1", -EBADMSG },
        { "start time is above 2^63", "start_time", "9223372036854775808", 0 },
        { "comm is null", "comm", "null", -EBADMSG },
        { "comm has a NUL", "comm", "\"a\\u0000b\"", -EBADMSG },
        { "comm has an escaped NUL", "comm", "\"a\\\\x00b\"", -EBADMSG },
        { "comm has a control character", "comm", "\"a\\u001bb\"", -EBADMSG },
        { "comm has a newline", "comm", "\"a\\nb\"", -EBADMSG },
        { "comm is an array", "comm", "[\"a\"]", -EBADMSG },
        { "exe is null", "exe", "null", 0 },
        { "exe is missing", "exe", "-", 0 },
        { "exe is a number", "exe", "7", -EBADMSG },
        { "unit has a broken escape", "unit", "\"a\\\\x2\"", -EBADMSG },
        { "unit has a lone backslash", "unit", "\"a\\\\b\"", -EBADMSG },
        { "path is missing", "path", "-", -EBADMSG },
        { "path has a right-to-left override", "path", "\"/a\\u202eb\"", -EBADMSG },
        { "path has a C1 control", "path", "\"/a\\u009bb\"", -EBADMSG },
        { "path is empty", "path", "\"\"", 0 },
        { "loader name is missing", "loader_name", "-", 0 },
        { "state is no word", "state", "\"stale\"", -EBADMSG },
        { "state is null", "state", "null", -EBADMSG },
        { "what is current is no finding", "state", "\"current\"", -EBADMSG },
        { "what is ignored is no finding", "state", "\"ignored\"", -EBADMSG },
        { "what is unknown is no finding", "state", "\"unknown\"", -EBADMSG },
        { "flags is null", "flags", "null", -EBADMSG },
        { "flags holds no word", "flags", "[\"same-content\",\"no-such\"]", -EBADMSG },
        { "flags holds null", "flags", "[null]", -EBADMSG },
        { "flags is an object", "flags", "{}", -EBADMSG },
        { "no flags", "flags", "[]", 0 },
        { "mapped is null", "mapped", "null", -EBADMSG },
        { "mapped is known unless it says no", "mapped", "{\"device\":\"1:2\",\"inode\":1,\"build_id\":null}", 0 },
        { "known is a number", "mapped", "{\"device\":\"1:2\",\"inode\":1,\"known\":1}", -EBADMSG },
        { "mapped is minimal", "mapped", "{\"device\":\"1:2\",\"inode\":1,\"known\":false}", 0 },
        { "disk is null", "disk", "null", 0 },
        { "disk is text", "disk", "\"gone\"", -EBADMSG },
        { "disk lacks its inode", "disk", "{\"device\":\"1:2\"}", -EBADMSG },
        { "device is not two numbers", "disk", "{\"device\":\"1\",\"inode\":1}", -EBADMSG },
        { "device has a sign", "disk", "{\"device\":\"1:-2\",\"inode\":1}", -EBADMSG },
        { "device has a space", "disk", "{\"device\":\" 1:2\",\"inode\":1}", -EBADMSG },
        { "device has a leading zero", "disk", "{\"device\":\"01:2\",\"inode\":1}", -EBADMSG },
        { "device has a tail", "disk", "{\"device\":\"1:2:\",\"inode\":1}", -EBADMSG },
        { "device is too large", "disk", "{\"device\":\"4294967296:2\",\"inode\":1}", -EBADMSG },
        { "build-id is empty", "disk", "{\"device\":\"1:2\",\"inode\":1,\"build_id\":\"\"}", -EBADMSG },
        { "build-id is odd", "disk", "{\"device\":\"1:2\",\"inode\":1,\"build_id\":\"abc\"}", -EBADMSG },
        { "build-id is no hex", "disk", "{\"device\":\"1:2\",\"inode\":1,\"build_id\":\"zz\"}", -EBADMSG },
        { "build-id is too long", "disk", "{\"device\":\"1:2\",\"inode\":1,\"build_id\":"
          "\"000000000000000000000000000000000000000000000000000000000000000000\"}", -EBADMSG },
        { "pins is null", "pins", "null", -EBADMSG },
        { "pins holds a word", "pins", "[\"nodelete\"]", -EBADMSG },
        { "pin has no certainty", "pins", "[{\"reason\":\"nodelete\",\"holder_pins\":[]}]", -EBADMSG },
        { "pin reason is no word", "pins", "[{\"reason\":\"x\",\"certainty\":\"certain\",\"holder_pins\":[]}]", -EBADMSG },
        { "holder's pin is no word", "pins",
          "[{\"reason\":\"holder\",\"certainty\":\"certain\",\"holder_pins\":[\"x\"]}]", -EBADMSG },
        { "the second pin is broken", "pins",
          "[{\"reason\":\"holder\",\"certainty\":\"certain\",\"holder\":\"/a\",\"holder_pins\":[],\"detail\":\"d\"},7]", -EBADMSG },
        { "pin's detail is unsafe", "pins",
          "[{\"reason\":\"holder\",\"certainty\":\"certain\",\"holder_pins\":[],\"detail\":\"\\u001b[2J\"}]", -EBADMSG },
        { "runtime is no word", "runtimes", "[\"tcl\"]", -EBADMSG },
        { "action is no word", "action", "\"panic\"", -EBADMSG },
        { "advice is null", "advice", "null", -EBADMSG },
        { "message is missing", "message", "-", -EBADMSG },
        { "message has a terminal escape", "message", "\"\\u001b[31m\"", -EBADMSG },
        { "message is no UTF-8", "message", "\"a\xff\"", -EBADMSG },
        { "a member that is not known", "colour", "\"red\"", 0 },
};

START_TEST(every_member_is_checked) {
        _cleanup_(finding_done) Finding back = {};
        _cleanup_json_ json_object *o = json_tokener_parse(full_text);
        int r;

        if (streq(rows[_i].value, "-"))
                json_object_object_del(o, rows[_i].key);
        else
                json_object_object_add(o, rows[_i].key, json_tokener_parse(rows[_i].value));
        r = report_json_parse_finding(o, &back);
        ck_assert_msg(r == rows[_i].result, "%s: %d", rows[_i].name, r);
        if (r < 0)
                ck_assert_ptr_null(back.path);
}
END_TEST

START_TEST(what_is_too_long_is_refused) {
        static const struct { const char *key; size_t fits; } limits[] = {
                { "comm", 4096 }, { "unit", 4096 }, { "path", 262144 }, { "message", 1048576 },
        };
        size_t n = limits[_i].fits;
        _cleanup_free_ char *text = malloc(n + 2);
        _cleanup_(finding_done) Finding back = {};
        _cleanup_json_ json_object *o = json_tokener_parse(full_text);

        memset(text, 'a', n + 1);
        json_object_object_add(o, limits[_i].key, json_object_new_string_len(text, (int) n + 1));
        ck_assert_int_eq(report_json_parse_finding(o, &back), -EBADMSG);
        json_object_object_add(o, limits[_i].key, json_object_new_string_len(text, (int) n));
        ck_assert_int_eq(report_json_parse_finding(o, &back), 0);
}
END_TEST

START_TEST(too_many_pins_and_words_are_refused) {
        _cleanup_(finding_done) Finding back = {};
        _cleanup_json_ json_object *o = json_tokener_parse(full_text);
        json_object *many = json_object_new_array();

        for (int i = 0; i < 4097; i++)
                json_object_array_add(many, json_tokener_parse(
                        "{\"reason\":\"unknown\",\"certainty\":\"certain\",\"holder_pins\":[]}"));
        json_object_object_add(o, "pins", many);
        ck_assert_int_eq(report_json_parse_finding(o, &back), -EBADMSG);
        json_object_object_add(o, "pins", json_object_new_array());
        many = json_object_new_array();
        for (int i = 0; i < 65; i++)
                json_object_array_add(many, json_object_new_string("go"));
        json_object_object_add(o, "runtimes", many);
        ck_assert_int_eq(report_json_parse_finding(o, &back), -EBADMSG);
}
END_TEST

START_TEST(what_is_no_object_is_refused) {
        _cleanup_(finding_done) Finding back = {};
        _cleanup_json_ json_object *o = json_object_new_array();

        ck_assert_int_eq(report_json_parse_finding(o, &back), -EBADMSG);
        ck_assert_int_eq(report_json_parse_finding(NULL, &back), -EBADMSG);
}
END_TEST

START_TEST(a_report_has_its_counts_and_findings) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        _cleanup_json_ json_object *o = NULL;
        char comm[] = "a\\b", path[] = "/x\n";
        json_object *findings;
        Finding f;

        s->counts = (Counts){
                .started_usec = 1795755600123456u, .duration_usec = 8123, .processes = 412, .unreadable = 3,
                .mappings = 9012, .files = 731, .ignored = 4, .unknown = 6,
                .unknown_by = { [UNKNOWN_PERMISSION] = 1, [UNKNOWN_HUNG] = 5 },
        };
        ck_assert_int_eq(snapshot_add_looked(s, 17, 1, LOOK_FAILED), 0);
        ck_assert_int_eq(snapshot_add_looked(s, 18, 1, LOOK_DONE), 0);
        ck_assert_int_eq(snapshot_add_looked(s, 4000000, 0, LOOK_FAILED), 0);
        ck_assert_int_eq(snapshot_add_unknown(s, &(UnknownMapping){ .pid = 18, .comm = comm, .path = path, .reason = UNKNOWN_HUNG }), 0);
        ck_assert_int_eq(snapshot_add_unknown(s, &(UnknownMapping){ .pid = 17, .reason = UNKNOWN_PERMISSION }), 0);
        snapshot_freeze(s);
        ck_assert_int_eq(report_json_build(s, &o), 0);
        ck_assert_str_eq(text_of(o),
                "{\"version\":1,\"sweep\":{\"started\":\"2026-11-27T05:00:00.123456Z\",\"duration_us\":8123,"
                "\"processes\":412,\"unreadable\":3,\"unreadable_pids\":[17,4000000],\"mappings\":9012,\"files\":731,\"ignored\":4,\"unknown\":6,"
                "\"unknown_by\":{\"permission\":1,\"remote\":0,\"name\":0,\"race\":0,\"hung\":5,\"root\":0,\"kernel\":0,\"content\":0,\"other\":0}},"
                "\"unknown\":[{\"pid\":17,\"comm\":null,\"path\":null,\"reason\":\"permission\"},"
                "{\"pid\":18,\"comm\":\"a\\\\\\\\b\",\"path\":\"/x\\\\x0a\",\"reason\":\"hung\"}],"
                "\"findings\":[]}");
        json_object_put(TAKE_PTR(o));

        f = finding_make_full();
        ck_assert_int_eq(snapshot_take_finding(s, &f), 0);
        snapshot_freeze(s);
        ck_assert_int_eq(report_json_build(s, &o), 0);
        json_object_object_get_ex(o, "findings", &findings);
        ck_assert_uint_eq(json_object_array_length(findings), 1);
        ck_assert_str_eq(text_of(json_object_array_get_idx(findings, 0)), full_text);
}
END_TEST

static const int looks[] = { JSON_C_TO_STRING_PLAIN, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED };

START_TEST(it_is_printed_as_it_is_built) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        int flags = looks[_i] | JSON_C_TO_STRING_NOSLASHESCAPE;

        for (size_t n = 0; n < 3; n++) {
                _cleanup_free_ char *printed = NULL, *built = NULL;
                json_object *o;
                FILE *f;
                size_t size;
                Finding finding;

                ck_assert_int_eq(report_json_build(s, &o), 0);
                ck_assert_int_gt(asprintf(&built, "%s\n", json_object_to_json_string_ext(o, flags)), 0);
                json_object_put(o);
                f = open_memstream(&printed, &size);
                ck_assert_int_eq(report_json_print(s, flags, f), 0);
                fclose(f);
                ck_assert_str_eq(printed, built);

                finding = finding_make_full();
                ck_assert_int_eq(snapshot_take_finding(s, &finding), 0);
        }
}
END_TEST

int main(void) {
        Suite *suite = suite_create("report-json");
        TCase *tcase = tcase_create("report-json");

        tcase_add_test(tcase, a_finding_has_every_member_escaped);
        tcase_add_test(tcase, what_is_not_known_is_null);
        tcase_add_test(tcase, a_finding_comes_back_whole);
        tcase_add_loop_test(tcase, every_member_is_checked, 0, ELEMENTSOF(rows));
        tcase_add_loop_test(tcase, what_is_too_long_is_refused, 0, 4);
        tcase_add_test(tcase, too_many_pins_and_words_are_refused);
        tcase_add_test(tcase, what_is_no_object_is_refused);
        tcase_add_test(tcase, a_report_has_its_counts_and_findings);
        tcase_add_loop_test(tcase, it_is_printed_as_it_is_built, 0, ELEMENTSOF(looks));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
