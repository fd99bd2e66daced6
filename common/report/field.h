/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The members of a finding, of its pins and file identities, and of an unknown
 * mapping: one row each, which copying, comparison, report, parser, bus and journal go
 * by. What is added to a finding is a row in field.c.
 */

#include "report/finding-data.h"

typedef enum FieldType {       /* in memory            report      bus     */
        FIELD_UINT32,          /* 32 bits, unsigned    number      u       */
        FIELD_UINT64,          /* uint64_t             number      t       */
        FIELD_BOOL,            /* bool                 boolean     b       */
        FIELD_BYTES,           /* char *, raw          escaped     s       */
        FIELD_TEXT,            /* char *, safe         string      s       */
        FIELD_WORD,            /* enum                 word        s       */
        FIELD_MASK,            /* uint32_t             words       as      */
        FIELD_URGENCY,         /* of the Finding       word        s       */
        FIELD_DEVICE,          /* of the FileId        "253:0"     s       */
        FIELD_BUILD_ID,        /* of the FileId        hex         s       */
        FIELD_FILE_ID,         /* FileId               object      a{sv}   */
        FIELD_PINS,            /* of the Finding       objects     aa{sv}  */
} FieldType;

enum {
        FIELD_NULLABLE = 1 << 0, /* may be null in the report; what is null is left out on the bus and in the journal */
        FIELD_COMPARED = 1 << 1, /* finding_differs() goes by it */
};

typedef struct Field {
        const char *key;     /* in report and bus dictionaries; NULL ends a table */
        const char *journal; /* field of the journal, NULL: none, or those of its members */
        FieldType type;
        size_t offset;       /* 0 where the type says "of the" */
        unsigned flags;
        uint64_t max;        /* the largest that is read back: number, bytes of escaped text, pins; 0: as the type has it */
        const Vocabulary *vocabulary; /* of words and masks */
        const struct Field *members;  /* of FileId and pins */
} Field;

extern const Field finding_fields[], unknown_mapping_fields[];

/* Where the member is in the object. Borrowed; const as the object. */
static inline void *field_at(const Field *field, const void *object) {
        return (char *) object + field->offset;
}

bool field_is_string(const Field *field); /* a char * that the object owns */
bool field_is_null(const Field *field, const void *object);

/* The value of a number, bool, word or mask. */
uint64_t field_number(const Field *field, const void *object);

/*
 * A member that is shown as a string and not null: the text, safe to show. NULL on lack
 * of memory; the caller frees it.
 */
char *field_text(const Field *field, const void *object);

/* Does a member that has all of these flags differ? 0: any member. */
bool fields_differ(const Field *fields, const void *a, const void *b, unsigned flags);

/* Calls visit() with each string that the object owns, those of its pins included. */
void fields_visit_strings(const Field *fields, void *object, void (*visit)(char **s, void *userdata), void *userdata);
