/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>

#include "escape.h"
#include "report.h"

/*
 * What a finding read back may hold at most, in bytes of escaped text. A path as the
 * kernel shows it has up to MAPPING_NAME_MAX bytes, each four when escaped; a
 * sentence names up to four of them.
 */
#define PATH_TEXT_MAX (4u * 65536)
#define SENTENCE_MAX (4u * PATH_TEXT_MAX)
#define NAME_TEXT_MAX 4096u
#define PINS_MAX 4096u
#define WORDS_MAX 64u

/* --- building --- */

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

static bool append_word(json_object *array, const char *word) {
        json_object *o = json_object_new_string(word);

        if (!o)
                return false;
        if (json_object_array_add(array, o) < 0) {
                json_object_put(o);
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
                if (mask & (1u << i) && !append_word(array, word(i)))
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

        if (!o)
                return false;
        if (json_object_array_add(array, o) < 0) {
                json_object_put(o);
                return false;
        }
        return add_text(o, "reason", pin_reason_to_string(p->reason)) &&
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

int report_build_finding(const Finding *f, json_object **ret) {
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

static bool add_counts(json_object *parent, const Counts *c) {
        json_object *o = json_object_new_object(), *by;

        if (!add(parent, "sweep", o) ||
            !add_time(o, "started", c->started_usec) ||
            !add_number(o, "duration_us", c->duration_usec) ||
            !add_number(o, "processes", c->processes) ||
            !add_number(o, "unreadable", c->unreadable) ||
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

int report_build(const Snapshot *s, json_object **ret) {
        _cleanup_(json_object_donep) json_object *o = json_object_new_object();
        json_object *array;

        if (!o || !add_number(o, "version", 1) || !add_counts(o, &s->counts))
                return -ENOMEM;
        array = json_object_new_array();
        if (!add(o, "findings", array))
                return -ENOMEM;
        for (size_t i = 0; i < s->n_findings; i++) {
                _cleanup_(json_object_donep) json_object *finding = NULL;
                int r;

                r = report_build_finding(&s->findings[i], &finding);
                if (r < 0)
                        return r;
                if (json_object_array_add(array, finding) < 0)
                        return -ENOMEM;
                TAKE_PTR(finding);
        }
        *ret = TAKE_PTR(o);
        return 0;
}

/* --- reading back: each of these returns 0, -EBADMSG or -ENOMEM --- */

/* A member that is not there reads as null, as does one that a later version added and an earlier one did not write. */
static json_object *member(json_object *o, const char *key) {
        json_object *value = NULL;

        return json_object_object_get_ex(o, key, &value) ? value : NULL;
}

static int parse_number(json_object *o, const char *key, uint64_t max, uint64_t *ret) {
        json_object *value = member(o, key);
        uint64_t n;

        /* What is below zero would come back as 0 from the unsigned getter, and what is above as the largest. */
        if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0)
                return -EBADMSG;
        n = json_object_get_uint64(value);
        if (n > max)
                return -EBADMSG;
        *ret = n;
        return 0;
}

/* A string without NUL, of at most max bytes; *ret is borrowed. null gives NULL where that is allowed. */
static int parse_string(json_object *value, size_t max, bool optional, const char **ret) {
        const char *s;
        size_t n;

        if (!value && optional) {
                *ret = NULL;
                return 0;
        }
        if (!json_object_is_type(value, json_type_string))
                return -EBADMSG;
        s = json_object_get_string(value);
        n = (size_t) json_object_get_string_len(value);
        if (n > max || strlen(s) != n)
                return -EBADMSG;
        *ret = s;
        return 0;
}

/* Safe to show: escaping it once more changes nothing but the backslashes, and these are escapes. */
static int check_safe(const char *s) {
        _cleanup_free_ char *again = escape(s), *copy = strdup(s);
        size_t backslashes = 0;

        if (!again || !copy)
                return -ENOMEM;
        for (const char *p = s; *p; p++)
                backslashes += *p == '\\';
        if (strlen(again) != strlen(s) + backslashes || unescape(copy) < 0)
                return -EBADMSG;
        return 0;
}

static int parse_text(json_object *o, const char *key, size_t max, bool optional, char **ret) {
        const char *s;
        int r;

        r = parse_string(member(o, key), max, optional, &s);
        if (r < 0)
                return r;
        if (s) {
                r = check_safe(s);
                if (r < 0)
                        return r;
        }
        return strdup_to(ret, s) ? 0 : -ENOMEM;
}

/* As parse_text(), back to the bytes, of which none is NUL. */
static int parse_bytes(json_object *o, const char *key, size_t max, bool optional, char **ret) {
        _cleanup_free_ char *s = NULL;
        long n;
        int r;

        r = parse_text(o, key, max, optional, &s);
        if (r < 0)
                return r;
        if (s) {
                n = unescape(s);
                if (n < 0 || strlen(s) != (size_t) n)
                        return -EBADMSG;
        }
        free(*ret);
        *ret = TAKE_PTR(s);
        return 0;
}

static int parse_word(json_object *o, const char *key, int (*from_string)(const char *s), int *ret) {
        const char *s;
        int r;

        r = parse_string(member(o, key), NAME_TEXT_MAX, /* optional= */ false, &s);
        if (r < 0)
                return r;
        r = from_string(s);
        if (r < 0)
                return -EBADMSG;
        *ret = r;
        return 0;
}

static int state_word(const char *s) {
        return (int) state_from_string(s);
}

static int pin_reason_word(const char *s) {
        return (int) pin_reason_from_string(s);
}

static int certainty_word(const char *s) {
        return (int) certainty_from_string(s);
}

static int action_word(const char *s) {
        return (int) action_from_string(s);
}

static int pin_bit(const char *s) {
        int r = pin_reason_word(s);

        return r < 0 ? r : 1 << r;
}

static int parse_words(json_object *o, const char *key, int (*bit)(const char *s), uint32_t *ret) {
        json_object *array = member(o, key);
        uint32_t mask = 0;

        if (!json_object_is_type(array, json_type_array) || json_object_array_length(array) > WORDS_MAX)
                return -EBADMSG;
        for (size_t i = 0; i < json_object_array_length(array); i++) {
                const char *s;
                int r;

                r = parse_string(json_object_array_get_idx(array, i), NAME_TEXT_MAX, /* optional= */ false, &s);
                if (r < 0)
                        return r;
                r = bit(s);
                if (r < 0)
                        return -EBADMSG;
                mask |= (uint32_t) r;
        }
        *ret = mask;
        return 0;
}

/* Reads "MAJOR:MINOR" as file_id_device() writes it, and nothing else. */
static int parse_device(const char *s, FileId *id) {
        char buffer[FILE_ID_DEVICE_MAX];
        unsigned long long numbers[2];
        char *end;

        numbers[0] = strtoull(s, &end, 10);
        if (*end != ':')
                return -EBADMSG;
        numbers[1] = strtoull(end + 1, &end, 10);
        if (*end != '\0' || numbers[0] > UINT32_MAX || numbers[1] > UINT32_MAX)
                return -EBADMSG;
        id->dev_major = (uint32_t) numbers[0];
        id->dev_minor = (uint32_t) numbers[1];
        return streq(s, file_id_device(id, buffer)) ? 0 : -EBADMSG;
}

static int parse_build_id(const char *s, FileId *id) {
        static const char digits[] = "0123456789abcdef";
        size_t n = strlen(s);

        if (n % 2 != 0 || n == 0 || n / 2 > BUILD_ID_MAX)
                return -EBADMSG;
        for (size_t i = 0; i < n; i++) {
                const char *digit = strchr(digits, s[i]);

                if (!digit)
                        return -EBADMSG;
                id->build_id[i / 2] = (uint8_t) (id->build_id[i / 2] << 4 | (digit - digits));
        }
        id->build_id_length = (uint8_t) (n / 2);
        return 0;
}

static int parse_file_id(json_object *parent, const char *key, bool mapped, FileId *ret) {
        json_object *o = member(parent, key), *known;
        const char *device, *build_id;
        FileId id = { .known = true };
        int r;

        if (!o && !mapped) {
                *ret = (FileId){};
                return 0;
        }
        if (!json_object_is_type(o, json_type_object))
                return -EBADMSG;
        r = parse_string(member(o, "device"), NAME_TEXT_MAX, /* optional= */ false, &device);
        if (r < 0)
                return r;
        r = parse_device(device, &id);
        if (r < 0)
                return r;
        r = parse_number(o, "inode", UINT64_MAX, &id.inode);
        if (r < 0)
                return r;
        r = parse_string(member(o, "build_id"), NAME_TEXT_MAX, /* optional= */ true, &build_id);
        if (r < 0)
                return r;
        if (build_id) {
                r = parse_build_id(build_id, &id);
                if (r < 0)
                        return r;
        }
        if (mapped) {
                known = member(o, "known");
                if (known && !json_object_is_type(known, json_type_boolean))
                        return -EBADMSG;
                id.known = !known || json_object_get_boolean(known);
        }
        *ret = id;
        return 0;
}

static int parse_pin(json_object *o, Pin *ret) {
        _cleanup_(pin_done) Pin p = {};
        int reason, certainty, r;

        if (!json_object_is_type(o, json_type_object))
                return -EBADMSG;
        if ((r = parse_word(o, "reason", pin_reason_word, &reason)) < 0 ||
            (r = parse_word(o, "certainty", certainty_word, &certainty)) < 0 ||
            (r = parse_bytes(o, "holder", PATH_TEXT_MAX, /* optional= */ true, &p.holder)) < 0 ||
            (r = parse_words(o, "holder_pins", pin_bit, &p.holder_pins)) < 0 ||
            (r = parse_text(o, "detail", SENTENCE_MAX, /* optional= */ true, &p.detail)) < 0)
                return r;
        p.reason = (PinReason) reason;
        p.certainty = (Certainty) certainty;
        *ret = p;
        p = (Pin){};
        return 0;
}

static int parse_pins(json_object *o, Finding *f) {
        json_object *array = member(o, "pins");
        size_t n;

        if (!json_object_is_type(array, json_type_array))
                return -EBADMSG;
        n = json_object_array_length(array);
        if (n > PINS_MAX)
                return -EBADMSG;
        if (n == 0)
                return 0;
        f->pins = calloc(n, sizeof(*f->pins));
        if (!f->pins)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                int r;

                r = parse_pin(json_object_array_get_idx(array, i), &f->pins[i]);
                if (r < 0)
                        return r;
                f->n_pins++;
        }
        return 0;
}

static int parse_process(json_object *o, Finding *f) {
        uint64_t pid, uid;
        int r;

        if ((r = parse_number(o, "pid", INT_MAX, &pid)) < 0 ||
            (r = parse_number(o, "start_time", UINT64_MAX, &f->start_time)) < 0 ||
            (r = parse_number(o, "uid", UINT32_MAX, &uid)) < 0 ||
            (r = parse_bytes(o, "comm", NAME_TEXT_MAX, /* optional= */ false, &f->comm)) < 0 ||
            (r = parse_bytes(o, "exe", PATH_TEXT_MAX, /* optional= */ true, &f->exe)) < 0 ||
            (r = parse_bytes(o, "unit", NAME_TEXT_MAX, /* optional= */ true, &f->unit)) < 0 ||
            (r = parse_bytes(o, "user_unit", NAME_TEXT_MAX, /* optional= */ true, &f->user_unit)) < 0 ||
            (r = parse_bytes(o, "container", NAME_TEXT_MAX, /* optional= */ true, &f->container)) < 0)
                return r;
        if (pid == 0)
                return -EBADMSG;
        f->pid = (pid_t) pid;
        f->uid = (uid_t) uid;
        return 0;
}

static int parse_file(json_object *o, Finding *f) {
        int state, action, r;

        if ((r = parse_bytes(o, "path", PATH_TEXT_MAX, /* optional= */ false, &f->path)) < 0 ||
            (r = parse_bytes(o, "loader_name", PATH_TEXT_MAX, /* optional= */ true, &f->loader_name)) < 0 ||
            (r = parse_word(o, "state", state_word, &state)) < 0 ||
            (r = parse_words(o, "flags", flag_from_string, &f->flags)) < 0 ||
            (r = parse_file_id(o, "mapped", /* mapped= */ true, &f->mapped)) < 0 ||
            (r = parse_file_id(o, "disk", /* mapped= */ false, &f->disk)) < 0 ||
            (r = parse_bytes(o, "successor", PATH_TEXT_MAX, /* optional= */ true, &f->successor)) < 0 ||
            (r = parse_pins(o, f)) < 0 ||
            (r = parse_words(o, "runtimes", runtime_from_string, &f->runtimes)) < 0 ||
            (r = parse_word(o, "action", action_word, &action)) < 0 ||
            (r = parse_text(o, "advice", SENTENCE_MAX, /* optional= */ false, &f->advice)) < 0 ||
            (r = parse_text(o, "message", SENTENCE_MAX, /* optional= */ false, &f->message)) < 0)
                return r;
        /* What is current, ignored or could not be judged is no finding. */
        if (state == STATE_CURRENT || state == STATE_IGNORED || state == STATE_UNKNOWN)
                return -EBADMSG;
        f->state = (State) state;
        f->action = (Action) action;
        return 0;
}

int report_parse_finding(json_object *o, Finding *ret) {
        _cleanup_(finding_done) Finding f = {};
        int r;

        if (!json_object_is_type(o, json_type_object))
                return -EBADMSG;
        r = parse_process(o, &f);
        if (r < 0)
                return r;
        r = parse_file(o, &f);
        if (r < 0)
                return r;
        *ret = f;
        f = (Finding){};
        return 0;
}
