/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <time.h>

#include "report/field.h"
#include "report/report-json.h"

/* Gives the value to the object, whether that works or not. value == NULL: there was no memory for it. */
static bool add(json_object *o, const char *key, json_object *value) {
        if (!value)
                return false;
        if (json_object_object_add(o, key, value) < 0) {
                json_object_put(value);
                return false;
        }
        return true;
}

static bool add_number(json_object *o, const char *key, uint64_t n) {
        return add(o, key, json_object_new_uint64(n));
}

/* Gives the value to the array, as add() does. */
static bool append(json_object *array, json_object *value) {
        if (!value)
                return false;
        if (json_object_array_add(array, value) < 0) {
                json_object_put(value);
                return false;
        }
        return true;
}

static bool add_fields(json_object *o, const Field *fields, const void *object);

static bool add_words(json_object *o, const Field *field, uint64_t mask) {
        json_object *array = json_object_new_array();

        if (!add(o, field->key, array))
                return false;
        for (size_t i = 0; i < field->vocabulary->n; i++)
                if (mask & (1u << i) && !append(array, json_object_new_string(vocabulary_word(field->vocabulary, i))))
                        return false;
        return true;
}

static bool add_object(json_object *parent, const Field *field, const void *object) {
        json_object *o = json_object_new_object();

        return add(parent, field->key, o) && add_fields(o, field->members, object);
}

/* Objects of these fields, n of them. */
static bool add_objects(json_object *parent, const char *key, const Field *fields, const void *objects, size_t n, size_t size) {
        json_object *array = json_object_new_array();

        if (!add(parent, key, array))
                return false;
        for (size_t i = 0; i < n; i++) {
                json_object *o = json_object_new_object();

                if (!append(array, o) || !add_fields(o, fields, (const char *) objects + i * size))
                        return false;
        }
        return true;
}

static bool add_text(json_object *o, const Field *field, const void *object) {
        _cleanup_free_ char *text = field_text(field, object);

        return text && add(o, field->key, json_object_new_string(text));
}

static bool add_field(json_object *o, const Field *field, const void *object) {
        const Finding *f = object;

        if (field_is_null(field, object))
                return json_object_object_add(o, field->key, NULL) == 0;
        switch (field->type) {
        case FIELD_UINT32:
        case FIELD_UINT64:
                return add_number(o, field->key, field_number(field, object));
        case FIELD_BOOL:
                return add(o, field->key, json_object_new_boolean(field_number(field, object) != 0));
        case FIELD_MASK:
                return add_words(o, field, field_number(field, object));
        case FIELD_FILE_ID:
                return add_object(o, field, field_at(field, object));
        case FIELD_PINS:
                return add_objects(o, field->key, field->members, f->pins, f->n_pins, sizeof(*f->pins));
        default:
                return add_text(o, field, object);
        }
}

static bool add_fields(json_object *o, const Field *fields, const void *object) {
        for (; fields->key; fields++)
                if (!add_field(o, fields, object))
                        return false;
        return true;
}

static inline void json_object_donep(json_object **o) {
        if (*o)
                json_object_put(*o);
}

int report_json_build_finding(const Finding *f, json_object **ret) {
        _cleanup_(json_object_donep) json_object *o = json_object_new_object();

        if (!o || !add_fields(o, finding_fields, f))
                return -ENOMEM;
        *ret = TAKE_PTR(o);
        return 0;
}

/* "2026-11-24T05:00:00.123456Z" */
static bool add_time(json_object *o, const char *key, uint64_t usec) {
        time_t seconds = (time_t) (usec / 1000000);
        char buffer[64];
        struct tm tm;
        size_t n;

        if (!gmtime_r(&seconds, &tm))
                return json_object_object_add(o, key, NULL) == 0;
        n = strftime(buffer, sizeof(buffer), "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(buffer + n, sizeof(buffer) - n, ".%06" PRIu64 "Z", usec % 1000000);
        return add(o, key, json_object_new_string(buffer));
}

static bool add_unreadable(json_object *o, const Snapshot *s) {
        json_object *array = json_object_new_array();

        if (!add(o, "unreadable_pids", array))
                return false;
        for (size_t i = 0; i < s->n_looked; i++)
                if (s->looked[i].look == LOOK_FAILED && !append(array, json_object_new_int64(s->looked[i].pid)))
                        return false;
        return true;
}

static bool add_counts(json_object *parent, const Snapshot *s) {
        json_object *o = json_object_new_object(), *by;
        const Counts *c = &s->counts;

        if (!add(parent, "sweep", o) ||
            !add_time(o, "started", c->started_usec) ||
            !add_number(o, "duration_us", c->duration_usec) ||
            !add_number(o, "processes", c->processes) ||
            !add_number(o, "unreadable", c->unreadable) ||
            !add_unreadable(o, s) ||
            !add_number(o, "mappings", c->mappings) ||
            !add_number(o, "files", c->files) ||
            !add_number(o, "ignored", c->ignored) ||
            !add_number(o, "unknown", c->unknown))
                return false;
        by = json_object_new_object();
        if (!add(o, "unknown_by", by))
                return false;
        for (UnknownReason i = 0; i < UNKNOWN_REASON_MAX; i++)
                if (!add_number(by, unknown_reason_to_string(i), c->unknown_by[i]))
                        return false;
        return true;
}

int report_json_build(const Snapshot *s, json_object **ret) {
        _cleanup_(json_object_donep) json_object *o = json_object_new_object();
        json_object *array;

        if (!o || !add_number(o, "version", 1) || !add_counts(o, s) ||
            !add_objects(o, "unknown", unknown_mapping_fields, s->unknown, s->n_unknown, sizeof(*s->unknown)))
                return -ENOMEM;
        array = json_object_new_array();
        if (!add(o, "findings", array))
                return -ENOMEM;
        for (size_t i = 0; i < s->n_findings; i++) {
                _cleanup_(json_object_donep) json_object *finding = NULL;
                int r;

                r = report_json_build_finding(s->findings[i], &finding);
                if (r < 0)
                        return r;
                if (json_object_array_add(array, finding) < 0)
                        return -ENOMEM;
                TAKE_PTR(finding);
        }
        *ret = TAKE_PTR(o);
        return 0;
}

/* Of a value that stands this deep in another; no text in JSON has a line feed of its own. */
static void print_indented(const char *text, const char *indent, FILE *f) {
        for (;;) {
                size_t n = strcspn(text, "\n");

                fwrite(text, 1, n, f);
                if (text[n] == '\0')
                        return;
                fprintf(f, "\n%s", indent);
                text += n + 1;
        }
}

static int print_findings(const Snapshot *s, int flags, FILE *f) {
        bool pretty = flags & JSON_C_TO_STRING_PRETTY;

        for (size_t i = 0; i < s->n_findings; i++) {
                _cleanup_(json_object_donep) json_object *finding = NULL;
                const char *text;
                int r;

                r = report_json_build_finding(s->findings[i], &finding);
                if (r < 0)
                        return r;
                text = json_object_to_json_string_ext(finding, flags);
                if (!text)
                        return -ENOMEM;
                fprintf(f, "%s%s", i > 0 ? "," : "", pretty ? "\n    " : "");
                print_indented(text, "    ", f);
        }
        fputs(pretty ? "\n  ]\n}\n" : "]}\n", f);
        return 0;
}

/* One without findings ends in their list. */
int report_json_print(const Snapshot *s, int flags, FILE *f) {
        _cleanup_(json_object_donep) json_object *o = NULL;
        Snapshot counts = *s;
        const char *text;
        int r;

        counts.n_findings = 0;
        r = report_json_build(&counts, &o);
        if (r < 0)
                return r;
        text = json_object_to_json_string_ext(o, flags);
        if (!text)
                return -ENOMEM;
        if (s->n_findings == 0) {
                fprintf(f, "%s\n", text);
                return 0;
        }
        fwrite(text, 1, (size_t) (strrchr(text, '[') + 1 - text), f);
        return print_findings(s, flags, f);
}
