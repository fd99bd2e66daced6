/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The entries of the journal, with all of their fields, against recorded text. */

#include <stdio.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include "findings.h"
#include "journal.h"

static char *fields[64];
static size_t n_fields;

/* In place of libsystemd's, to which sd_journal_sendv() leads. */
int sd_journal_sendv_with_location(_unused_ const char *file, _unused_ const char *line, _unused_ const char *function,
                                   const struct iovec *sent, int n) {
        for (int i = 0; i < n; i++)
                fields[n_fields++] = strndup(sent[i].iov_base, sent[i].iov_len);
        return 0;
}

static int compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Sorted: the journal keeps no order of fields. */
static void expect(const char *expected) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        qsort(fields, n_fields, sizeof(*fields), compare);
        for (size_t i = 0; i < n_fields; i++) {
                fprintf(f, "%s\n", fields[i]);
                free(fields[i]);
        }
        n_fields = 0;
        fclose(f);
        ck_assert_str_eq(text, expected);
}

static void send_finding(EventKind kind, Finding *f) {
        journal_send(&(QueuedEvent){ .event = { kind, f, REMOVAL_CURRENT_AGAIN }, .in_journal = true });
}

START_TEST(added) {
        _cleanup_(finding_done) Finding f = finding_make_full();

        send_finding(EVENT_ADDED, &f);
        expect(
                "DOCUMENTATION=man:stalelib-journal(7)\n"
                "MESSAGE=it still runs the old /opt/a b/\\xff\\x0a\"\xe2\x80\xa6"" pl\\\\012ug\n"
                "MESSAGE_ID=0ccceb29c7f74a278b084f8cbb6a1bb8\n"
                "OBJECT_PID=3391245\n"
                "PRIORITY=5\n"
                "STALELIB_ACTION=restart\n"
                "STALELIB_ADVICE=systemctl restart 'nginx\\\\x2da.service'\n"
                "STALELIB_COMM=ng\\x1b[31minx\n"
                "STALELIB_CONTAINER=docker:0123456789ab\n"
                "STALELIB_DISK_DEVICE=4294967295:1048575\n"
                "STALELIB_DISK_INODE=18446744073709551615\n"
                "STALELIB_EXE=/usr/sbin/nginx\n"
                "STALELIB_FLAGS=same-content file-bind-mount\n"
                "STALELIB_HOLDER=/lib/\\x01h.so\n"
                "STALELIB_LOADER_NAME=/opt/current/plug.so\n"
                "STALELIB_MAPPED_BUILD_ID=deadbeef0500000000000000000000000000000a\n"
                "STALELIB_MAPPED_DEVICE=253:0\n"
                "STALELIB_MAPPED_INODE=5250054\n"
                "STALELIB_PATH=/opt/a b/\\xff\\x0a\"pl\\\\012ug\xc3\xa9"".so\n"
                "STALELIB_PID=3391245\n"
                "STALELIB_PINS=nodelete holder\n"
                "STALELIB_RUNTIMES=go nginx\n"
                "STALELIB_START_TIME=18446744073709551615\n"
                "STALELIB_STATE=replaced\n"
                "STALELIB_SUCCESSOR=/opt/new.so\n"
                "STALELIB_UID=4294967295\n"
                "STALELIB_UNIT=nginx\\\\x2da.service\n"
                "STALELIB_URGENCY=none\n"
                "STALELIB_USER_UNIT=app.service\n"
                "SYSLOG_IDENTIFIER=stalelibd\n");
}
END_TEST

START_TEST(added_minimal) {
        Finding f = { .pid = 1, .comm = (char *) "a", .path = (char *) "/b", .state = STATE_DELETED,
                      .mapped.inode = 5, .advice = (char *) "c", .message = (char *) "d" };

        send_finding(EVENT_ADDED, &f);
        expect(
                "DOCUMENTATION=man:stalelib-journal(7)\n"
                "MESSAGE=d\n"
                "MESSAGE_ID=0ccceb29c7f74a278b084f8cbb6a1bb8\n"
                "OBJECT_PID=1\n"
                "PRIORITY=4\n"
                "STALELIB_ACTION=none\n"
                "STALELIB_ADVICE=c\n"
                "STALELIB_COMM=a\n"
                "STALELIB_PATH=/b\n"
                "STALELIB_PID=1\n"
                "STALELIB_START_TIME=0\n"
                "STALELIB_STATE=deleted\n"
                "STALELIB_UID=0\n"
                "STALELIB_URGENCY=normal\n"
                "SYSLOG_IDENTIFIER=stalelibd\n");
}
END_TEST

START_TEST(removed) {
        _cleanup_(finding_done) Finding f = finding_make_full();

        send_finding(EVENT_REMOVED, &f);
        expect(
                "DOCUMENTATION=man:stalelib-journal(7)\n"
                "MESSAGE=ng\\x1b[31minx (3391245) no longer runs the old /opt/a b/\\xff\\x0a\"pl\\\\012ug\xc3\xa9"".so: the file on disk is the same again\n"
                "MESSAGE_ID=6815417cc68748459cf4a22c6772bc57\n"
                "OBJECT_PID=3391245\n"
                "PRIORITY=6\n"
                "STALELIB_ACTION=restart\n"
                "STALELIB_ADVICE=systemctl restart 'nginx\\\\x2da.service'\n"
                "STALELIB_COMM=ng\\x1b[31minx\n"
                "STALELIB_CONTAINER=docker:0123456789ab\n"
                "STALELIB_DISK_DEVICE=4294967295:1048575\n"
                "STALELIB_DISK_INODE=18446744073709551615\n"
                "STALELIB_EXE=/usr/sbin/nginx\n"
                "STALELIB_FLAGS=same-content file-bind-mount\n"
                "STALELIB_HOLDER=/lib/\\x01h.so\n"
                "STALELIB_LOADER_NAME=/opt/current/plug.so\n"
                "STALELIB_MAPPED_BUILD_ID=deadbeef0500000000000000000000000000000a\n"
                "STALELIB_MAPPED_DEVICE=253:0\n"
                "STALELIB_MAPPED_INODE=5250054\n"
                "STALELIB_PATH=/opt/a b/\\xff\\x0a\"pl\\\\012ug\xc3\xa9"".so\n"
                "STALELIB_PID=3391245\n"
                "STALELIB_PINS=nodelete holder\n"
                "STALELIB_REASON=current-again\n"
                "STALELIB_RUNTIMES=go nginx\n"
                "STALELIB_START_TIME=18446744073709551615\n"
                "STALELIB_STATE=replaced\n"
                "STALELIB_SUCCESSOR=/opt/new.so\n"
                "STALELIB_UID=4294967295\n"
                "STALELIB_UNIT=nginx\\\\x2da.service\n"
                "STALELIB_URGENCY=none\n"
                "STALELIB_USER_UNIT=app.service\n"
                "SYSLOG_IDENTIFIER=stalelibd\n");
}
END_TEST

START_TEST(sum) {
        _cleanup_(finding_done) Finding f = finding_make_full();

        journal_send(&(QueuedEvent){ .event = { EVENT_ADDED, &f, REMOVAL_INVALID }, .in_journal = true, .n_findings = 12,
                                     .n_processes = 1, .urgency = URGENCY_URGENT });
        expect(
                "DOCUMENTATION=man:stalelib-journal(7)\n"
                "MESSAGE=nginx\\\\x2da.service: 12 more stale libraries in 1 process were found; \"stalelibctl list\" shows those that there are\n"
                "MESSAGE_ID=9a9259ab9a5d475b80989a4b227f4d1a\n"
                "PRIORITY=3\n"
                "STALELIB_CONTAINER=docker:0123456789ab\n"
                "STALELIB_FINDINGS=12\n"
                "STALELIB_PROCESSES=1\n"
                "STALELIB_UNIT=nginx\\\\x2da.service\n"
                "STALELIB_USER_UNIT=app.service\n"
                "SYSLOG_IDENTIFIER=stalelibd\n");
}
END_TEST

START_TEST(bus_only) {
        journal_send(&(QueuedEvent){ .event.kind = EVENT_ADDED });
        expect("");
}
END_TEST

START_TEST(degraded_and_recovered) {
        journal_degraded("no CAP_SYS_PTRACE");
        expect(
                "DOCUMENTATION=man:stalelib-journal(7)\n"
                "MESSAGE=Not everything can be examined: no CAP_SYS_PTRACE\n"
                "MESSAGE_ID=205fcb8fc2f94b79aea147c95a8f22ea\n"
                "PRIORITY=4\n"
                "STALELIB_REASON=no CAP_SYS_PTRACE\n"
                "SYSLOG_IDENTIFIER=stalelibd\n");
        journal_recovered();
        expect(
                "DOCUMENTATION=man:stalelib-journal(7)\n"
                "MESSAGE=Everything can be examined again\n"
                "MESSAGE_ID=50cc619979aa4a71bad07f53ea09b9a9\n"
                "PRIORITY=6\n"
                "SYSLOG_IDENTIFIER=stalelibd\n");
}
END_TEST

int main(void) {
        Suite *suite = suite_create("journal");
        TCase *tcase = tcase_create("journal");

        tcase_add_test(tcase, added);
        tcase_add_test(tcase, added_minimal);
        tcase_add_test(tcase, removed);
        tcase_add_test(tcase, sum);
        tcase_add_test(tcase, bus_only);
        tcase_add_test(tcase, degraded_and_recovered);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
