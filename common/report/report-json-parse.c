/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The reading half of report-json.h. Each function returns 0, -EBADMSG or -ENOMEM. */

#include "report/field.h"
#include "report/report-json.h"
#include "util/escape.h"

#define WORDS_MAX 64u

/* A member that is not there reads as null, as does one that a later version added and an earlier one did not write. */
static json_object *member(json_object *o, const char *key) {
        json_object *value = NULL;

        return json_object_object_get_ex(o, key, &value) ? value : NULL;
}

static int parse_number(json_object *value, uint64_t max, uint64_t *ret) {
        uint64_t n;

        /* The unsigned getter gives 0 for what is below zero, and the largest number for what is above. */
        if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0)
                return -EBADMSG;
        n = json_object_get_uint64(value);
        if (n > max)
                return -EBADMSG;
        *ret = n;
        return 0;
}

/* A string without NUL; *ret is borrowed. */
static int parse_string(json_object *value, const char **ret) {
        const char *s;

        if (!json_object_is_type(value, json_type_string))
                return -EBADMSG;
        s = json_object_get_string(value);
        if (strlen(s) != (size_t) json_object_get_string_len(value))
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

/* Safe text, of which FIELD_BYTES become raw bytes again, without NUL. */
static int parse_text(const Field *field, json_object *value, char **ret) {
        _cleanup_free_ char *copy = NULL;
        const char *s;
        int r;

        r = parse_string(value, &s);
        if (r < 0)
                return r;
        if (strlen(s) > field->max)
                return -EBADMSG;
        r = check_safe(s);
        if (r < 0)
                return r;
        if (!strdup_to(&copy, s))
                return -ENOMEM;
        if (field->type == FIELD_BYTES && unescape(copy) != (long) strlen(copy))
                return -EBADMSG;
        *ret = TAKE_PTR(copy);
        return 0;
}

static int parse_word(const Field *field, json_object *value, uint32_t *ret) {
        const char *s;
        int r;

        r = parse_string(value, &s);
        if (r < 0)
                return r;
        r = vocabulary_find(field->vocabulary, s);
        if (r < 0)
                return -EBADMSG;
        *ret = (uint32_t) r;
        return 0;
}

static int parse_mask(const Field *field, json_object *array, uint32_t *ret) {
        uint32_t mask = 0, i;
        int r;

        if (!json_object_is_type(array, json_type_array) || json_object_array_length(array) > WORDS_MAX)
                return -EBADMSG;
        for (size_t n = 0; n < json_object_array_length(array); n++) {
                r = parse_word(field, json_object_array_get_idx(array, n), &i);
                if (r < 0)
                        return r;
                mask |= 1u << i;
        }
        *ret = mask;
        return 0;
}

/* Reads "MAJOR:MINOR" as file_id_device() writes it, and nothing else. */
static int parse_device(json_object *value, FileId *id) {
        char buffer[FILE_ID_DEVICE_MAX], *end;
        unsigned long long major, minor;
        const char *s;
        int r;

        r = parse_string(value, &s);
        if (r < 0)
                return r;
        major = strtoull(s, &end, 10);
        if (*end != ':')
                return -EBADMSG;
        minor = strtoull(end + 1, &end, 10);
        if (*end != '\0' || major > UINT32_MAX || minor > UINT32_MAX)
                return -EBADMSG;
        id->dev_major = (uint32_t) major;
        id->dev_minor = (uint32_t) minor;
        return streq(s, file_id_device(id, buffer)) ? 0 : -EBADMSG;
}

static int parse_build_id(json_object *value, FileId *id) {
        static const char digits[] = "0123456789abcdef";
        const char *s;
        size_t n;
        int r;

        r = parse_string(value, &s);
        if (r < 0)
                return r;
        n = strlen(s);
        if (n % 2 != 0 || n == 0 || n / 2 > BUILD_ID_MAX || strspn(s, digits) != n)
                return -EBADMSG;
        for (size_t i = 0; i < n; i++)
                id->build_id[i / 2] = (uint8_t) (id->build_id[i / 2] << 4 | (strchr(digits, s[i]) - digits));
        id->build_id_length = (uint8_t) (n / 2);
        return 0;
}

static int parse_fields(const Field *fields, json_object *o, void *object);

static int parse_pins(const Field *field, json_object *array, Finding *f) {
        size_t n;
        int r = 0;

        if (!json_object_is_type(array, json_type_array))
                return -EBADMSG;
        n = json_object_array_length(array);
        if (n > field->max)
                return -EBADMSG;
        f->pins = n > 0 ? calloc(n, sizeof(*f->pins)) : NULL;
        if (n > 0 && !f->pins)
                return -ENOMEM;
        while (r >= 0 && f->n_pins < n) {
                size_t i = f->n_pins++;

                r = parse_fields(field->members, json_object_array_get_idx(array, i), f->pins + i);
        }
        return r;
}

static int parse_value(const Field *field, json_object *value, void *object) {
        void *member = field_at(field, object);
        uint64_t n;
        int r;

        switch (field->type) {
        case FIELD_UINT32:
                r = parse_number(value, field->max ?: UINT32_MAX, &n);
                if (r >= 0)
                        *(uint32_t *) member = (uint32_t) n;
                return r;
        case FIELD_UINT64:
                return parse_number(value, UINT64_MAX, member);
        case FIELD_BOOL:
                if (!json_object_is_type(value, json_type_boolean))
                        return -EBADMSG;
                *(bool *) member = json_object_get_boolean(value);
                return 0;
        case FIELD_BYTES:
        case FIELD_TEXT:
                return parse_text(field, value, member);
        case FIELD_WORD:
                return parse_word(field, value, member);
        case FIELD_MASK:
                return parse_mask(field, value, member);
        case FIELD_URGENCY:
                return 0; /* follows from the flags */
        case FIELD_DEVICE:
                return parse_device(value, member);
        case FIELD_BUILD_ID:
                return parse_build_id(value, member);
        case FIELD_FILE_ID:
                *(FileId *) member = (FileId){ .known = true };
                return parse_fields(field->members, value, member);
        case FIELD_PINS:
                return parse_pins(field, value, object);
        }
        return -EBADMSG;
}

static int parse_fields(const Field *fields, json_object *o, void *object) {
        if (!json_object_is_type(o, json_type_object))
                return -EBADMSG;
        for (; fields->key; fields++) {
                json_object *value = member(o, fields->key);
                int r;

                if (!value && fields->flags & FIELD_NULLABLE)
                        continue;
                r = parse_value(fields, value, object);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What is current, ignored or could not be judged is no finding. */
static bool is_plausible(const Finding *f) {
        return f->pid != 0 && f->state != STATE_CURRENT && f->state != STATE_IGNORED && f->state != STATE_UNKNOWN;
}

int report_json_parse_finding(json_object *o, Finding *ret) {
        _cleanup_(finding_done) Finding f = {};
        int r;

        r = parse_fields(finding_fields, o, &f);
        if (r < 0)
                return r;
        if (!is_plausible(&f))
                return -EBADMSG;
        *ret = f;
        f = (Finding){};
        return 0;
}
