/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "explain.h"
#include "twin.h"

#define BUCKETS 4096u
/* Upper bound on cached examinations: each holds a memory trace. */
#define TWINS_MAX 1024u

void twin_done(TwinTable *t) {
        for (size_t i = 0; i < t->n_twins; i++)
                memory_trace_done(&t->twins[i].trace);
        free(t->twins);
        free(t->buckets);
        *t = (TwinTable){};
}

const Twin *twin_find(const TwinTable *t, const TwinKey *key) {
        for (uint32_t i = t->buckets ? t->buckets[key->hash % BUCKETS] : UINT32_MAX; i != UINT32_MAX; i = t->twins[i].next) {
                const TwinKey *k = &t->twins[i].key;

                if (k->hash == key->hash && k->uid == key->uid && k->n_ranges == key->n_ranges)
                        return &t->twins[i];
        }
        return NULL;
}

static int add(TwinTable *t, const Twin *twin) {
        uint32_t *bucket;

        if (!t->buckets) {
                t->buckets = malloc(BUCKETS * sizeof(*t->buckets));
                if (!t->buckets)
                        return -ENOMEM;
                memset(t->buckets, 0xff, BUCKETS * sizeof(*t->buckets));
        }
        if (!GROW(t->twins, t->allocated, t->n_twins + 1))
                return -ENOMEM;
        bucket = &t->buckets[twin->key.hash % BUCKETS];
        t->twins[t->n_twins] = *twin;
        t->twins[t->n_twins].next = *bucket;
        *bucket = (uint32_t) t->n_twins++;
        return 0;
}

int twin_add(Scan *scan, const TwinKey *key, const Process *p, const Sight *sight) {
        Twin twin = { .key = *key, .sight = *sight };
        int r;

        if (!scan->memory || scan->twins.n_twins >= TWINS_MAX || sight->misprinted || sight->unexecuted ||
            trouble_has_unknown(sight_trouble(sight)) || twin_find(&scan->twins, key))
                return 0;
        r = scan_start_nsec(scan, p, &twin.started_nsec);
        if (r >= 0)
                r = memory_take_trace(scan->memory, &twin.trace);
        if (r <= 0)
                return r;
        r = add(&scan->twins, &twin);
        if (r < 0)
                memory_trace_done(&twin.trace);
        return r;
}

/* Opens its memory, and attaches scan->memory to that. Returns a descriptor, -ENOMEM, -errno. */
static int open_memory(Scan *scan, const SweepOptions *options, const KnownView *view, const Process *p) {
        int fd, r;

        r = scan_memory(scan, options, view, p);
        if (r < 0)
                return r;
        fd = openat(p->fd, "mem", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        memory_attach(scan->memory, fd);
        return fd;
}

int twin_share(Scan *scan, const SweepOptions *options, const KnownView *view, const TwinKey *key, const Process *p,
               Sight *ret) {
        const Twin *twin = twin_find(&scan->twins, key);
        _cleanup_close_ int fd = -EBADF;
        int64_t started;
        int r;

        if (!twin)
                return 0;
        r = scan_start_nsec(scan, p, &started);
        if (r < 0)
                return r;
        if (started != twin->started_nsec)
                return 0;
        fd = open_memory(scan, options, view, p);
        if (fd < 0)
                return fd == -ENOMEM ? fd : 0;
        if (!memory_matches(scan->memory, &twin->trace))
                return 0;
        r = explain_again(scan, options, p, &twin->sight, ret);
        return r < 0 ? r : 1;
}
