/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include "journal.h"
#include "log.h"
#include "message-ids.h"
#include "report/field.h"
#include "util/escape.h"

#define DOCUMENTATION "man:stalelib-journal(7)"

typedef struct JournalEntry {
        struct iovec *fields;
        size_t n, allocated;
} JournalEntry;

static void entry_done(JournalEntry *e) {
        for (size_t i = 0; i < e->n; i++)
                free(e->fields[i].iov_base);
        free(e->fields);
}

/* A field for which there is no memory is left out: the others are still worth an entry. */
static void entry_add(JournalEntry *e, const char *format, ...) _printf_(2, 3);

static void entry_add(JournalEntry *e, const char *format, ...) {
        char *field = NULL;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&field, format, ap);
        va_end(ap);
        if (n < 0)
                return;
        if (!GROW(e->fields, e->allocated, e->n + 1)) {
                free(field);
                return;
        }
        e->fields[e->n++] = (struct iovec){ .iov_base = field, .iov_len = (size_t) n };
}

/* Raw bytes; NULL: no field. */
static void entry_add_raw(JournalEntry *e, const char *name, const char *value) {
        _cleanup_free_ char *safe = escape(value);

        if (safe)
                entry_add(e, "%s=%s", name, safe);
}

static void entry_start(JournalEntry *e, int priority, const char *id, const char *message) {
        entry_add(e, "MESSAGE=%s", message);
        entry_add(e, "MESSAGE_ID=%s", id);
        entry_add(e, "PRIORITY=%d", priority);
        entry_add(e, "DOCUMENTATION=%s", DOCUMENTATION);
        entry_add(e, "SYSLOG_IDENTIFIER=stalelibd");
        if (!log_is_journal())
                log_line(priority, "%s", message);
}

static void entry_send(const JournalEntry *e) {
        int r;

        if (e->n > INT32_MAX)
                return;
        r = sd_journal_sendv(e->fields, (int) e->n);
        if (r < 0)
                log_errno(LOG_WARNING, r, "Cannot write to the journal");
}

/* fields of a finding */

static void entry_add_fields(JournalEntry *e, const Field *fields, const void *object);

/* The words of a mask with blanks between; no field where it is empty. */
static void entry_add_words(JournalEntry *e, const char *name, const Vocabulary *vocabulary, uint64_t mask) {
        char text[256] = "";
        size_t n = 0;

        for (size_t i = 0; i < vocabulary->n && n < sizeof(text); i++)
                if (mask & (1u << i))
                        n += (size_t) snprintf(text + n, sizeof(text) - n, "%s%s", n > 0 ? " " : "", vocabulary_word(vocabulary, i));
        if (*text)
                entry_add(e, "%s=%s", name, text);
}

static void entry_add_pins(JournalEntry *e, const Field *field, const Finding *f) {
        uint64_t reasons = 0;

        for (size_t i = 0; i < f->n_pins; i++)
                reasons |= 1u << f->pins[i].reason;
        entry_add_words(e, field->journal, &pin_reason_vocabulary, reasons);
        for (size_t i = 0; i < f->n_pins; i++)
                entry_add_fields(e, field->members, f->pins + i);
}

static void entry_add_field(JournalEntry *e, const Field *field, const void *object) {
        _cleanup_free_ char *text = NULL;
        const FileId *id = field_at(field, object);

        switch (field->type) {
        case FIELD_MASK:
                entry_add_words(e, field->journal, field->vocabulary, field_number(field, object));
                break;
        case FIELD_FILE_ID:
                if (id->known)
                        entry_add_fields(e, field->members, id);
                break;
        case FIELD_PINS:
                entry_add_pins(e, field, object);
                break;
        default:
                text = field_text(field, object);
                if (text)
                        entry_add(e, "%s=%s", field->journal, text);
        }
}

static void entry_add_fields(JournalEntry *e, const Field *fields, const void *object) {
        for (; fields->key; fields++)
                if ((fields->journal || fields->members) && !field_is_null(fields, object))
                        entry_add_field(e, fields, object);
}

static void entry_add_finding(JournalEntry *e, const Finding *f) {
        entry_add(e, "OBJECT_PID=%d", (int) f->pid);
        entry_add_fields(e, finding_fields, f);
}

/* entries */

static void journal_added(const Finding *f) {
        _cleanup_(entry_done) JournalEntry e = {};

        entry_start(&e, finding_priority(f), MESSAGE_ID_FINDING_ADDED, f->message ? f->message : "");
        entry_add_finding(&e, f);
        entry_send(&e);
}

static const char *removal_clause(Removal removal) {
        switch (removal) {
        case REMOVAL_EXITED:
                return "the process has ended";
        case REMOVAL_CURRENT_AGAIN:
                return "the file on disk is the same again";
        default:
                return "it is not mapped any more";
        }
}

static void journal_removed(const Finding *f, Removal removal) {
        _cleanup_free_ char *comm = escape(f->comm ? f->comm : "?"), *path = escape(f->path ? f->path : "?");
        _cleanup_free_ char *message = NULL;
        _cleanup_(entry_done) JournalEntry e = {};

        if (!comm || !path ||
            asprintf(&message, "%s (%d) no longer runs the old %s: %s", comm, (int) f->pid, path, removal_clause(removal)) < 0)
                return;
        entry_start(&e, LOG_INFO, MESSAGE_ID_FINDING_REMOVED, message);
        entry_add_finding(&e, f);
        entry_add(&e, "STALELIB_REASON=%s", removal_to_string(removal));
        entry_send(&e);
}

static void journal_summary(const QueuedEvent *e) {
        _cleanup_free_ char *group = escape(finding_group(e->event.finding)), *message = NULL;
        const bool gone = e->event.kind == EVENT_REMOVED;
        _cleanup_(entry_done) JournalEntry entry = {};

        if (!group ||
            asprintf(&message, "%s: %zu more stale libraries in %zu process%s %s; "
                     "\"stalelibctl list\" shows those that there are",
                     group, e->n_findings, e->n_processes, e->n_processes == 1 ? "" : "es", gone ? "are gone" : "were found") < 0)
                return;
        entry_start(&entry, gone ? LOG_INFO : e->urgency == URGENCY_URGENT ? LOG_ERR : LOG_WARNING,
                    gone ? MESSAGE_ID_FINDINGS_REMOVED : MESSAGE_ID_FINDINGS_ADDED, message);
        entry_add_raw(&entry, "STALELIB_UNIT", e->event.finding->unit);
        entry_add_raw(&entry, "STALELIB_USER_UNIT", e->event.finding->user_unit);
        entry_add_raw(&entry, "STALELIB_CONTAINER", e->event.finding->container);
        entry_add(&entry, "STALELIB_FINDINGS=%zu", e->n_findings);
        entry_add(&entry, "STALELIB_PROCESSES=%zu", e->n_processes);
        entry_send(&entry);
}

void journal_send(const QueuedEvent *e) {
        if (!e->in_journal)
                return;
        if (event_is_summary(e))
                journal_summary(e);
        else if (e->event.kind == EVENT_ADDED)
                journal_added(e->event.finding);
        else
                journal_removed(e->event.finding, e->event.removal);
}

void journal_degraded(const char *reason) {
        _cleanup_free_ char *message = NULL;
        _cleanup_(entry_done) JournalEntry e = {};

        if (asprintf(&message, "Not everything can be examined: %s", reason) < 0)
                return;
        entry_start(&e, LOG_WARNING, MESSAGE_ID_DEGRADED, message);
        entry_add(&e, "STALELIB_REASON=%s", reason);
        entry_send(&e);
}

void journal_recovered(void) {
        _cleanup_(entry_done) JournalEntry e = {};

        entry_start(&e, LOG_INFO, MESSAGE_ID_RECOVERED, "Everything can be examined again");
        entry_send(&e);
}
