/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stddef.h>
#include <stdio.h>

#include "report/finding.h"

void pin_done(Pin *p) {
        free(p->holder);
        free(p->detail);
        *p = (Pin){};
}

Urgency finding_urgency(const Finding *f) {
        if (f->flags & FLAG_CRASH_RISK)
                return URGENCY_URGENT;
        return f->flags & FLAG_SAME_CONTENT ? URGENCY_NONE : URGENCY_NORMAL;
}

bool finding_is_stale(const Finding *f) {
        return finding_urgency(f) != URGENCY_NONE;
}

static const size_t strings[] = {
        offsetof(Finding, comm), offsetof(Finding, exe),
        offsetof(Finding, unit), offsetof(Finding, user_unit), offsetof(Finding, container),
        offsetof(Finding, path), offsetof(Finding, loader_name), offsetof(Finding, successor),
        offsetof(Finding, advice), offsetof(Finding, message),
};

static char **string_of(const Finding *f, size_t i) {
        return (char **) ((char *) f + strings[i]);
}

void finding_done(Finding *f) {
        for (size_t i = 0; i < ELEMENTSOF(strings); i++)
                free(*string_of(f, i));
        for (size_t i = 0; i < f->n_pins; i++)
                pin_done(f->pins + i);
        free(f->pins);
        *f = (Finding){};
}

static bool copy_pins(const Finding *f, Finding *copy) {
        if (f->n_pins == 0)
                return true;
        copy->pins = calloc(f->n_pins, sizeof(*copy->pins));
        if (!copy->pins)
                return false;
        copy->n_pins = f->n_pins;
        for (size_t i = 0; i < f->n_pins; i++) {
                copy->pins[i] = (Pin){
                        .reason = f->pins[i].reason,
                        .certainty = f->pins[i].certainty,
                        .holder_pins = f->pins[i].holder_pins,
                };
                if (!strdup_to(&copy->pins[i].holder, f->pins[i].holder) ||
                    !strdup_to(&copy->pins[i].detail, f->pins[i].detail))
                        return false;
        }
        return true;
}

int finding_copy(const Finding *f, Finding *ret) {
        Finding copy = {
                .pid = f->pid,
                .start_time = f->start_time,
                .uid = f->uid,
                .one_thread = f->one_thread,
                .state = f->state,
                .flags = f->flags,
                .data_only = f->data_only,
                .mapped = f->mapped,
                .disk = f->disk,
                .runtimes = f->runtimes,
                .action = f->action,
        };

        bool ok = copy_pins(f, &copy);

        for (size_t i = 0; ok && i < ELEMENTSOF(strings); i++)
                ok = strdup_to(string_of(&copy, i), *string_of(f, i));
        if (!ok) {
                finding_done(&copy);
                return -ENOMEM;
        }
        *ret = copy;
        return 0;
}

static size_t string_size(const char *s) {
        return s ? strlen(s) + 1 : 0;
}

static size_t packed_size(const Finding *f) {
        size_t size = sizeof(*f) + f->n_pins * sizeof(*f->pins);

        for (size_t i = 0; i < f->n_pins; i++)
                size += string_size(f->pins[i].holder) + string_size(f->pins[i].detail);
        for (size_t i = 0; i < ELEMENTSOF(strings); i++)
                size += string_size(*string_of(f, i));
        return size;
}

/* Moves a string to `at`. Returns what lies behind it. */
static char *pack(char **s, char *at) {
        char *end;

        if (!*s)
                return at;
        end = stpcpy(at, *s) + 1;
        *s = at;
        return end;
}

/* In one piece, as there are many and they last. */
Finding *finding_new(Finding *f) {
        Finding *shared = malloc(packed_size(f));
        char *end;

        if (!shared)
                return NULL;
        *shared = *f;
        shared->n_refs = 1;
        if (f->n_pins > 0)
                shared->pins = memcpy(shared + 1, f->pins, f->n_pins * sizeof(*f->pins));
        end = (char *) (shared + 1) + f->n_pins * sizeof(*f->pins);
        for (size_t i = 0; i < f->n_pins; i++) {
                end = pack(&shared->pins[i].holder, end);
                end = pack(&shared->pins[i].detail, end);
        }
        for (size_t i = 0; i < ELEMENTSOF(strings); i++)
                end = pack(string_of(shared, i), end);
        finding_done(f);
        return shared;
}

Finding *finding_ref(Finding *f) {
        f->n_refs++;
        return f;
}

Finding *finding_unref(Finding *f) {
        if (f && --f->n_refs == 0)
                free(f);
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

static size_t build_id_length(const FileId *id) {
        return id->build_id_length < BUILD_ID_MAX ? id->build_id_length : BUILD_ID_MAX;
}

static bool id_differs(const FileId *a, const FileId *b) {
        return a->known != b->known || a->dev_major != b->dev_major || a->dev_minor != b->dev_minor ||
               a->inode != b->inode || a->build_id_length != b->build_id_length ||
               memcmp(a->build_id, b->build_id, build_id_length(a)) != 0;
}

static bool pin_differs(const Pin *a, const Pin *b) {
        return a->reason != b->reason || a->certainty != b->certainty || a->holder_pins != b->holder_pins ||
               !streq_null(a->holder, b->holder) || !streq_null(a->detail, b->detail);
}

bool finding_differs(const Finding *a, const Finding *b) {
        if (a->state != b->state || a->flags != b->flags || a->runtimes != b->runtimes || a->action != b->action ||
            a->n_pins != b->n_pins || id_differs(&a->disk, &b->disk))
                return true;
        if (!streq_null(a->unit, b->unit) || !streq_null(a->user_unit, b->user_unit) ||
            !streq_null(a->container, b->container) || !streq_null(a->path, b->path) ||
            !streq_null(a->successor, b->successor) || !streq_null(a->advice, b->advice) ||
            !streq_null(a->message, b->message))
                return true;
        for (size_t i = 0; i < a->n_pins; i++)
                if (pin_differs(a->pins + i, b->pins + i))
                        return true;
        return false;
}

bool finding_is_same(const Finding *a, const Finding *b) {
        return finding_compare(a, b) == 0 && !finding_differs(a, b) && a->uid == b->uid && !id_differs(&a->mapped, &b->mapped) &&
               streq_null(a->comm, b->comm) && streq_null(a->exe, b->exe) && streq_null(a->loader_name, b->loader_name);
}

const char *file_id_device(const FileId *id, char *buffer) {
        snprintf(buffer, FILE_ID_DEVICE_MAX, "%u:%u", id->dev_major, id->dev_minor);
        return buffer;
}

const char *file_id_build_id(const FileId *id, char *buffer) {
        buffer[0] = '\0';
        for (size_t i = 0; i < build_id_length(id); i++)
                sprintf(buffer + 2 * i, "%02x", id->build_id[i]);
        return buffer;
}
