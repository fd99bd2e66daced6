/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "report/field.h"
#include "util/escape.h"

/*
 * Bytes of escaped text. A path as the kernel shows it has up to MAPS_TEXT_NAME_MAX
 * bytes, each four when escaped; a sentence names up to four of them.
 */
#define PATH_TEXT_MAX (4u * 65536)
#define SENTENCE_MAX (4u * PATH_TEXT_MAX)
#define NAME_TEXT_MAX 4096u
#define PINS_MAX 4096u

#define NULLABLE FIELD_NULLABLE
#define COMPARED FIELD_COMPARED

#define FILE_ID_FIELDS(journal)                                              \
        { "device", journal "_DEVICE", FIELD_DEVICE },                       \
        { "inode", journal "_INODE", FIELD_UINT64, offsetof(FileId, inode) }, \
        { "build_id", journal "_BUILD_ID", FIELD_BUILD_ID, .flags = NULLABLE }

static const Field disk_fields[] = { FILE_ID_FIELDS("STALELIB_DISK"), {} };

/* A mapped file whose identity is not certain still has the numbers that finding_compare() goes by. */
static const Field mapped_fields[] = {
        FILE_ID_FIELDS("STALELIB_MAPPED"),
        { "known", NULL, FIELD_BOOL, offsetof(FileId, known), NULLABLE }, /* true where it is missing */
        {},
};

#define AT(member) offsetof(Pin, member)
static const Field pin_fields[] = {
        { "reason", NULL, FIELD_WORD, AT(reason), .vocabulary = &pin_reason_vocabulary },
        { "certainty", NULL, FIELD_WORD, AT(certainty), .vocabulary = &certainty_vocabulary },
        { "holder", "STALELIB_HOLDER", FIELD_BYTES, AT(holder), NULLABLE, PATH_TEXT_MAX },
        { "holder_pins", NULL, FIELD_MASK, AT(holder_pins), .vocabulary = &pin_reason_vocabulary },
        { "detail", NULL, FIELD_TEXT, AT(detail), NULLABLE, SENTENCE_MAX },
        {},
};
#undef AT

#define AT(member) offsetof(Finding, member)
const Field finding_fields[] = {
        { "pid", "STALELIB_PID", FIELD_UINT32, AT(pid), 0, INT_MAX },
        { "start_time", "STALELIB_START_TIME", FIELD_UINT64, AT(start_time) },
        { "comm", "STALELIB_COMM", FIELD_BYTES, AT(comm), 0, NAME_TEXT_MAX },
        { "exe", "STALELIB_EXE", FIELD_BYTES, AT(exe), NULLABLE, PATH_TEXT_MAX },
        { "uid", "STALELIB_UID", FIELD_UINT32, AT(uid) },
        { "unit", "STALELIB_UNIT", FIELD_BYTES, AT(unit), NULLABLE | COMPARED, NAME_TEXT_MAX },
        { "user_unit", "STALELIB_USER_UNIT", FIELD_BYTES, AT(user_unit), NULLABLE | COMPARED, NAME_TEXT_MAX },
        { "container", "STALELIB_CONTAINER", FIELD_BYTES, AT(container), NULLABLE | COMPARED, NAME_TEXT_MAX },
        { "path", "STALELIB_PATH", FIELD_BYTES, AT(path), COMPARED, PATH_TEXT_MAX },
        { "loader_name", "STALELIB_LOADER_NAME", FIELD_BYTES, AT(loader_name), NULLABLE, PATH_TEXT_MAX },
        { "state", "STALELIB_STATE", FIELD_WORD, AT(state), COMPARED, .vocabulary = &state_vocabulary },
        { "flags", "STALELIB_FLAGS", FIELD_MASK, AT(flags), COMPARED, .vocabulary = &flag_vocabulary },
        { "urgency", "STALELIB_URGENCY", FIELD_URGENCY },
        { "mapped", NULL, FIELD_FILE_ID, AT(mapped), .members = mapped_fields },
        { "disk", NULL, FIELD_FILE_ID, AT(disk), NULLABLE | COMPARED, .members = disk_fields },
        { "successor", "STALELIB_SUCCESSOR", FIELD_BYTES, AT(successor), NULLABLE | COMPARED, PATH_TEXT_MAX },
        { "pins", "STALELIB_PINS", FIELD_PINS, 0, COMPARED, PINS_MAX, .members = pin_fields },
        { "runtimes", "STALELIB_RUNTIMES", FIELD_MASK, AT(runtimes), COMPARED, .vocabulary = &runtime_vocabulary },
        { "action", "STALELIB_ACTION", FIELD_WORD, AT(action), COMPARED, .vocabulary = &action_vocabulary },
        { "advice", "STALELIB_ADVICE", FIELD_TEXT, AT(advice), COMPARED, SENTENCE_MAX },
        { "message", NULL, FIELD_TEXT, AT(message), COMPARED, SENTENCE_MAX },
        {},
};
#undef AT

#define AT(member) offsetof(UnknownMapping, member)
const Field unknown_mapping_fields[] = {
        { "pid", NULL, FIELD_UINT32, AT(pid) },
        { "comm", NULL, FIELD_BYTES, AT(comm), NULLABLE },
        { "path", NULL, FIELD_BYTES, AT(path), NULLABLE },
        { "reason", NULL, FIELD_WORD, AT(reason), .vocabulary = &unknown_reason_vocabulary },
        {},
};
#undef AT

bool field_is_string(const Field *field) {
        return field->type == FIELD_BYTES || field->type == FIELD_TEXT;
}

bool field_is_null(const Field *field, const void *object) {
        const void *member = field_at(field, object);

        if (field_is_string(field))
                return !*(char *const *) member;
        if (field->type == FIELD_BUILD_ID)
                return ((const FileId *) member)->build_id_length == 0;
        return field->type == FIELD_FILE_ID && field->flags & NULLABLE && !((const FileId *) member)->known;
}

uint64_t field_number(const Field *field, const void *object) {
        const void *member = field_at(field, object);

        switch (field->type) {
        case FIELD_UINT64:
                return *(const uint64_t *) member;
        case FIELD_BOOL:
                return *(const bool *) member;
        default: /* an enum is of this size, too */
                return *(const uint32_t *) member;
        }
}

char *field_text(const Field *field, const void *object) {
        const void *member = field_at(field, object);
        char buffer[2 * BUILD_ID_MAX + 1];

        switch (field->type) {
        case FIELD_UINT32:
        case FIELD_UINT64:
                return strdup_format("%" PRIu64, field_number(field, object));
        case FIELD_BYTES:
                return escape(*(char *const *) member);
        case FIELD_TEXT:
                return strdup(*(char *const *) member);
        case FIELD_WORD:
                return strdup(vocabulary_word(field->vocabulary, field_number(field, object)));
        case FIELD_URGENCY:
                return strdup(urgency_to_string(finding_urgency(member)));
        case FIELD_DEVICE:
                return strdup(file_id_device(member, buffer));
        case FIELD_BUILD_ID:
                return strdup(file_id_build_id(member, buffer));
        default:
                return NULL;
        }
}

static bool pins_differ(const Field *members, const Finding *a, const Finding *b) {
        if (a->n_pins != b->n_pins)
                return true;
        for (size_t i = 0; i < a->n_pins; i++)
                if (fields_differ(members, a->pins + i, b->pins + i, 0))
                        return true;
        return false;
}

static bool field_differs(const Field *field, const void *a, const void *b) {
        const void *x = field_at(field, a), *y = field_at(field, b);

        if (field_is_null(field, a) || field_is_null(field, b))
                return field_is_null(field, a) != field_is_null(field, b);
        switch (field->type) {
        case FIELD_BYTES:
        case FIELD_TEXT:
                return !streq(*(char *const *) x, *(char *const *) y);
        case FIELD_URGENCY:
                return finding_urgency(x) != finding_urgency(y);
        case FIELD_FILE_ID:
                return file_id_differs(x, y);
        case FIELD_PINS:
                return pins_differ(field->members, x, y);
        default:
                return field_number(field, a) != field_number(field, b);
        }
}

bool fields_differ(const Field *fields, const void *a, const void *b, unsigned flags) {
        for (; fields->key; fields++)
                if ((fields->flags & flags) == flags && field_differs(fields, a, b))
                        return true;
        return false;
}

void fields_visit_strings(const Field *fields, void *object, void (*visit)(char **s, void *userdata), void *userdata) {
        for (; fields->key; fields++) {
                const Finding *f = object;

                if (field_is_string(fields))
                        visit(field_at(fields, object), userdata);
                for (size_t i = 0; fields->type == FIELD_PINS && i < f->n_pins; i++)
                        fields_visit_strings(fields->members, f->pins + i, visit, userdata);
        }
}
