/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stddef.h>

#include "report/field.h"
#include "report/finding.h"

void pin_done(Pin *p) {
        free(p->holder);
        free(p->detail);
        *p = (Pin){};
}

static void free_string(char **s, _unused_ void *userdata) {
        free(*s);
}

void finding_done(Finding *f) {
        fields_visit_strings(finding_fields, f, free_string, NULL);
        free(f->pins);
        *f = (Finding){};
}

/* After a failure, what has not been copied is NULL. */
static void copy_string(char **s, void *userdata) {
        bool *ok = userdata;
        char *copy = NULL;

        *ok = *ok && strdup_to(&copy, *s);
        *s = copy;
}

int finding_copy(const Finding *f, Finding *ret) {
        Finding copy = *f;
        bool ok = true;

        if (f->n_pins > 0) {
                copy.pins = malloc(f->n_pins * sizeof(*f->pins));
                if (!copy.pins)
                        return -ENOMEM;
                memcpy(copy.pins, f->pins, f->n_pins * sizeof(*f->pins));
        }
        fields_visit_strings(finding_fields, &copy, copy_string, &ok);
        if (!ok) {
                finding_done(&copy);
                return -ENOMEM;
        }
        *ret = copy;
        return 0;
}

/* Shared findings: many of them last long, so that each is one piece of memory. */

typedef struct Shared {
        size_t n_refs;
        Finding finding;
} Shared;

static Shared *shared_of(Finding *f) {
        return (Shared *) ((char *) f - offsetof(Shared, finding));
}

static void add_size(char **s, void *userdata) {
        *(size_t *) userdata += *s ? strlen(*s) + 1 : 0;
}

static void pack_string(char **s, void *userdata) {
        char **end = userdata, *packed = *end;

        if (!*s)
                return;
        *end = stpcpy(packed, *s) + 1;
        *s = packed;
}

Finding *finding_new(Finding *f) {
        size_t pins_size = f->n_pins * sizeof(*f->pins), size = sizeof(Shared) + pins_size;
        Shared *shared;
        char *end;

        fields_visit_strings(finding_fields, f, add_size, &size);
        shared = malloc(size);
        if (!shared)
                return NULL;
        *shared = (Shared){ .n_refs = 1, .finding = *f };
        end = (char *) (shared + 1) + pins_size;
        if (f->n_pins > 0)
                shared->finding.pins = memcpy(shared + 1, f->pins, pins_size);
        fields_visit_strings(finding_fields, &shared->finding, pack_string, &end);
        finding_done(f);
        return &shared->finding;
}

Finding *finding_ref(Finding *f) {
        shared_of(f)->n_refs++;
        return f;
}

Finding *finding_unref(Finding *f) {
        if (f && --shared_of(f)->n_refs == 0)
                free(shared_of(f));
        return NULL;
}

static int compare(uint64_t a, uint64_t b) {
        return a < b ? -1 : a > b;
}

/* The path stands in where the kernel did not tell which file it is. */
static int compare_unidentified(const Finding *a, const Finding *b) {
        if (!a->path || !b->path)
                return compare(a->path != NULL, b->path != NULL);
        return strcmp(a->path, b->path);
}

int finding_compare_file(const Finding *a, const Finding *b) {
        int r = compare(a->mapped.dev_major, b->mapped.dev_major);

        if (r == 0)
                r = compare(a->mapped.dev_minor, b->mapped.dev_minor);
        if (r == 0)
                r = compare(a->mapped.inode, b->mapped.inode);
        if (r == 0 && a->mapped.inode == 0)
                r = compare_unidentified(a, b);
        return r;
}

int finding_compare(const Finding *a, const Finding *b) {
        int r = a->pid < b->pid ? -1 : a->pid > b->pid;

        if (r == 0)
                r = compare(a->start_time, b->start_time);
        return r == 0 ? finding_compare_file(a, b) : r;
}

bool finding_differs(const Finding *a, const Finding *b) {
        return fields_differ(finding_fields, a, b, FIELD_COMPARED);
}

bool finding_is_same(const Finding *a, const Finding *b) {
        return !fields_differ(finding_fields, a, b, 0);
}
