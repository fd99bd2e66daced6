/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The reading half of report-json.h. Each function returns 0, -EBADMSG or -ENOMEM. */

#include <limits.h>

#include "report/report-json.h"
#include "util/escape.h"

/*
 * What a finding read back may hold at most, in bytes of escaped text. A path as the
 * kernel shows it has up to MAPS_TEXT_NAME_MAX bytes, each four when escaped; a
 * sentence names up to four of them.
 */
#define PATH_TEXT_MAX (4u * 65536)
#define SENTENCE_MAX (4u * PATH_TEXT_MAX)
#define NAME_TEXT_MAX 4096u
#define PINS_MAX 4096u
#define WORDS_MAX 64u

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

static int parse_word(json_object *o, const char *key, const Vocabulary *vocabulary, int *ret) {
        const char *s;
        int r;

        r = parse_string(member(o, key), NAME_TEXT_MAX, /* optional= */ false, &s);
        if (r < 0)
                return r;
        r = vocabulary_find(vocabulary, s);
        if (r < 0)
                return -EBADMSG;
        *ret = r;
        return 0;
}

static int parse_words(json_object *o, const char *key, const Vocabulary *vocabulary, uint32_t *ret) {
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
                r = vocabulary_find(vocabulary, s);
                if (r < 0)
                        return -EBADMSG;
                mask |= 1u << r;
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
        if ((r = parse_word(o, "reason", &pin_reason_vocabulary, &reason)) < 0 ||
            (r = parse_word(o, "certainty", &certainty_vocabulary, &certainty)) < 0 ||
            (r = parse_bytes(o, "holder", PATH_TEXT_MAX, /* optional= */ true, &p.holder)) < 0 ||
            (r = parse_words(o, "holder_pins", &pin_reason_vocabulary, &p.holder_pins)) < 0 ||
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
            (r = parse_word(o, "state", &state_vocabulary, &state)) < 0 ||
            (r = parse_words(o, "flags", &flag_vocabulary, &f->flags)) < 0 ||
            (r = parse_file_id(o, "mapped", /* mapped= */ true, &f->mapped)) < 0 ||
            (r = parse_file_id(o, "disk", /* mapped= */ false, &f->disk)) < 0 ||
            (r = parse_bytes(o, "successor", PATH_TEXT_MAX, /* optional= */ true, &f->successor)) < 0 ||
            (r = parse_pins(o, f)) < 0 ||
            (r = parse_words(o, "runtimes", &runtime_vocabulary, &f->runtimes)) < 0 ||
            (r = parse_word(o, "action", &action_vocabulary, &action)) < 0 ||
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

int report_json_parse_finding(json_object *o, Finding *ret) {
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
