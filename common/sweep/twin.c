/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "explain/explain.h"
#include "rtld/loader.h"
#include "sweep/twin.h"

#define BUCKETS 4096u
/* Each holds a memory trace. Workers mostly follow the first of them soon, so the oldest entry is replaced. */
#define TWINS_MAX 1024u

static void twin_clear(Twin *t) {
        memory_trace_done(&t->trace);
        free(t->auxv);
        t->auxv = NULL;
}

void twin_done(TwinTable *t) {
        for (size_t i = 0; i < t->n_twins; i++)
                twin_clear(&t->twins[i]);
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

static void forget(TwinTable *t, uint32_t i) {
        uint32_t *link = &t->buckets[t->twins[i].key.hash % BUCKETS];

        while (*link != i)
                link = &t->twins[*link].next;
        *link = t->twins[i].next;
        twin_clear(&t->twins[i]);
}

static int add(TwinTable *t, const Twin *twin) {
        uint32_t *bucket, i;

        if (!t->buckets) {
                t->buckets = malloc(BUCKETS * sizeof(*t->buckets));
                if (!t->buckets)
                        return -ENOMEM;
                memset(t->buckets, 0xff, BUCKETS * sizeof(*t->buckets));
        }
        if (t->n_twins < TWINS_MAX) {
                if (!GROW(t->twins, t->allocated, t->n_twins + 1))
                        return -ENOMEM;
                i = (uint32_t) t->n_twins++;
        } else {
                i = t->oldest;
                t->oldest = (t->oldest + 1) % TWINS_MAX;
                forget(t, i);
        }
        bucket = &t->buckets[twin->key.hash % BUCKETS];
        t->twins[i] = *twin;
        t->twins[i].next = *bucket;
        *bucket = i;
        return 0;
}

/* What the twin is held against other processes by. Returns 1; 0: nothing of use; -ENOMEM. */
static int take_evidence(Scan *scan, const Process *p, Twin *twin) {
        int r;

        if (!scan->memory || twin->sight.misprinted || twin->sight.unexecuted ||
            trouble_has_unknown(sight_trouble(&twin->sight)) || twin_find(&scan->twins, &twin->key))
                return 0;
        r = process_read_file(p, "auxv", AUXV_MAX, &twin->auxv, &twin->auxv_size);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        return memory_take_trace(scan->memory, &twin->trace);
}

static int add_with_evidence(Scan *scan, const Process *p, Twin *twin) {
        int r;

        r = take_evidence(scan, p, twin);
        if (r > 0) {
                r = add(&scan->twins, twin);
                if (r >= 0)
                        return 0;
        }
        twin_clear(twin);
        return r;
}

int twin_add_settled(Scan *scan, const TwinKey *key, const Process *p, const Sight *sight, int64_t newest) {
        Twin twin = { .key = *key, .settled = true, .sight = *sight, .newest = newest };

        return add_with_evidence(scan, p, &twin);
}

int twin_add_examined(Scan *scan, const TwinKey *key, const Process *p, const Sight *sight) {
        Twin twin = { .key = *key, .sight = *sight };
        int r;

        r = scan_start_nsec(scan, p, &twin.started_nsec);
        return r < 0 ? r : add_with_evidence(scan, p, &twin);
}

int twin_matches(Scan *scan, const SweepOptions *options, const KnownView *view, const Twin *twin, const Process *p) {
        _cleanup_free_ char *auxv = NULL;
        _cleanup_close_ int fd = -EBADF;
        size_t size;
        bool same;
        int r;

        r = process_read_file(p, "auxv", AUXV_MAX, &auxv, &size);
        if (r < 0 || size != twin->auxv_size || memcmp(auxv, twin->auxv, size) != 0)
                return r == -ENOMEM ? r : 0;
        r = scan_memory(scan, options, view, p);
        if (r < 0)
                return r;
        fd = openat(p->fd, "mem", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return 0;
        memory_attach(scan->memory, fd);
        same = memory_matches(scan->memory, &twin->trace);
        memory_attach(scan->memory, -EBADF);
        return same;
}

int twin_share(Scan *scan, const SweepOptions *options, const KnownView *view, const TwinKey *key, const Process *p,
               Sight *ret) {
        const Twin *twin = twin_find(&scan->twins, key);
        int64_t started;
        int r;

        if (!twin || twin->settled)
                return 0;
        r = scan_start_nsec(scan, p, &started);
        if (r < 0)
                return r;
        r = started == twin->started_nsec ? twin_matches(scan, options, view, twin, p) : 0;
        if (r <= 0)
                return r;
        r = explain_again(scan, options, p, &twin->sight, ret);
        return r < 0 ? r : 1;
}
