/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "scan/lookup-cache.h"

#define BUCKETS_MIN 256

static uint32_t *buckets_new(size_t n) {
        uint32_t *b = malloc(n * sizeof(*b));

        if (b)
                memset(b, 0xff, n * sizeof(*b)); /* PATH_NONE */
        return b;
}

int lookup_cache_init(LookupCache *c) {
        *c = (LookupCache){
                .key = hash_key_new(),
                .free_paths = PATH_NONE,
                .free_sets = PATH_NONE,
                .path_buckets = buckets_new(BUCKETS_MIN),
                .set_buckets = buckets_new(BUCKETS_MIN),
                .n_path_buckets = BUCKETS_MIN,
                .n_set_buckets = BUCKETS_MIN,
        };
        if (c->path_buckets && c->set_buckets)
                return 0;
        lookup_cache_done(c);
        return -ENOMEM;
}

void lookup_cache_done(LookupCache *c) {
        for (size_t i = 0; i < c->n_paths; i++)
                free(c->paths[i].name);
        for (size_t i = 0; i < c->n_sets; i++)
                free(c->sets[i].paths);
        free(c->paths);
        free(c->sets);
        free(c->path_buckets);
        free(c->set_buckets);
        *c = (LookupCache){};
}

static void link_path(LookupCache *c, uint32_t i) {
        uint32_t *bucket = &c->path_buckets[c->paths[i].hash & (c->n_path_buckets - 1)];

        c->paths[i].next = *bucket;
        *bucket = i;
}

static void link_set(LookupCache *c, uint32_t i) {
        uint32_t *bucket = &c->set_buckets[c->sets[i].hash & (c->n_set_buckets - 1)];

        c->sets[i].next = *bucket;
        *bucket = i;
}

/* More buckets, if memory allows: fewer only cost time. */
static void grow_path_buckets(LookupCache *c) {
        uint32_t *b = c->n_paths > c->n_path_buckets ? buckets_new(c->n_path_buckets * 4) : NULL;

        if (!b)
                return;
        free(c->path_buckets);
        c->path_buckets = b;
        c->n_path_buckets *= 4;
        for (uint32_t i = 0; i < c->n_paths; i++)
                if (c->paths[i].name)
                        link_path(c, i);
}

static void grow_set_buckets(LookupCache *c) {
        uint32_t *b = c->n_sets > c->n_set_buckets ? buckets_new(c->n_set_buckets * 4) : NULL;

        if (!b)
                return;
        free(c->set_buckets);
        c->set_buckets = b;
        c->n_set_buckets *= 4;
        for (uint32_t i = 0; i < c->n_sets; i++)
                if (c->sets[i].paths)
                        link_set(c, i);
}

int lookup_cache_add(LookupCache *c, uint32_t view, const char *name, uint32_t *ret) {
        HashKey key = { c->key.k0, c->key.k1 ^ view };
        uint64_t hash = hash_bytes(&key, name, strlen(name));
        char *copy;
        uint32_t i;

        for (i = c->path_buckets[hash & (c->n_path_buckets - 1)]; i != PATH_NONE; i = c->paths[i].next) {
                const Path *p = &c->paths[i];

                if (p->hash == hash && p->view == view && streq(p->name, name)) {
                        *ret = i;
                        return 0;
                }
        }
        if (c->free_paths == PATH_NONE && !GROW(c->paths, c->allocated_paths, c->n_paths + 1))
                return -ENOMEM;
        copy = strdup(name);
        if (!copy)
                return -ENOMEM;
        i = c->free_paths;
        if (i == PATH_NONE)
                i = (uint32_t) c->n_paths++;
        else
                c->free_paths = c->paths[i].next;
        c->paths[i] = (Path){ .name = copy, .hash = hash, .view = view };
        link_path(c, i);
        grow_path_buckets(c);
        *ret = i;
        return 0;
}

void path_answer(Path *p, uint32_t sweep, int error, const FileIdentity *identity) {
        bool same = p->looked_up > 0 && p->error == error &&
                    (error < 0 || (file_identity_untouched(&p->identity, identity) &&
                                   p->identity.mount_id == identity->mount_id));

        if (!same)
                p->changed = sweep;
        p->looked_up = sweep;
        p->error = error;
        if (error == 0)
                p->identity = *identity;
}

static int number_compare(const void *a, const void *b) {
        uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;

        return x < y ? -1 : x > y;
}

int lookup_cache_add_set(LookupCache *c, uint32_t *paths, size_t n, uint32_t *ret) {
        size_t unique = 0;
        uint32_t *copy, i;
        uint64_t hash;

        if (n > 0)
                qsort(paths, n, sizeof(*paths), number_compare);
        for (size_t k = 0; k < n; k++)
                if (k == 0 || paths[k] != paths[k - 1])
                        paths[unique++] = paths[k];
        hash = hash_bytes(&c->key, paths, unique * sizeof(*paths));

        for (i = c->set_buckets[hash & (c->n_set_buckets - 1)]; i != PATH_NONE; i = c->sets[i].next) {
                const PathSet *s = &c->sets[i];

                if (s->hash == hash && s->n_paths == unique &&
                    (unique == 0 || memcmp(s->paths, paths, unique * sizeof(*paths)) == 0)) {
                        *ret = i;
                        return 0;
                }
        }
        if (c->free_sets == PATH_NONE && !GROW(c->sets, c->allocated_sets, c->n_sets + 1))
                return -ENOMEM;
        copy = malloc((unique ?: 1) * sizeof(*copy));
        if (!copy)
                return -ENOMEM;
        if (unique > 0)
                memcpy(copy, paths, unique * sizeof(*copy));
        i = c->free_sets;
        if (i == PATH_NONE)
                i = (uint32_t) c->n_sets++;
        else
                c->free_sets = c->sets[i].next;
        c->sets[i] = (PathSet){ .paths = copy, .n_paths = (uint32_t) unique, .hash = hash };
        link_set(c, i);
        grow_set_buckets(c);
        *ret = i;
        return 0;
}

uint32_t path_set_changed(LookupCache *c, uint32_t set, uint32_t sweep) {
        PathSet *s = &c->sets[set];

        if (s->checked != sweep) {
                s->checked = sweep;
                s->changed = 0;
                for (uint32_t i = 0; i < s->n_paths; i++)
                        if (c->paths[s->paths[i]].changed > s->changed)
                                s->changed = c->paths[s->paths[i]].changed;
        }
        return s->changed;
}

bool path_set_contains(const LookupCache *c, uint32_t set, uint32_t path) {
        const PathSet *s = &c->sets[set];

        return s->n_paths > 0 && bsearch(&path, s->paths, s->n_paths, sizeof(*s->paths), number_compare);
}

void path_set_use(LookupCache *c, uint32_t set, uint32_t sweep) {
        PathSet *s = &c->sets[set];

        if (s->used == sweep)
                return;
        s->used = sweep;
        for (uint32_t i = 0; i < s->n_paths; i++)
                c->paths[s->paths[i]].used = sweep;
}

void lookup_cache_prune(LookupCache *c, uint32_t sweep) {
        memset(c->set_buckets, 0xff, c->n_set_buckets * sizeof(*c->set_buckets));
        memset(c->path_buckets, 0xff, c->n_path_buckets * sizeof(*c->path_buckets));
        c->free_sets = c->free_paths = PATH_NONE;

        for (uint32_t i = (uint32_t) c->n_sets; i-- > 0;) {
                PathSet *s = &c->sets[i];

                if (s->paths && s->used == sweep) {
                        link_set(c, i);
                        continue;
                }
                free(s->paths);
                *s = (PathSet){ .next = c->free_sets };
                c->free_sets = i;
        }
        for (uint32_t i = (uint32_t) c->n_paths; i-- > 0;) {
                Path *p = &c->paths[i];

                if (p->name && p->used == sweep) {
                        link_path(c, i);
                        continue;
                }
                free(p->name);
                *p = (Path){ .next = c->free_paths };
                c->free_paths = i;
        }
}
