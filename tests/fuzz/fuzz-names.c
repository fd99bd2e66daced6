/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A finding with any bytes for names, through every edge at which it is shown: advice,
 * report, journal, bus, metrics, terminal. Input: eight bytes of numbers, then the names,
 * each ended by NUL.
 */

#include <json-c/json_object.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include "dictionary.h"
#include "edge.h"
#include "explain/advice.h"
#include "explanation.h"
#include "findings.h"
#include "journal.h"
#include "finding-text.h"
#include "message.h"
#include "metrics.h"
#include "report/report-json.h"

static size_t n_entries;

/* In place of libsystemd's, to which sd_journal_sendv() leads: what journald would be told. */
int sd_journal_sendv_with_location(_unused_ const char *file, _unused_ const char *line, _unused_ const char *function,
                                   const struct iovec *fields, int n) {
        for (int i = 0; i < n; i++) {
                const char *field = fields[i].iov_base, *value = memchr(field, '=', fields[i].iov_len);
                size_t length;

                FUZZ_CHECK(value);
                length = (size_t) (value - field);
                FUZZ_CHECK(length > 0 && strspn(field, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == length && *field != '_');
                check_line(value + 1, fields[i].iov_len - length - 1);
        }
        n_entries++;
        return 0;
}

static const char *take_name(const char **names) {
        const char *name = *names;

        *names += strlen(name) + 1;
        return name;
}

static char *take_copy(const char **names, const char *end, bool optional) {
        const char *name = *names < end ? take_name(names) : "";
        char *copy = NULL;

        FUZZ_CHECK(strdup_to(&copy, optional && !*name ? NULL : name));
        return copy;
}

static void add_pins(Finding *f, uint8_t n, uint8_t kind, const char **names, const char *end) {
        f->pins = calloc(n + 1u, sizeof(*f->pins));
        FUZZ_CHECK(f->pins);
        for (; f->n_pins < n; f->n_pins++)
                f->pins[f->n_pins] = (Pin){
                        .reason = (PinReason) ((kind + f->n_pins) % PIN_REASON_MAX),
                        .certainty = (Certainty) (kind % CERTAINTY_MAX),
                        .holder = take_copy(names, end, /* optional= */ true),
                        .holder_pins = kind & ((1u << PIN_REASON_MAX) - 1),
                };
}

static void make_finding(const uint8_t *numbers, const char *names, const char *end, Finding *ret) {
        static const State states[] = { STATE_REPLACED, STATE_DELETED, STATE_MODIFIED, STATE_SUPERSEDED, STATE_MOVED, STATE_HIDDEN, STATE_UNREACHABLE };

        *ret = (Finding){
                .pid = 1 + numbers[0],
                .state = states[numbers[1] % ELEMENTSOF(states)],
                .flags = numbers[2] & FLAG_ALL,
                .runtimes = numbers[3] & RUNTIME_ALL,
                .mapped = { .inode = 1, .known = numbers[4] & 1 },
                .comm = take_copy(&names, end, /* optional= */ false),
                .path = take_copy(&names, end, /* optional= */ false),
                .unit = take_copy(&names, end, /* optional= */ true),
                .user_unit = take_copy(&names, end, /* optional= */ true),
                .container = take_copy(&names, end, /* optional= */ true),
                .exe = take_copy(&names, end, /* optional= */ true),
                .loader_name = take_copy(&names, end, /* optional= */ true),
                .successor = take_copy(&names, end, /* optional= */ true),
        };
        if (numbers[4] & 2)
                ret->disk = (FileId){ .inode = 2, .known = true, .build_id_length = numbers[4] & 4 };
        add_pins(ret, numbers[5] % 4, numbers[6], &names, end);
        FUZZ_CHECK(advice_give(ret) == 0);
        check_line(ret->message, strlen(ret->message));
        check_line(ret->advice, strlen(ret->advice));
}

static bool same(const char *a, const char *b) {
        return a && b ? streq(a, b) : a == b;
}

static void check_report(const Finding *f, bool must_come_back) {
        _cleanup_(finding_done) Finding back = {};
        _cleanup_free_ char *text = NULL;
        size_t length;

        FUZZ_CHECK(finding_to_text(f, &text) == 0);
        FUZZ_CHECK(finding_text_length(f, &length) == 0 && length == strlen(text));
        check_line(text, strlen(text));
        if (finding_from_text(text, strlen(text), &back) < 0) {
                FUZZ_CHECK(!must_come_back);
                return;
        }
        FUZZ_CHECK(finding_compare(f, &back) == 0 && !finding_differs(f, &back));
        FUZZ_CHECK(same(f->comm, back.comm) && same(f->path, back.path) && same(f->exe, back.exe));
        FUZZ_CHECK(same(f->loader_name, back.loader_name));
}

static void check_journal(Finding *f) {
        n_entries = 0;
        journal_send(&(QueuedEvent){ .event = { EVENT_ADDED, f, REMOVAL_INVALID }, .in_journal = true });
        journal_send(&(QueuedEvent){ .event = { EVENT_REMOVED, f, REMOVAL_EXITED }, .in_journal = true });
        journal_send(&(QueuedEvent){ .event = { EVENT_ADDED, f, REMOVAL_INVALID }, .in_journal = true, .n_findings = 2, .n_processes = 1 });
        FUZZ_CHECK(n_entries == 3);
}

/* sd-bus takes no text that is not UTF-8. */
static void check_bus(const Finding *f) {
        static sd_bus *bus;
        sd_bus_message *m;
        int fds[2];

        if (!bus) {
                FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
                FUZZ_CHECK(sd_bus_new(&bus) >= 0 && sd_bus_set_fd(bus, fds[0], fds[0]) >= 0 && sd_bus_start(bus) >= 0);
        }
        FUZZ_CHECK(sd_bus_message_new_signal(bus, &m, "/", "a.b", "C") >= 0);
        FUZZ_CHECK(dictionary_append_finding(m, f, /* explained= */ true) >= 0);
        sd_bus_message_unref(m);
}

static void check_metrics(const Snapshot *s) {
        const MetricsFacts facts = { .snapshot = s };
        _cleanup_free_ char *text = NULL;

        FUZZ_CHECK(metrics_format(&facts, &text) == 0);
        check_lines(text);
        for (const char *line = text; *line; line = strchrnul(line, '\n'), line += *line == '\n')
                FUZZ_CHECK(strncmp(line, "# ", 2) == 0 || strncmp(line, "stalelib_", 9) == 0);
}

static void check_terminal(Snapshot *s, unsigned width) {
        const Options options = { .width = width, .utf8 = true, .all = true },
                      unknown = { .width = width, .utf8 = true, .unknown = true };
        const UnknownMapping u = { .pid = 1, .comm = s->findings[0]->comm, .path = s->findings[0]->path };
        Inventory all = { .snapshot = s };
        Capture c = {};

        FUZZ_CHECK(snapshot_add_unknown(s, &u) == 0);
        capture_begin(&c);
        FUZZ_CHECK(findings_show(&options, &all, GROUPING_NONE) == 0);
        FUZZ_CHECK(findings_show(&options, &all, GROUPING_UNIT) == 0);
        FUZZ_CHECK(findings_show(&unknown, &all, GROUPING_NONE) == 0);
        FUZZ_CHECK(explanation_show(&options, s->findings[0]) == 0);
        capture_end(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        _cleanup_free_ char *names = NULL;
        Finding f;

        if (size < 8)
                return 0;
        names = calloc(1, size - 8 + 1);
        FUZZ_CHECK(s && names && setenv("JOURNAL_STREAM", "0:0", 0) == 0);
        memcpy(names, data + 8, size - 8);
        make_finding(data, names, names + size - 8, &f);
        check_report(&f, /* must_come_back= */ size < 1024);
        check_journal(&f);
        check_bus(&f);
        FUZZ_CHECK(snapshot_take_finding(s, &f) == 0);
        snapshot_freeze(s);
        check_metrics(s);
        check_terminal(s, data[7]);
        return 0;
}
