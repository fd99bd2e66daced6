/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/mman.h>

#include "bus-nowhere.h"
#include "findings.h"
#include "finding-text.h"
#include "message.h"
#include "proc/process-owner.h"
#include "proc/requirements.h"
#include "request.h"

/* answers */

static Snapshot *snapshot_example(void) {
        Snapshot *s = snapshot_new();
        Finding unnumbered;

        s->counts = (Counts){ .started_usec = 1, .duration_usec = 2, .processes = 3, .unreadable = 2, .left_out = 1, .mappings = 4,
                              .files = 5, .ignored = 6, .unknown_by = { 1, 2, 3 } };
        snapshot_look(s, 10, LOOK_DONE);
        snapshot_look(s, 42, LOOK_DONE);
        ck_assert_int_eq(snapshot_add_unreadable(s, 4194304, 7, UNKNOWN_HUNG), 0);
        snapshot_put(s, 42, 1, "a.service", 0);
        snapshot_put(s, 42, 2, "a.service", FLAG_CRASH_RISK);
        unnumbered = finding_make(42, 0, NULL);
        free(unnumbered.path);
        unnumbered.path = strdup("/odd\n\xff");
        ck_assert_int_eq(snapshot_add_recovered(s, &unnumbered), 0);
        finding_done(&unnumbered);
        snapshot_freeze(s);
        s->counts.stale = (StaleCounts){ .findings = { 5, 3, 1 }, .processes = 2, .urgent_processes = 1,
                                         .same_content_processes = 1, .libraries = 3 };
        return s;
}

START_TEST(an_answer_comes_back_as_it_was) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_example();
        _cleanup_(answer_done) Answer a = {};
        sd_bus_message *m = message_new();

        ck_assert_int_ge(answer_append(m, s, 2, s->findings, 1, REQUIREMENT_PTRACE), 0);
        seal(m);
        ck_assert_str_eq(sd_bus_message_get_signature(m, 1), ANSWER_SIGNATURE);
        ck_assert_int_eq(answer_read(m, /* previous= */ s, &a), 0);
        ck_assert_uint_eq(a.n_findings, 2);
        ck_assert_uint_eq(a.missing, REQUIREMENT_PTRACE);
        ck_assert_uint_eq(stale_counts_findings(&a.snapshot->counts.stale), 9);
        ck_assert_uint_eq(a.snapshot->counts.stale.libraries, 3);
        ck_assert_uint_eq(a.snapshot->n_standing, 1);
        ck_assert_ptr_eq(a.snapshot->standing[0], s->findings[0]);
        ck_assert_uint_eq(a.n_unknown, 0);
        ck_assert_uint_eq(a.snapshot->counts.left_out, 1);
        ck_assert_uint_eq(a.snapshot->counts.ignored, 6);
        ck_assert_uint_eq(a.snapshot->counts.unknown, 6);
        ck_assert_uint_eq(a.snapshot->n_looked, 3);
        ck_assert_int_eq(a.snapshot->looked[2].pid, 4194304);
        ck_assert_int_eq(a.snapshot->looked[2].look, LOOK_FAILED);
        ck_assert_int_eq(a.snapshot->looked[2].reason, UNKNOWN_HUNG);
        ck_assert_uint_eq(a.snapshot->n_recovered, 1);
        ck_assert_str_eq(a.snapshot->recovered[0]->path, "/odd\n\xff");
        sd_bus_message_unref(m);
}
END_TEST

/* What is wrong with an answer, by what is done to the example before it is sent. */
static void too_many_unreadable(Snapshot *s) {
        s->counts.unreadable = 4;
}
static void too_many_left_out(Snapshot *s) {
        s->counts.left_out = 3;
}
static void too_many_processes(Snapshot *s) {
        s->counts.processes = UINT64_MAX;
}
static void unknown_overflows(Snapshot *s) {
        s->counts.unknown_by[0] = UINT64_MAX;
}
static void pid_zero(Snapshot *s) {
        s->looked[0].pid = 0;
}
static void pid_negative(Snapshot *s) {
        s->looked[2].pid = -1;
}
static void pid_too_large(Snapshot *s) {
        s->looked[2].pid = 4194305;
}
static void pid_twice(Snapshot *s) {
        s->looked[1].pid = 10;
}
static void pids_not_sorted(Snapshot *s) {
        s->looked[0].pid = 100;
}
static void look_unheard_of(Snapshot *s) {
        s->looked[0].look = LOOK_MAX;
}
static void reason_unheard_of(Snapshot *s) {
        s->looked[2].reason = UNKNOWN_REASON_MAX;
}
static void more_unknown_than_counted(Snapshot *s) {
        s->n_unknown = 7;
}
static void more_unknown_than_listed(Snapshot *s) {
        s->counts.unknown_by[0] = s->n_unknown = UNKNOWN_LIST_MAX + 1;
}
static void stale_overflows(Snapshot *s) {
        s->counts.stale.findings[URGENCY_NORMAL] = s->counts.stale.findings[URGENCY_URGENT] = UINT64_MAX / 2 + 1;
}
static void more_stale_than_processes(Snapshot *s) {
        s->counts.stale.processes = 4;
}
static void more_same_than_processes(Snapshot *s) {
        s->counts.stale.same_content_processes = 2;
}
static void more_processes_than_findings(Snapshot *s) {
        s->counts.stale.findings[URGENCY_NORMAL] = 0;
}
static void stale_without_processes(Snapshot *s) {
        s->counts.stale.processes = s->counts.stale.urgent_processes = 0;
}
static void stale_without_libraries(Snapshot *s) {
        s->counts.stale.libraries = 0;
}
static void more_libraries_than_findings(Snapshot *s) {
        s->counts.stale.libraries = 5;
}
static void more_urgent_than_stale(Snapshot *s) {
        s->counts.stale.findings[URGENCY_URGENT] = s->counts.stale.urgent_processes = 3;
}
static void urgent_without_findings(Snapshot *s) {
        s->counts.stale.findings[URGENCY_URGENT] = 0;
}
static void urgent_without_processes(Snapshot *s) {
        s->counts.stale.urgent_processes = 0;
}
static void same_without_findings(Snapshot *s) {
        s->counts.stale.findings[URGENCY_NONE] = 0;
}
static void fewer_findings_than_announced(Snapshot *s) {
        s->counts.stale = (StaleCounts){ .findings = { 1 }, .same_content_processes = 1 };
}
static void recovered_pid_zero(Snapshot *s) {
        s->recovered[0]->pid = 0;
}

static void nothing(Snapshot *s _unused_) {
}

static const struct {
        const char *name;
        void (*spoil)(Snapshot *s);
        uint32_t missing;
} spoiled[] = {
        { "a requirement unheard of", nothing, REQUIREMENT_ALL + 1 },
        { "more unreadable than processes", too_many_unreadable },
        { "more left out than unreadable", too_many_left_out },
        { "more processes than pids", too_many_processes },
        { "a sum that overflows", unknown_overflows },
        { "pid 0", pid_zero },
        { "a negative pid", pid_negative },
        { "a pid too large", pid_too_large },
        { "a pid twice", pid_twice },
        { "pids not sorted", pids_not_sorted },
        { "a look unheard of", look_unheard_of },
        { "a reason unheard of", reason_unheard_of },
        { "more unknown mappings than are counted", more_unknown_than_counted },
        { "more unknown mappings than a list holds", more_unknown_than_listed },
        { "a sum of findings that overflows", stale_overflows },
        { "more stale processes than processes", more_stale_than_processes },
        { "more with findings than processes", more_same_than_processes },
        { "more stale processes than findings", more_processes_than_findings },
        { "findings in no process", stale_without_processes },
        { "findings of no file", stale_without_libraries },
        { "more files than findings", more_libraries_than_findings },
        { "more urgent processes than stale ones", more_urgent_than_stale },
        { "an urgent process without an urgent finding", urgent_without_findings },
        { "an urgent finding in no process", urgent_without_processes },
        { "a process of same content without a finding of it", same_without_findings },
        { "fewer findings than are announced", fewer_findings_than_announced },
        { "recovered with pid 0", recovered_pid_zero },
};

START_TEST(an_answer_that_cannot_be_is_refused) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_example();
        sd_bus_message *m = message_new();
        Answer a = {};

        spoiled[_i].spoil(s);
        ck_assert_int_ge(answer_append(m, s, 2, NULL, 0, spoiled[_i].missing), 0);
        seal(m);
        ck_assert_msg(answer_read(m, /* previous= */ NULL, &a) == -EBADMSG, "%s", spoiled[_i].name);
        ck_assert_ptr_null(a.snapshot);
        s->n_unknown = 0;
        sd_bus_message_unref(m);
}
END_TEST

START_TEST(columns_of_different_length_are_refused) {
        sd_bus_message *m = message_new();
        Answer a = {};

        ck_assert_int_ge(sd_bus_message_append(m, ANSWER_SIGNATURE, 0ull, 0ull, 0ull, 0ull, 0ull, 0ull, 0ull,
                                               UNKNOWN_REASON_MAX, 0ull, 0ull, 0ull, 0ull, 0ull, 0ull, 0ull, 0ull, 0ull,
                                               7, 0ull, 0ull, 0ull, 0ull, 0ull, 0ull, 0ull,
                                               2, 1, 2, 1, 1ull, 1, 0, 1, 0, 0, 0, 0, 0, 0), 0);
        seal(m);
        ck_assert_int_eq(answer_read(m, /* previous= */ NULL, &a), -EBADMSG);
        sd_bus_message_unref(m);
}
END_TEST

static const char *const signatures[] = { "", "s", "t", "ttttttt", "tttttttas" };

START_TEST(an_answer_of_another_form_is_refused) {
        sd_bus_message *m = message_new();
        Answer a = {};

        /* All arguments are zeros, which is an empty list and an empty string as well. */
        for (const char *p = signatures[_i]; *p; p++) {
                const char types[] = { *p, *p == 'a' ? p[1] : '\0', '\0' };

                ck_assert_int_ge(*p == 'a' ? sd_bus_message_append(m, types, 0) :
                                 *p == 's' ? sd_bus_message_append(m, types, "") : sd_bus_message_append(m, types, 0ull), 0);
                if (*p == 'a')
                        break;
        }
        seal(m);
        ck_assert_int_eq(answer_read(m, /* previous= */ NULL, &a), -EBADMSG);
        sd_bus_message_unref(m);
}
END_TEST

START_TEST(too_many_findings_are_refused) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_example();
        sd_bus_message *m = message_new();
        Answer a = {};

        s->counts.stale.findings[URGENCY_NORMAL] = 2 * FINDINGS_MAX;
        ck_assert_int_ge(answer_append(m, s, FINDINGS_MAX + 1, NULL, 0, 0), 0);
        seal(m);
        ck_assert_int_eq(answer_read(m, /* previous= */ NULL, &a), -EBADMSG);
        sd_bus_message_unref(m);
}
END_TEST

/* What the daemon does not know cannot stand. */
START_TEST(what_stands_is_of_what_is_known) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_example(), *known = snapshot_new(), *other = snapshot_new();
        _cleanup_(answer_done) Answer a = {};
        sd_bus_message *m = message_new();

        ck_assert_int_eq(snapshot_add_standing(known, s->findings[0]), 0);
        snapshot_put(other, 42, 2, NULL, 0);
        snapshot_freeze(known);
        snapshot_freeze(other);
        ck_assert_int_ge(answer_append(m, s, 0, s->findings, 1, 0), 0);
        seal(m);
        ck_assert_int_eq(answer_read(m, /* previous= */ NULL, &a), -EBADMSG);
        ck_assert_int_ge(sd_bus_message_rewind(m, 1), 0);
        ck_assert_int_eq(answer_read(m, other, &a), -EBADMSG);
        ck_assert_int_ge(sd_bus_message_rewind(m, 1), 0);
        ck_assert_int_eq(answer_read(m, known, &a), 0);
        ck_assert_ptr_eq(a.snapshot->standing[0], s->findings[0]);
        sd_bus_message_unref(m);
}
END_TEST

START_TEST(what_stands_is_not_listed_as_well) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();

        snapshot_look(s, 42, LOOK_DONE);
        snapshot_put(s, 42, 1, NULL, 0);
        ck_assert_int_eq(snapshot_add_standing(s, s->findings[0]), 0);
        snapshot_freeze(s);
        ck_assert(!answer_is_sound(s));
}
END_TEST

START_TEST(text_length_is_that_of_the_text) {
        _cleanup_(finding_done) Finding f = { .pid = INT32_MAX, .start_time = UINT64_MAX, .uid = UINT32_MAX, .state = STATE_UNREACHABLE,
                .flags = FLAG_ALL, .runtimes = RUNTIME_ALL, .action = ACTION_CLOSE_HOLDER };
        const FileId id = { .dev_major = UINT32_MAX, .dev_minor = UINT32_MAX, .inode = UINT64_MAX, .build_id_length = BUILD_ID_MAX };
        char **strings[] = { &f.comm, &f.exe, &f.unit, &f.user_unit, &f.container, &f.path, &f.loader_name, &f.successor };
        static const char *const bytes[] = { "", "a", "\x01\x01\x01\x01", "\\\\\\", "\"\"\"", "\xff\xff", "\xe2\x80\xae" };
        _cleanup_free_ char *text = NULL;
        size_t length;

        f.mapped = f.disk = id;
        f.mapped.known = f.disk.known = true;
        for (size_t i = 0; i < ELEMENTSOF(strings); i++)
                *strings[i] = strdup(bytes[_i]);
        f.advice = strdup("\"\"\"");
        f.message = strdup("\\\\\\");
        f.pins = calloc(3, sizeof(*f.pins));
        f.n_pins = 3;
        for (size_t i = 0; i < f.n_pins; i++) {
                f.pins[i] = (Pin){ .reason = PIN_NEEDED_AT_STARTUP, .certainty = CERTAINTY_BY_ELIMINATION,
                                   .holder_pins = (1u << PIN_REASON_MAX) - 1 };
                f.pins[i].holder = strdup(bytes[_i]);
                f.pins[i].detail = strdup("\\\\");
        }
        ck_assert_int_eq(finding_to_text(&f, &text), 0);
        ck_assert_int_eq(finding_text_length(&f, &length), 0);
        ck_assert_uint_eq(length, strlen(text));
}
END_TEST

/* what could not be judged */

static void put_unknown(Snapshot *s, pid_t pid, const char *path) {
        UnknownMapping u = { .pid = pid, .start_time = 7, .comm = (char *) "a", .path = (char *) path, .dev_minor = 40,
                             .inode = 5, .reason = UNKNOWN_REMOTE };

        ck_assert_int_eq(snapshot_add_unknown(s, &u), 0);
}

START_TEST(unknown_mappings_come_back_as_they_were) {
        _cleanup_(snapshot_freep) Snapshot *sent = snapshot_new(), *got = snapshot_new();
        size_t left = UNKNOWN_TEXT_MAX;
        uint32_t next = 0;

        for (pid_t i = 1; i <= 600; i++)
                put_unknown(sent, i, i == 300 ? "/odd\n\\\xff" : "/some");
        for (int pieces = 0; pieces < 3; pieces++) {
                sd_bus_message *m = message_new();

                ck_assert_int_ge(unknown_append(m, sent, next), 0);
                seal(m);
                ck_assert_str_eq(sd_bus_message_get_signature(m, 1), UNKNOWN_PIECE_SIGNATURE);
                ck_assert_int_eq(unknown_read(m, got, &left, &next), pieces < 2 ? UNKNOWN_PIECE_MAX : 600 - 2 * UNKNOWN_PIECE_MAX);
                sd_bus_message_unref(m);
        }
        ck_assert_uint_eq(next, 600);
        ck_assert_uint_eq(got->n_unknown, 600);
        ck_assert_str_eq(got->unknown[299].path, "/odd\n\\\xff");
        ck_assert_str_eq(got->unknown[299].comm, "a");
        ck_assert_int_eq(got->unknown[299].pid, 300);
        ck_assert_uint_eq(got->unknown[299].start_time, 7);
        ck_assert_uint_eq(got->unknown[299].dev_minor, 40);
        ck_assert_uint_eq(got->unknown[299].inode, 5);
        ck_assert_int_eq(got->unknown[299].reason, UNKNOWN_REMOTE);
        ck_assert_uint_eq(left, UNKNOWN_TEXT_MAX - 599 * 6 - 1 - strlen("/odd\\x0a\\\\\\xff"));
}
END_TEST

static const struct {
        const char *name;
        uint32_t pid, reason;
        const char *path;
        size_t n, left;
} bad_unknown[] = {
        { "pid 0", 0, 0, "/a", 1, 100 },
        { "pid too large", 4194305, 0, "/a", 1, 100 },
        { "reason unheard of", 1, UNKNOWN_REASON_MAX, "/a", 1, 100 },
        { "no path", 1, 0, "", 1, 100 },
        { "an escape that is broken", 1, 0, "/a\\xzz", 1, 100 },
        { "more text than is left", 1, 0, "/a", 1, 2 },
        { "more than a piece holds", 1, 0, "/a", UNKNOWN_PIECE_MAX + 1, 10000 },
};

START_TEST(unknown_mappings_that_cannot_be_are_refused) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        sd_bus_message *m = message_new();
        size_t left = bad_unknown[_i].left;
        uint32_t next;

        ck_assert_int_ge(sd_bus_message_open_container(m, 'a', UNKNOWN_SIGNATURE), 0);
        for (size_t i = 0; i < bad_unknown[_i].n; i++)
                ck_assert_int_ge(sd_bus_message_append(m, UNKNOWN_SIGNATURE, bad_unknown[_i].pid, UINT64_C(7), "a",
                                                       bad_unknown[_i].path, 8, 1, UINT64_C(5), bad_unknown[_i].reason), 0);
        ck_assert_int_ge(sd_bus_message_close_container(m), 0);
        ck_assert_int_ge(sd_bus_message_append(m, "u", 1), 0);
        seal(m);
        ck_assert_msg(unknown_read(m, s, &left, &next) == -EBADMSG, "%s", bad_unknown[_i].name);
        sd_bus_message_unref(m);
}
END_TEST

static const struct {
        const char *name;
        pid_t pid;
        Look look;
        size_t n;
        bool sound;
} sound[] = {
        { "of a process that was looked at", 42, LOOK_DONE, UNKNOWN_PROCESS_MAX, true },
        { "of one listed in part", 42, LOOK_PARTIAL, UNKNOWN_PROCESS_MAX, true },
        { "of one that could not be read", 42, LOOK_FAILED, 1, false },
        { "of one that was not looked at", 43, LOOK_DONE, 1, false },
        { "more than are listed of one", 42, LOOK_DONE, UNKNOWN_PROCESS_MAX + 1, false },
};

START_TEST(an_answer_is_about_what_was_looked_at) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();

        snapshot_look(s, 42, sound[_i].look);
        for (size_t i = 0; i < sound[_i].n; i++)
                put_unknown(s, sound[_i].pid, "/some");
        snapshot_freeze(s);
        ck_assert_msg(answer_is_sound(s) == sound[_i].sound, "%s", sound[_i].name);
        snapshot_put(s, 44, 1, NULL, 0);
        snapshot_freeze(s);
        ck_assert(!answer_is_sound(s));
}
END_TEST

START_TEST(a_finding_stays_of_a_process_whose_start_cannot_be_read) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();

        ck_assert_int_eq(snapshot_add_unreadable(s, 42, 0, UNKNOWN_PERMISSION), 0);
        snapshot_put(s, 42, 1, NULL, FLAG_UNCONFIRMED);
        snapshot_freeze(s);
        ck_assert(answer_is_sound(s));
        s->looked[0].look = LOOK_DONE;
        ck_assert(!answer_is_sound(s));
}
END_TEST

/* pieces */

static sd_bus_message *piece_of(const char *text, size_t n) {
        sd_bus_message *m = message_new();

        ck_assert_int_ge(sd_bus_message_open_container(m, 'a', "s"), 0);
        for (size_t i = 0; i < n; i++)
                ck_assert_int_ge(sd_bus_message_append(m, "s", text), 0);
        ck_assert_int_ge(sd_bus_message_close_container(m), 0);
        ck_assert_int_ge(keys_append(m, NULL, 0), 0);
        ck_assert_int_ge(sd_bus_message_append(m, "u", 5), 0);
        seal(m);
        return m;
}

/* Says n times that a finding is kept. */
static sd_bus_message *kept_of(Finding *f, size_t n) {
        sd_bus_message *m = message_new();
        Finding *keys[PIECE_KEPT_MAX + 1];

        ck_assert_uint_le(n, ELEMENTSOF(keys));
        for (size_t i = 0; i < n; i++)
                keys[i] = f;
        ck_assert_int_ge(sd_bus_message_append(m, "as", 0), 0);
        ck_assert_int_ge(keys_append(m, keys, n), 0);
        ck_assert_int_ge(sd_bus_message_append(m, "u", 5), 0);
        seal(m);
        return m;
}

static Snapshot *snapshot_of(const char *text) {
        Snapshot *s = snapshot_new();
        Finding f;

        ck_assert_int_eq(finding_from_text(text, strlen(text), &f), 0);
        ck_assert_int_eq(snapshot_take_finding(s, &f), 0);
        snapshot_freeze(s);
        return s;
}

static char *text_of(State state) {
        _cleanup_(finding_done) Finding f = finding_make(42, 1, "a.service");
        char *text;

        f.state = state;
        ck_assert_int_eq(finding_to_text(&f, &text), 0);
        return text;
}

START_TEST(findings_come_back_as_they_were) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        _cleanup_free_ char *text = text_of(STATE_REPLACED);
        _cleanup_(finding_done) Finding f = finding_make(42, 1, "a.service");
        sd_bus_message *m = piece_of(text, 3);
        size_t left = 1000000;
        uint32_t next;

        ck_assert_int_eq(piece_read(m, /* previous= */ NULL, s, &left, &next), 3);
        ck_assert_uint_eq(next, 5);
        ck_assert_uint_eq(left, 1000000 - 3 * strlen(text));
        ck_assert_int_eq(finding_compare(s->findings[0], &f), 0);
        ck_assert(!finding_differs(s->findings[0], &f));
        sd_bus_message_unref(m);
}
END_TEST

START_TEST(a_kept_finding_is_that_of_the_snapshot_before) {
        _cleanup_free_ char *text = text_of(STATE_REPLACED);
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new(), *previous = snapshot_of(text);
        sd_bus_message *m = kept_of(previous->findings[0], 2);
        size_t left = 1000000;
        uint32_t next;

        ck_assert_int_eq(piece_read(m, previous, s, &left, &next), 2);
        ck_assert_uint_eq(next, 5);
        ck_assert_uint_eq(left, 1000000 - 2 * strlen(text));
        ck_assert_ptr_eq(s->findings[1], previous->findings[0]);
        sd_bus_message_unref(m);
}
END_TEST

START_TEST(what_was_not_there_cannot_be_kept) {
        _cleanup_free_ char *text = text_of(STATE_REPLACED);
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new(), *previous = snapshot_of(text);
        _cleanup_(finding_done) Finding other = finding_make(43, 1, "a.service");
        sd_bus_message *m = kept_of(&other, 1);
        size_t left = 1000000;
        uint32_t next;

        ck_assert_int_eq(piece_read(m, previous, s, &left, &next), -EBADMSG);
        sd_bus_message_unref(m);
        m = kept_of(previous->findings[0], 1);
        ck_assert_int_eq(piece_read(m, /* previous= */ NULL, s, &left, &next), -EBADMSG);
        sd_bus_message_unref(m);
}
END_TEST

START_TEST(what_is_kept_has_its_bounds) {
        _cleanup_free_ char *text = text_of(STATE_REPLACED);
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new(), *previous = snapshot_of(text);
        sd_bus_message *m = kept_of(previous->findings[0], PIECE_KEPT_MAX + 1);
        size_t left = FINDINGS_TEXT_MAX;
        uint32_t next;

        ck_assert_int_eq(piece_read(m, previous, s, &left, &next), -EBADMSG);
        sd_bus_message_unref(m);
        m = kept_of(previous->findings[0], 2);
        left = 2 * strlen(text) - 1;
        ck_assert_int_eq(piece_read(m, previous, s, &left, &next), -EBADMSG);
        sd_bus_message_unref(m);
}
END_TEST

static const char *const no_findings[] = {
        "", "null", "{}", "[]", "{\"pid\":1}", "[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]", "\"", "{\"pid\":1e999}",
};

START_TEST(what_is_no_finding_is_refused) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        sd_bus_message *m = piece_of(no_findings[_i], 1);
        size_t left = 1000000;
        uint32_t next;

        ck_assert_int_eq(piece_read(m, /* previous= */ NULL, s, &left, &next), -EBADMSG);
        ck_assert_uint_eq(s->n_findings, 0);
        sd_bus_message_unref(m);
}
END_TEST

static const State no_stale[] = { STATE_CURRENT, STATE_IGNORED, STATE_UNKNOWN };

START_TEST(what_is_not_stale_is_refused) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        _cleanup_free_ char *text = text_of(no_stale[_i]);
        sd_bus_message *m = piece_of(text, 1);
        size_t left = 1000000;
        uint32_t next;

        ck_assert_int_eq(piece_read(m, /* previous= */ NULL, s, &left, &next), -EBADMSG);
        sd_bus_message_unref(m);
}
END_TEST

START_TEST(a_piece_has_its_bounds) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        _cleanup_free_ char *text = text_of(STATE_REPLACED);
        sd_bus_message *m = piece_of(text, PIECE_MAX + 1);
        size_t left = 1000000;
        uint32_t next;

        ck_assert_int_eq(piece_read(m, /* previous= */ NULL, s, &left, &next), -EBADMSG);
        sd_bus_message_unref(m);
        m = piece_of(text, 2);
        left = 2 * strlen(text) - 1;
        ck_assert_int_eq(piece_read(m, /* previous= */ NULL, s, &left, &next), -EBADMSG);
        sd_bus_message_unref(m);
}
END_TEST

START_TEST(a_finding_too_long_is_not_sent) {
        _cleanup_(finding_done) Finding f = finding_make(42, 1, NULL);
        char *text;

        free(f.path);
        f.path = malloc(FINDING_TEXT_MAX + 1);
        memset(f.path, 'a', FINDING_TEXT_MAX);
        f.path[FINDING_TEXT_MAX] = '\0';
        ck_assert_int_eq(finding_to_text(&f, &text), -E2BIG);
}
END_TEST

/* the beacon */

static int memory_new(size_t size, int seals) {
        int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(ftruncate(fd, (off_t) size), 0);
        ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
        return fd;
}

static int pipe_new(void) {
        int fds[2];

        ck_assert_int_eq(pipe(fds), 0);
        close(fds[1]);
        return fds[0];
}

START_TEST(a_beacon_is_sealed_memory_of_its_size_or_refused) {
        const int sealed = F_SEAL_SHRINK | F_SEAL_GROW;
        const struct {
                int fd, r;
        } rows[] = {
                { memory_new(sizeof(SweepBeacon), sealed), 0 },
                { memory_new(sizeof(SweepBeacon) + 1, sealed), -EBADMSG },
                { memory_new(0, sealed), -EBADMSG },
                { memory_new(sizeof(SweepBeacon), F_SEAL_GROW), -EBADMSG },
                { pipe_new(), -EBADMSG },
                { open("/etc/passwd", O_RDONLY | O_CLOEXEC), -EBADMSG },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                sd_bus_message *m = message_new();
                int fd = -EBADF;

                ck_assert_int_ge(sd_bus_message_append(m, "h", rows[i].fd), 0);
                seal(m);
                ck_assert_msg(beacon_read_fd(m, &fd) == rows[i].r, "row %zu", i);
                fd_close(fd);
                close(rows[i].fd);
                sd_bus_message_unref(m);
        }
}
END_TEST

START_TEST(a_beacon_tells_a_place_that_can_be) {
        static const struct {
                SweepBeacon beacon;
                int r;
        } rows[] = {
                { { .pid = 0 }, 0 },
                { { .pid = 4194304, .start_time = 7, .on_file = 1, .dev_major = 8 }, 0 },
                { { .pid = -1 }, -EBADMSG },
                { { .pid = 4194305 }, -EBADMSG },
                { { .pid = 1, .on_file = 2 }, -EBADMSG },
                { { .pid = 1, .owner = 2 * PROCESS_OWNER_NAMESPACE - 1 }, 0 },
                { { .pid = 1, .owner = 2 * PROCESS_OWNER_NAMESPACE }, -EBADMSG },
        };
        int fd = memory_new(sizeof(SweepBeacon), 0);

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                SweepBeacon b;

                ck_assert_int_eq(pwrite(fd, &rows[i].beacon, sizeof(b), 0), sizeof(b));
                ck_assert_msg(beacon_read(fd, &b) == rows[i].r, "row %zu", i);
        }
        close(fd);
}
END_TEST

/* requests */

START_TEST(a_request_comes_back_as_it_was) {
        _cleanup_(request_done) Request sent = { .remote_file_systems = true, .watch = true }, got = {};
        size_t length;
        sd_bus_message *m = message_new();
        Finding other = {}, *standing;

        ck_assert_int_eq(strv_add(&sent.ignore_paths, "/opt/*"), 0);
        ck_assert_int_eq(strv_add(&sent.ignore_units, "a@*.service"), 0);
        sent.skip_processes = calloc(1, sizeof(*sent.skip_processes));
        sent.skip_processes[0] = (SweepProcess){ .pid = 42, .start_time = 7 };
        sent.n_skip_processes = 1;
        sent.skip_devices = calloc(1, sizeof(*sent.skip_devices));
        sent.skip_devices[0] = (SweepDevice){ .dev_major = 8, .dev_minor = 1 };
        sent.n_skip_devices = 1;
        sent.owners = true;
        sent.skip_owners = calloc(2, sizeof(*sent.skip_owners));
        sent.skip_owners[1] = PROCESS_OWNER_NAMESPACE + 7;
        sent.n_skip_owners = 2;
        sent.previous = snapshot_example();
        ck_assert_int_eq(finding_text_length(sent.previous->findings[1], &length), 0);
        other = finding_make(42, 3, NULL);
        standing = finding_new(&other);
        ck_assert_int_eq(snapshot_add_standing(sent.previous, standing), 0);
        finding_unref(standing);

        ck_assert_int_ge(request_append(m, &sent), 0);
        seal(m);
        ck_assert_int_eq(request_read(m, &got), 0);
        ck_assert(got.remote_file_systems && got.watch);
        ck_assert_uint_eq(strv_length(got.ignore_paths), 1);
        ck_assert_str_eq(got.ignore_paths[0], "/opt/*");
        ck_assert_ptr_null(got.ignore_exes);
        ck_assert_str_eq(got.ignore_units[0], "a@*.service");
        ck_assert_uint_eq(got.n_skip_processes, 1);
        ck_assert_int_eq(got.skip_processes[0].pid, 42);
        ck_assert_uint_eq(got.skip_processes[0].start_time, 7);
        ck_assert_uint_eq(got.n_skip_devices, 1);
        ck_assert_uint_eq(got.skip_devices[0].dev_major, 8);
        ck_assert(got.owners);
        ck_assert_uint_eq(got.n_skip_owners, 2);
        ck_assert_uint_eq(got.skip_owners[1], PROCESS_OWNER_NAMESPACE + 7);
        ck_assert_uint_eq(got.previous->n_findings, 3);
        for (size_t i = 0; i < 3; i++)
                ck_assert(got.previous_states[i].listed == (i < 2));
        ck_assert_int_eq(finding_compare(got.previous->findings[2], standing), 0);
        ck_assert_uint_eq(got.previous_states[1].text_length, length);
        ck_assert_uint_eq(got.previous->findings[1]->flags, FLAG_CRASH_RISK);
        ck_assert_uint_eq(got.previous->findings[1]->uid, 33);
        ck_assert_ptr_null(got.previous->findings[1]->message);
        sd_bus_message_unref(m);
}
END_TEST

/* Flags, length, and what comes after the first: the last two in no order. */
static const struct {
        const char *name;
        uint32_t flags, length;
        uint64_t inodes[2];
        int r;
} previous[] = {
        { "as it should be", FLAG_ALL, FINDING_TEXT_MAX, { 1, 2 }, 0 },
        { "flags unheard of", FLAG_ALL + 1, 0, { 1, 2 }, -EBADMSG },
        { "a text too long", 0, FINDING_TEXT_MAX + 1, { 1, 2 }, -EBADMSG },
        { "in no order", 0, 0, { 2, 1 }, -EBADMSG },
        { "one twice", 0, 0, { 1, 1 }, -EBADMSG },
};

START_TEST(what_was_known_before_is_checked) {
        _cleanup_(request_done) Request got = {};
        sd_bus_message *m = message_new();

        ck_assert_int_ge(sd_bus_message_open_container(m, 'a', "{sv}"), 0);
        ck_assert_int_ge(sd_bus_message_append(m, "{sv}", "Previous", "a" PREVIOUS_SIGNATURE, 2,
                                               42, UINT64_C(7), 8, 1, previous[_i].inodes[0], "", previous[_i].flags, 0, previous[_i].length, 1,
                                               42, UINT64_C(7), 8, 1, previous[_i].inodes[1], "", 0, 0, 0, 0), 0);
        ck_assert_int_ge(sd_bus_message_close_container(m), 0);
        seal(m);
        ck_assert_msg(request_read(m, &got) == previous[_i].r, "%s", previous[_i].name);
        sd_bus_message_unref(m);
}
END_TEST

START_TEST(an_unknown_wish_is_left_out) {
        _cleanup_(request_done) Request got = {};
        sd_bus_message *m = message_new();

        ck_assert_int_ge(sd_bus_message_append(m, "a{sv}", 2, "Colour", "as", 2, "red", "blue", "Watch", "b", 1), 0);
        seal(m);
        ck_assert_int_eq(request_read(m, &got), 0);
        ck_assert(got.watch);
        sd_bus_message_unref(m);
}
END_TEST

START_TEST(a_request_of_another_form_is_refused) {
        Request got = {};
        sd_bus_message *m = message_new();

        ck_assert_int_ge(sd_bus_message_append(m, "a{sv}", 1, "Watch", "s", "yes"), 0);
        seal(m);
        ck_assert_int_eq(request_read(m, &got), -EBADMSG);
        sd_bus_message_unref(m);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("message");
        TCase *tcase = tcase_create("message");

        tcase_add_checked_fixture(tcase, bus_setup, bus_teardown);
        tcase_add_test(tcase, an_answer_comes_back_as_it_was);
        tcase_add_loop_test(tcase, an_answer_that_cannot_be_is_refused, 0, ELEMENTSOF(spoiled));
        tcase_add_test(tcase, columns_of_different_length_are_refused);
        tcase_add_loop_test(tcase, an_answer_of_another_form_is_refused, 0, ELEMENTSOF(signatures));
        tcase_add_test(tcase, too_many_findings_are_refused);
        tcase_add_test(tcase, what_stands_is_of_what_is_known);
        tcase_add_test(tcase, what_stands_is_not_listed_as_well);
        tcase_add_loop_test(tcase, text_length_is_that_of_the_text, 0, 7);
        tcase_add_test(tcase, unknown_mappings_come_back_as_they_were);
        tcase_add_loop_test(tcase, unknown_mappings_that_cannot_be_are_refused, 0, ELEMENTSOF(bad_unknown));
        tcase_add_loop_test(tcase, an_answer_is_about_what_was_looked_at, 0, ELEMENTSOF(sound));
        tcase_add_test(tcase, a_finding_stays_of_a_process_whose_start_cannot_be_read);
        tcase_add_test(tcase, findings_come_back_as_they_were);
        tcase_add_test(tcase, a_kept_finding_is_that_of_the_snapshot_before);
        tcase_add_test(tcase, what_was_not_there_cannot_be_kept);
        tcase_add_test(tcase, what_is_kept_has_its_bounds);
        tcase_add_loop_test(tcase, what_is_no_finding_is_refused, 0, ELEMENTSOF(no_findings));
        tcase_add_loop_test(tcase, what_is_not_stale_is_refused, 0, ELEMENTSOF(no_stale));
        tcase_add_test(tcase, a_piece_has_its_bounds);
        tcase_add_test(tcase, a_finding_too_long_is_not_sent);
        tcase_add_test(tcase, a_beacon_is_sealed_memory_of_its_size_or_refused);
        tcase_add_test(tcase, a_beacon_tells_a_place_that_can_be);
        tcase_add_test(tcase, a_request_comes_back_as_it_was);
        tcase_add_loop_test(tcase, what_was_known_before_is_checked, 0, ELEMENTSOF(previous));
        tcase_add_test(tcase, an_unknown_wish_is_left_out);
        tcase_add_test(tcase, a_request_of_another_form_is_refused);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
