/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <json-c/json_object.h>
#include <json-c/json_tokener.h>

#include "finding-text.h"
#include "report/field.h"
#include "report/report-json.h"
#include "util/escape.h"
#include "wire-limits.h"

#define JSON_DEPTH_MAX 6

int finding_to_text(const Finding *f, char **ret) {
        json_object *o;
        const char *text;
        char *copy = NULL;
        size_t length;
        int r;

        r = report_json_build_finding(f, &o);
        if (r < 0)
                return r;

        text = json_object_to_json_string_length(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);
        if (!text)
                r = -ENOMEM;
        else if (length > FINDING_TEXT_MAX)
                r = -E2BIG;
        else if (!(copy = strdup(text)))
                r = -ENOMEM;
        json_object_put(o);
        if (r < 0)
                return r;

        *ret = copy;
        return 0;
}

/* A JSON string with its quotes; the report leaves slashes as they are. */
static size_t quoted_length(const char *s) {
        size_t n = 2;

        for (; *s; s++)
                if ((unsigned char) *s < ' ')
                        n += strchr("\b\n\r\t\f", *s) ? 2 : 6;
                else
                        n += *s == '"' || *s == '\\' ? 2 : 1;
        return n;
}

static int add_fields_length(const Field *fields, const void *object, size_t *n);

static size_t words_length(const Field *field, uint64_t mask) {
        size_t n = 2;

        for (size_t i = 0; i < field->vocabulary->n; i++)
                if (mask & (1u << i))
                        n += quoted_length(vocabulary_word(field->vocabulary, i)) + (n > 2);
        return n;
}

static int add_pins_length(const Field *field, const Finding *f, size_t *n) {
        int r = 0;

        *n += 2 + (f->n_pins > 1 ? f->n_pins - 1 : 0);
        for (size_t i = 0; r >= 0 && i < f->n_pins; i++)
                r = add_fields_length(field->members, f->pins + i, n);
        return r;
}

static int add_text_length(const Field *field, const void *object, size_t *n) {
        _cleanup_free_ char *text = field_text(field, object);

        if (!text)
                return -ENOMEM;
        *n += quoted_length(text);
        return 0;
}

static int add_value_length(const Field *field, const void *object, size_t *n) {
        if (field_is_null(field, object)) {
                *n += strlen("null");
                return 0;
        }
        switch (field->type) {
        case FIELD_UINT32:
        case FIELD_UINT64:
                *n += 1;
                for (uint64_t number = field_number(field, object); number > 9; number /= 10)
                        *n += 1;
                return 0;
        case FIELD_BOOL:
                *n += field_number(field, object) ? strlen("true") : strlen("false");
                return 0;
        case FIELD_MASK:
                *n += words_length(field, field_number(field, object));
                return 0;
        case FIELD_FILE_ID:
                return add_fields_length(field->members, field_at(field, object), n);
        case FIELD_PINS:
                return add_pins_length(field, object, n);
        default:
                return add_text_length(field, object, n);
        }
}

/* An object: braces, and of each member the key with quotes and colon, the value, and a comma but for the last. */
static int add_fields_length(const Field *fields, const void *object, size_t *n) {
        int r = 0;

        for (*n += 1; r >= 0 && fields->key; fields++) {
                *n += strlen(fields->key) + strlen("\"\":,");
                r = add_value_length(fields, object, n);
        }
        return r;
}

int finding_text_length(const Finding *f, size_t *ret) {
        size_t n = 0;
        int r;

        r = add_fields_length(finding_fields, f, &n);
        if (r >= 0)
                *ret = n;
        return r;
}

int finding_from_text(const char *text, size_t length, Finding *ret) {
        struct json_tokener *tokener;
        json_object *o;
        int r = -EBADMSG;

        if (length > FINDING_TEXT_MAX)
                return -EBADMSG;
        tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
        if (!tokener)
                return -ENOMEM;

        o = json_tokener_parse_ex(tokener, text, (int) length);
        if (o && json_tokener_get_error(tokener) == json_tokener_success)
                r = report_json_parse_finding(o, ret);
        json_object_put(o);
        json_tokener_free(tokener);
        return r;
}
