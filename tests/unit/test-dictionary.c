/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The dictionaries of the bus, member by member with their types, against recorded text. */

#include <stdio.h>

#include "bus-nowhere.h"
#include "dictionary.h"
#include "explain/advice.h"
#include "findings.h"

static void print_value(sd_bus_message *m, FILE *f);

static void print_elements(sd_bus_message *m, char type, const char *contents, FILE *f) {
        const char *separator = "";

        ck_assert_int_gt(sd_bus_message_enter_container(m, type, contents), 0);
        for (; !sd_bus_message_at_end(m, /* complete= */ false); separator = type == 'e' ? "=" : ",\n") {
                fputs(separator, f);
                print_value(m, f);
        }
        ck_assert_int_ge(sd_bus_message_exit_container(m), 0);
}

/* A value of a variant with its signature before it; one basic value on a line. */
static void print_value(sd_bus_message *m, FILE *f) {
        union {
                int b;
                uint32_t u;
                uint64_t t;
                const char *s;
        } v;
        const char *contents;
        char type;

        ck_assert_int_gt(sd_bus_message_peek_type(m, &type, &contents), 0);
        if (strchr("aev", type)) {
                if (type == 'v')
                        fprintf(f, "%s ", contents);
                fputs(type == 'a' ? "[" : "", f);
                print_elements(m, type, contents, f);
                fputs(type == 'a' ? "]" : "", f);
                return;
        }
        ck_assert_int_gt(sd_bus_message_read_basic(m, type, &v), 0);
        switch (type) {
        case 'b':
                fputs(v.b ? "true" : "false", f);
                break;
        case 'u':
                fprintf(f, "%u", v.u);
                break;
        case 't':
                fprintf(f, "%llu", (unsigned long long) v.t);
                break;
        case 's':
                fputs(v.s, f);
                break;
        default:
                ck_abort_msg("a value of type %c", type);
        }
}

static char *text_of(sd_bus_message *m) {
        char *text;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        seal(m);
        print_value(m, f);
        fclose(f);
        sd_bus_message_unref(m);
        return text;
}

static void check_finding(const Finding *f, bool explained, const char *expected) {
        sd_bus_message *m = message_new();
        _cleanup_free_ char *text = NULL;

        ck_assert_int_ge(dictionary_append_finding(m, f, explained), 0);
        text = text_of(m);
        ck_assert_str_eq(text, expected);
}

START_TEST(full_finding) {
        _cleanup_(finding_done) Finding f = finding_make_full();

        check_finding(&f, /* explained= */ false, 
                "[pid=u 3391245,\n"
                "start_time=t 18446744073709551615,\n"
                "comm=s ng\\x1b[31minx,\n"
                "exe=s /usr/sbin/nginx,\n"
                "uid=u 4294967295,\n"
                "unit=s nginx\\\\x2da.service,\n"
                "user_unit=s app.service,\n"
                "container=s docker:0123456789ab,\n"
                "path=s /opt/a b/\\xff\\x0a\"pl\\\\012ug\xc3\xa9"".so,\n"
                "loader_name=s /opt/current/plug.so,\n"
                "state=s replaced,\n"
                "flags=as [same-content,\n"
                "file-bind-mount],\n"
                "urgency=s none,\n"
                "mapped=a{sv} [device=s 253:0,\n"
                "inode=t 5250054,\n"
                "build_id=s deadbeef0500000000000000000000000000000a,\n"
                "known=b true],\n"
                "disk=a{sv} [device=s 4294967295:1048575,\n"
                "inode=t 18446744073709551615],\n"
                "successor=s /opt/new.so,\n"
                "pins=aa{sv} [[reason=s nodelete,\n"
                "certainty=s certain,\n"
                "holder_pins=as [],\n"
                "detail=s DF_1_NODELETE is set],\n"
                "[reason=s holder,\n"
                "certainty=s by-elimination,\n"
                "holder=s /lib/\\x01h.so,\n"
                "holder_pins=as [nodelete,\n"
                "unknown],\n"
                "detail=s it is DT_NEEDED]],\n"
                "runtimes=as [go,\n"
                "nginx],\n"
                "action=s restart,\n"
                "advice=s systemctl restart 'nginx\\\\x2da.service',\n"
                "message=s it still runs the old /opt/a b/\\xff\\x0a\"\xe2\x80\xa6"" pl\\\\012ug]");
}
END_TEST

/* An explanation stands behind the other members of the finding, and of each pin. */
START_TEST(explained_finding) {
        _cleanup_(finding_done) Finding f = finding_make_full();
        _cleanup_free_ char *text = NULL, *pin = advice_explain_pin(&f, f.pins), *expected = NULL;
        sd_bus_message *m = message_new();

        ck_assert_int_ge(dictionary_append_finding(m, &f, /* explained= */ true), 0);
        text = text_of(m);
        ck_assert_int_gt(asprintf(&expected, "detail=s DF_1_NODELETE is set,\nexplanation=s %s],\n", pin), 0);
        ck_assert_ptr_nonnull(strstr(text, expected));
        free(expected);
        ck_assert_int_gt(asprintf(&expected, ",\nexplanation=s %s]", advice_explain_state(f.state, f.flags)), 0);
        ck_assert_str_eq(text + strlen(text) - strlen(expected), expected);
}
END_TEST

START_TEST(minimal_finding) {
        const Finding f = { .pid = 1, .comm = (char *) "a", .path = (char *) "/b", .state = STATE_DELETED,
                            .advice = (char *) "c", .message = (char *) "d" };

        check_finding(&f, /* explained= */ false, 
                "[pid=u 1,\n"
                "start_time=t 0,\n"
                "comm=s a,\n"
                "uid=u 0,\n"
                "path=s /b,\n"
                "state=s deleted,\n"
                "flags=as [],\n"
                "urgency=s normal,\n"
                "mapped=a{sv} [device=s 0:0,\n"
                "inode=t 0,\n"
                "known=b false],\n"
                "pins=aa{sv} [],\n"
                "runtimes=as [],\n"
                "action=s none,\n"
                "advice=s c,\n"
                "message=s d]");
}
END_TEST

static void check_unknown(const UnknownMapping *u, const char *expected) {
        sd_bus_message *m = message_new();
        _cleanup_free_ char *text = NULL;

        ck_assert_int_ge(dictionary_append_unknown(m, u), 0);
        text = text_of(m);
        ck_assert_str_eq(text, expected);
}

START_TEST(unknown_mappings) {
        const UnknownMapping mapping = { .pid = 18, .start_time = 5, .comm = (char *) "a\\b", .path = (char *) "/x\n",
                                         .dev_major = 8, .inode = 7, .reason = UNKNOWN_HUNG },
                             process = { .pid = 17, .reason = UNKNOWN_PERMISSION };

        check_unknown(&mapping, 
                "[pid=u 18,\n"
                "comm=s a\\\\b,\n"
                "path=s /x\\x0a,\n"
                "reason=s hung]");
        check_unknown(&process, 
                "[pid=u 17,\n"
                "reason=s permission]");
}
END_TEST

START_TEST(summary) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        _cleanup_free_ char *text = NULL;
        sd_bus_message *m = message_new();

        s->counts = (Counts){
                .started_usec = 1795755600123456u, .duration_usec = 8123, .processes = 412, .unreadable = 3, .left_out = 1,
                .mappings = 9012, .files = 731, .ignored = 4, .unknown = 6,
                .unknown_by = { [UNKNOWN_PERMISSION] = 1, [UNKNOWN_HUNG] = 5 },
                .stale = { .findings = { 11, 12, 13 }, .processes = 14, .libraries = 15 },
        };
        snapshot_put(s, 1, 1, "a.service", 0);
        ck_assert_int_eq(snapshot_add_unreadable(s, 17, 7, UNKNOWN_PERMISSION), 0);
        ck_assert_int_eq(snapshot_add_looked(s, 18, 7, LOOK_DONE), 0);
        ck_assert_int_eq(snapshot_add_unreadable(s, 19, 0, UNKNOWN_RACE), 0);
        snapshot_freeze(s);
        ck_assert_int_ge(dictionary_append_summary(m, s), 0);
        text = text_of(m);
        ck_assert_str_eq(text, 
                "[started=t 1795755600123456,\n"
                "duration_us=t 8123,\n"
                "processes=t 412,\n"
                "unreadable=t 3,\n"
                "mappings=t 9012,\n"
                "files=t 731,\n"
                "ignored=t 4,\n"
                "unknown=t 6,\n"
                "findings=t 36,\n"
                "listed=t 1,\n"
                "same_content=t 11,\n"
                "stale_processes=t 14,\n"
                "stale_libraries=t 15,\n"
                "unreadable_pids=au [17,\n"
                "19],\n"
                "unknown_permission=t 1,\n"
                "unknown_remote=t 0,\n"
                "unknown_name=t 0,\n"
                "unknown_race=t 0,\n"
                "unknown_hung=t 5,\n"
                "unknown_root=t 0,\n"
                "unknown_kernel=t 0,\n"
                "unknown_content=t 0,\n"
                "unknown_other=t 0]");
}
END_TEST

int main(void) {
        Suite *suite = suite_create("dictionary");
        TCase *tcase = tcase_create("dictionary");

        tcase_add_checked_fixture(tcase, bus_setup, bus_teardown);
        tcase_add_test(tcase, full_finding);
        tcase_add_test(tcase, explained_finding);
        tcase_add_test(tcase, minimal_finding);
        tcase_add_test(tcase, unknown_mappings);
        tcase_add_test(tcase, summary);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
