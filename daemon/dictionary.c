/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dictionary.h"
#include "explain/advice.h"
#include "report/field.h"

static int append_fields(sd_bus_message *m, const Field *fields, const void *object, bool explained, const char *explanation);

static const char *signature_of(const Field *field) {
        switch (field->type) {
        case FIELD_UINT32:
                return "u";
        case FIELD_UINT64:
                return "t";
        case FIELD_BOOL:
                return "b";
        case FIELD_MASK:
                return "as";
        case FIELD_FILE_ID:
                return "a{sv}";
        case FIELD_PINS:
                return "aa{sv}";
        default:
                return "s";
        }
}

static int append_words(sd_bus_message *m, const Field *field, uint64_t mask) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "s");
        for (size_t i = 0; r >= 0 && i < field->vocabulary->n; i++)
                if (mask & (1u << i))
                        r = sd_bus_message_append_basic(m, 's', vocabulary_word(field->vocabulary, i));
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_pins(sd_bus_message *m, const Field *field, const Finding *f, bool explained) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "a{sv}");
        for (size_t i = 0; r >= 0 && i < f->n_pins; i++) {
                _cleanup_free_ char *explanation = explained ? advice_explain_pin(f, f->pins + i) : NULL;

                if (explained && !explanation)
                        return -ENOMEM;
                r = append_fields(m, field->members, f->pins + i, explained, explanation);
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_text(sd_bus_message *m, const Field *field, const void *object) {
        _cleanup_free_ char *text = field_text(field, object);

        return text ? sd_bus_message_append_basic(m, 's', text) : -ENOMEM;
}

static int append_value(sd_bus_message *m, const Field *field, const void *object, bool explained) {
        uint64_t number;

        switch (field->type) {
        case FIELD_UINT32:
                return sd_bus_message_append(m, "u", (uint32_t) field_number(field, object));
        case FIELD_UINT64:
                number = field_number(field, object);
                return sd_bus_message_append_basic(m, 't', &number);
        case FIELD_BOOL:
                return sd_bus_message_append(m, "b", (int) field_number(field, object));
        case FIELD_MASK:
                return append_words(m, field, field_number(field, object));
        case FIELD_FILE_ID:
                return append_fields(m, field->members, field_at(field, object), explained, /* explanation= */ NULL);
        case FIELD_PINS:
                return append_pins(m, field, object, explained);
        default:
                return append_text(m, field, object);
        }
}

static int append_field(sd_bus_message *m, const Field *field, const void *object, bool explained) {
        int r;

        if (field_is_null(field, object))
                return 0;
        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', field->key);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', signature_of(field));
        if (r >= 0)
                r = append_value(m, field, object, explained);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_fields(sd_bus_message *m, const Field *fields, const void *object, bool explained, const char *explanation) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        for (; r >= 0 && fields->key; fields++)
                r = append_field(m, fields, object, explained);
        if (r >= 0 && explanation)
                r = sd_bus_message_append(m, "{sv}", "explanation", "s", explanation);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int dictionary_append_finding(sd_bus_message *m, const Finding *f, bool explained) {
        return append_fields(m, finding_fields, f, explained, explained ? advice_explain_state(f->state, f->flags) : NULL);
}

int dictionary_append_unknown(sd_bus_message *m, const UnknownMapping *u) {
        return append_fields(m, unknown_mapping_fields, u, /* explained= */ false, /* explanation= */ NULL);
}

static int append_unreadable(sd_bus_message *m, const Snapshot *s) {
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", "unreadable_pids");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "au");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "u");
        for (size_t i = 0; r >= 0 && i < s->n_looked; i++)
                if (s->looked[i].look == LOOK_FAILED)
                        r = sd_bus_message_append(m, "u", (uint32_t) s->looked[i].pid);
        for (int depth = 0; r >= 0 && depth < 3; depth++)
                r = sd_bus_message_close_container(m);
        return r;
}

/* The keys of "sweep" in the report, with those of findings; times are numbers on the bus. */
int dictionary_append_summary(sd_bus_message *m, const Snapshot *s) {
        const Counts *c = &s->counts;
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}",
                                          "started", "t", c->started_usec,
                                          "duration_us", "t", c->duration_usec,
                                          "processes", "t", c->processes,
                                          "unreadable", "t", c->unreadable,
                                          "mappings", "t", c->mappings,
                                          "files", "t", c->files,
                                          "ignored", "t", c->ignored,
                                          "unknown", "t", c->unknown,
                                          "findings", "t", stale_counts_findings(&c->stale),
                                          "listed", "t", (uint64_t) s->n_findings,
                                          "same_content", "t", c->stale.findings[URGENCY_NONE],
                                          "stale_processes", "t", c->stale.processes,
                                          "stale_libraries", "t", c->stale.libraries);
        if (r >= 0)
                r = append_unreadable(m, s);
        for (size_t i = 0; r >= 0 && i < UNKNOWN_REASON_MAX; i++) {
                char key[64] = "unknown_";

                strncat(key, unknown_reason_to_string(i), sizeof(key) - strlen(key) - 1);
                r = sd_bus_message_append(m, "{sv}", key, "t", c->unknown_by[i]);
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}
