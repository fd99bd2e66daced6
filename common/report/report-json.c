/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <time.h>

#include "report/report-json.h"
#include "util/escape.h"

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

static bool add_null(json_object *o, const char *key) {
        return json_object_object_add(o, key, NULL) == 0;
}

static bool add_number(json_object *o, const char *key, uint64_t n) {
        return add(o, key, json_object_new_uint64(n));
}

/* Text that is safe already. */
static bool add_text(json_object *o, const char *key, const char *s) {
        return s ? add(o, key, json_object_new_string(s)) : add_null(o, key);
}

/* Bytes as the kernel gave them. */
static bool add_bytes(json_object *o, const char *key, const char *s) {
        _cleanup_free_ char *escaped = NULL;

        if (!s)
                return add_null(o, key);
        escaped = escape(s);
        return escaped && add_text(o, key, escaped);
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

/* The words of a mask; bit 1 << i is called word(i). */
static bool add_words(json_object *o, const char *key, uint32_t mask, const char *(*word)(unsigned i)) {
        json_object *array = json_object_new_array();

        if (!add(o, key, array))
                return false;
        for (unsigned i = 0; i < 32; i++)
                if (mask & (1u << i) && !append(array, json_object_new_string(word(i))))
                        return false;
        return true;
}

static const char *flag_word(unsigned i) {
        return flag_to_string(1u << i);
}

static const char *runtime_word(unsigned i) {
        return runtime_to_string(1u << i);
}

static const char *pin_word(unsigned i) {
        return pin_reason_to_string((PinReason) i);
}

/* What was not looked at for certain still has the numbers by which findings are told apart. */
static bool add_file_id(json_object *parent, const char *key, const FileId *id, bool mapped) {
        char device[FILE_ID_DEVICE_MAX], build_id[2 * BUILD_ID_MAX + 1];
        json_object *o;

        if (!mapped && !id->known)
                return add_null(parent, key);
        o = json_object_new_object();
        return add(parent, key, o) &&
               add_text(o, "device", file_id_device(id, device)) &&
               add_number(o, "inode", id->inode) &&
               add_text(o, "build_id", id->build_id_length > 0 ? file_id_build_id(id, build_id) : NULL) &&
               (!mapped || add(o, "known", json_object_new_boolean(id->known)));
}

static bool add_pin(json_object *array, const Pin *p) {
        json_object *o = json_object_new_object();

        return append(array, o) &&
               add_text(o, "reason", pin_reason_to_string(p->reason)) &&
               add_text(o, "certainty", certainty_to_string(p->certainty)) &&
               add_bytes(o, "holder", p->holder) &&
               add_words(o, "holder_pins", p->holder_pins, pin_word) &&
               add_text(o, "detail", p->detail);
}

static bool add_pins(json_object *parent, const Finding *f) {
        json_object *array = json_object_new_array();

        if (!add(parent, "pins", array))
                return false;
        for (size_t i = 0; i < f->n_pins; i++)
                if (!add_pin(array, &f->pins[i]))
                        return false;
        return true;
}

static bool fill_finding(json_object *o, const Finding *f) {
        return add_number(o, "pid", (uint64_t) f->pid) &&
               add_number(o, "start_time", f->start_time) &&
               add_bytes(o, "comm", f->comm) &&
               add_bytes(o, "exe", f->exe) &&
               add_number(o, "uid", f->uid) &&
               add_bytes(o, "unit", f->unit) &&
               add_bytes(o, "user_unit", f->user_unit) &&
               add_bytes(o, "container", f->container) &&
               add_bytes(o, "path", f->path) &&
               add_bytes(o, "loader_name", f->loader_name) &&
               add_text(o, "state", state_to_string(f->state)) &&
               add_words(o, "flags", f->flags, flag_word) &&
               add_text(o, "urgency", urgency_to_string(finding_urgency(f))) &&
               add_file_id(o, "mapped", &f->mapped, /* mapped= */ true) &&
               add_file_id(o, "disk", &f->disk, /* mapped= */ false) &&
               add_bytes(o, "successor", f->successor) &&
               add_pins(o, f) &&
               add_words(o, "runtimes", f->runtimes, runtime_word) &&
               add_text(o, "action", action_to_string(f->action)) &&
               add_text(o, "advice", f->advice) &&
               add_text(o, "message", f->message);
}

static inline void json_object_donep(json_object **o) {
        if (*o)
                json_object_put(*o);
}

int report_json_build_finding(const Finding *f, json_object **ret) {
        _cleanup_(json_object_donep) json_object *o = json_object_new_object();

        if (!o || !fill_finding(o, f))
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
                return add_null(o, key);
        n = strftime(buffer, sizeof(buffer), "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(buffer + n, sizeof(buffer) - n, ".%06" PRIu64 "Z", usec % 1000000);
        return add_text(o, key, buffer);
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

/* What could not be judged, of whom and why. */
static bool add_unknown(json_object *parent, const Snapshot *s) {
        json_object *array = json_object_new_array();

        if (!add(parent, "unknown", array))
                return false;
        for (size_t i = 0; i < s->n_unknown; i++) {
                const UnknownMapping *u = &s->unknown[i];
                json_object *o = json_object_new_object();

                if (!append(array, o) ||
                    !add_number(o, "pid", (uint64_t) u->pid) ||
                    !add_bytes(o, "comm", u->comm) ||
                    !add_bytes(o, "path", u->path) ||
                    !add_text(o, "reason", unknown_reason_to_string(u->reason)))
                        return false;
        }
        return true;
}

int report_json_build(const Snapshot *s, json_object **ret) {
        _cleanup_(json_object_donep) json_object *o = json_object_new_object();
        json_object *array;

        if (!o || !add_number(o, "version", 1) || !add_counts(o, s) || !add_unknown(o, s))
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
