/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>

#include "hash.h"
#include "mapping-layout.h"

#define LAYOUT_RANGES_MAX 16
#define LAYOUTS_MAX 16384

/* How a library lies in memory. Its ranges are relative to the first, which begins at offset 0 of the file. */
typedef struct Layout {
        uint64_t inode;
        uint32_t dev_major, dev_minor;
        uint32_t first, n; /* of MappingLayouts.ranges */
} Layout;

struct MappingLayouts {
        Layout *layouts;
        Range *ranges;
        uint32_t *buckets; /* index and 1; 0: empty. A power of two, at most half of them used */
        size_t n_layouts, allocated_layouts, n_ranges, allocated_ranges, n_buckets;
        HashKey key;
};

/* The bucket of a file, or the empty one that it would go into. */
static uint32_t *bucket_of(const MappingLayouts *t, uint64_t inode, uint32_t dev_major, uint32_t dev_minor) {
        uint64_t bytes[2] = { inode, (uint64_t) dev_major << 32 | dev_minor };

        for (size_t i = hash_bytes(&t->key, bytes, sizeof(bytes));; i++) {
                uint32_t *bucket = &t->buckets[i & (t->n_buckets - 1)];
                const Layout *y = &t->layouts[*bucket - 1];

                if (*bucket == 0 || (y->inode == inode && y->dev_major == dev_major && y->dev_minor == dev_minor))
                        return bucket;
        }
}

/* Room for one more. Returns false where there is none: then nothing more is learned. */
static bool grow(MappingLayouts *t) {
        size_t n = t->n_buckets ? t->n_buckets * 2 : 256;
        uint32_t *buckets;

        if (t->n_layouts >= LAYOUTS_MAX || !GROW(t->layouts, t->allocated_layouts, t->n_layouts + 1) ||
            !GROW(t->ranges, t->allocated_ranges, t->n_ranges + LAYOUT_RANGES_MAX))
                return false;
        if ((t->n_layouts + 1) * 2 <= t->n_buckets)
                return true;
        buckets = calloc(n, sizeof(*buckets));
        if (!buckets)
                return false;
        free(t->buckets);
        t->buckets = buckets;
        t->n_buckets = n;
        for (size_t i = 0; i < t->n_layouts; i++)
                *bucket_of(t, t->layouts[i].inode, t->layouts[i].dev_major, t->layouts[i].dev_minor) = (uint32_t) i + 1;
        return true;
}

/* How many ranges from the i-th on are one library in one piece, or 0. */
static size_t piece_length(const MappingList *l, size_t i) {
        size_t n = 1;

        if (l->ranges[i].offset != 0)
                return 0;
        while (i + n < l->n_ranges && l->ranges[i + n].mapping == l->ranges[i].mapping && l->ranges[i + n].offset != 0 &&
               l->ranges[i + n].start == l->ranges[i + n - 1].end)
                n++;
        return n >= 2 && n <= LAYOUT_RANGES_MAX ? n : 0;
}

/* Returns false where there is no room. */
static bool learn(MappingLayouts *t, const Mapping *m, const Range *ranges, size_t n) {
        uint32_t *bucket;

        if (!grow(t))
                return false;
        bucket = bucket_of(t, m->inode, m->dev_major, m->dev_minor);
        if (*bucket > 0)
                return true;
        t->layouts[t->n_layouts] = (Layout){ m->inode, m->dev_major, m->dev_minor, (uint32_t) t->n_ranges, (uint32_t) n };
        for (size_t i = 0; i < n; i++) {
                Range *r = &t->ranges[t->n_ranges++];

                *r = ranges[i];
                r->start -= ranges[0].start;
                r->end -= ranges[0].start;
        }
        *bucket = (uint32_t) ++t->n_layouts;
        return true;
}

void mapping_layouts_learn(MappingLayouts **layouts, const MappingList *l) {
        MappingLayouts *t = *layouts;
        size_t n;

        if (!t) {
                t = *layouts = calloc(1, sizeof(*t));
                if (!t)
                        return;
                t->key = hash_key_new();
        }
        for (size_t i = 0; i < l->n_ranges; i += n ?: 1) {
                n = piece_length(l, i);
                if (n > 0 && !learn(t, &l->mappings[l->ranges[i].mapping], &l->ranges[i], n))
                        return;
        }
}

const Range *mapping_layouts_find(const MappingLayouts *t, const MapsLine *first, size_t *ret_n) {
        const Range *ranges;
        const Layout *y;
        uint32_t bucket;

        if (!t || t->n_layouts == 0 || first->offset != 0)
                return NULL;
        bucket = *bucket_of(t, first->inode, first->dev_major, first->dev_minor);
        if (bucket == 0)
                return NULL;
        y = &t->layouts[bucket - 1];
        ranges = &t->ranges[y->first];
        if (first->end - first->start != ranges[0].end || first->flags != ranges[0].flags)
                return NULL;
        *ret_n = y->n;
        return ranges;
}

MappingLayouts *mapping_layouts_free(MappingLayouts *t) {
        if (!t)
                return NULL;
        free(t->layouts);
        free(t->ranges);
        free(t->buckets);
        free(t);
        return NULL;
}
