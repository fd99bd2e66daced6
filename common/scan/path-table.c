/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "scan/path-table.h"

#define BUCKETS_MIN 256

static uint32_t *buckets_new(size_t n) {
        uint32_t *b = malloc(n * sizeof(*b));

        if (b)
                memset(b, 0xff, n * sizeof(*b)); /* PATH_NONE */
        return b;
}

int path_table_init(PathTable *t) {
        *t = (PathTable){
                .key = hash_key_new(),
                .free_paths = PATH_NONE,
                .free_sets = PATH_NONE,
                .path_buckets = buckets_new(BUCKETS_MIN),
                .set_buckets = buckets_new(BUCKETS_MIN),
                .n_path_buckets = BUCKETS_MIN,
                .n_set_buckets = BUCKETS_MIN,
        };
        if (t->path_buckets && t->set_buckets)
                return 0;
        path_table_done(t);
        return -ENOMEM;
}

void path_table_done(PathTable *t) {
        for (size_t i = 0; i < t->n_paths; i++)
                free(t->paths[i].name);
        for (size_t i = 0; i < t->n_sets; i++)
                free(t->sets[i].paths);
        free(t->paths);
        free(t->sets);
        free(t->path_buckets);
        free(t->set_buckets);
        *t = (PathTable){};
}

static void link_path(PathTable *t, uint32_t i) {
        uint32_t *bucket = &t->path_buckets[t->paths[i].hash & (t->n_path_buckets - 1)];

        t->paths[i].next = *bucket;
        *bucket = i;
}

static void link_set(PathTable *t, uint32_t i) {
        uint32_t *bucket = &t->set_buckets[t->sets[i].hash & (t->n_set_buckets - 1)];

        t->sets[i].next = *bucket;
        *bucket = i;
}

/* More buckets, if memory allows: fewer only cost time. */
static void grow_path_buckets(PathTable *t) {
        uint32_t *b = t->n_paths > t->n_path_buckets ? buckets_new(t->n_path_buckets * 4) : NULL;

        if (!b)
                return;
        free(t->path_buckets);
        t->path_buckets = b;
        t->n_path_buckets *= 4;
        for (uint32_t i = 0; i < t->n_paths; i++)
                if (t->paths[i].name)
                        link_path(t, i);
}

static void grow_set_buckets(PathTable *t) {
        uint32_t *b = t->n_sets > t->n_set_buckets ? buckets_new(t->n_set_buckets * 4) : NULL;

        if (!b)
                return;
        free(t->set_buckets);
        t->set_buckets = b;
        t->n_set_buckets *= 4;
        for (uint32_t i = 0; i < t->n_sets; i++)
                if (t->sets[i].paths)
                        link_set(t, i);
}

int path_table_add(PathTable *t, uint32_t view, const char *name, uint32_t *ret) {
        HashKey key = { t->key.k0, t->key.k1 ^ view };
        uint64_t hash = hash_bytes(&key, name, strlen(name));
        char *copy;
        uint32_t i;

        for (i = t->path_buckets[hash & (t->n_path_buckets - 1)]; i != PATH_NONE; i = t->paths[i].next) {
                const Path *p = &t->paths[i];

                if (p->hash == hash && p->view == view && streq(p->name, name)) {
                        *ret = i;
                        return 0;
                }
        }
        if (t->free_paths == PATH_NONE && !GROW(t->paths, t->allocated_paths, t->n_paths + 1))
                return -ENOMEM;
        copy = strdup(name);
        if (!copy)
                return -ENOMEM;
        i = t->free_paths;
        if (i == PATH_NONE)
                i = (uint32_t) t->n_paths++;
        else
                t->free_paths = t->paths[i].next;
        t->paths[i] = (Path){ .name = copy, .hash = hash, .view = view };
        link_path(t, i);
        grow_path_buckets(t);
        *ret = i;
        return 0;
}

void path_answer(Path *p, uint32_t sweep, int error, const Identity *identity) {
        bool same = p->looked > 0 && p->error == error &&
                    (error < 0 || (identity_untouched(&p->identity, identity) &&
                                   p->identity.mount_id == identity->mount_id));

        if (!same)
                p->changed = sweep;
        p->looked = sweep;
        p->error = error;
        if (error == 0)
                p->identity = *identity;
}

static int number_compare(const void *a, const void *b) {
        uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;

        return x < y ? -1 : x > y;
}

int path_table_add_set(PathTable *t, uint32_t *paths, size_t n, uint32_t *ret) {
        size_t unique = 0;
        uint32_t *copy, i;
        uint64_t hash;

        if (n > 0)
                qsort(paths, n, sizeof(*paths), number_compare);
        for (size_t k = 0; k < n; k++)
                if (k == 0 || paths[k] != paths[k - 1])
                        paths[unique++] = paths[k];
        hash = hash_bytes(&t->key, paths, unique * sizeof(*paths));

        for (i = t->set_buckets[hash & (t->n_set_buckets - 1)]; i != PATH_NONE; i = t->sets[i].next) {
                const PathSet *s = &t->sets[i];

                if (s->hash == hash && s->n_paths == unique &&
                    (unique == 0 || memcmp(s->paths, paths, unique * sizeof(*paths)) == 0)) {
                        *ret = i;
                        return 0;
                }
        }
        if (t->free_sets == PATH_NONE && !GROW(t->sets, t->allocated_sets, t->n_sets + 1))
                return -ENOMEM;
        copy = malloc((unique ?: 1) * sizeof(*copy));
        if (!copy)
                return -ENOMEM;
        if (unique > 0)
                memcpy(copy, paths, unique * sizeof(*copy));
        i = t->free_sets;
        if (i == PATH_NONE)
                i = (uint32_t) t->n_sets++;
        else
                t->free_sets = t->sets[i].next;
        t->sets[i] = (PathSet){ .paths = copy, .n_paths = (uint32_t) unique, .hash = hash };
        link_set(t, i);
        grow_set_buckets(t);
        *ret = i;
        return 0;
}

uint32_t path_set_changed(PathTable *t, uint32_t set, uint32_t sweep) {
        PathSet *s = &t->sets[set];

        if (s->checked != sweep) {
                s->checked = sweep;
                s->changed = 0;
                for (uint32_t i = 0; i < s->n_paths; i++)
                        if (t->paths[s->paths[i]].changed > s->changed)
                                s->changed = t->paths[s->paths[i]].changed;
        }
        return s->changed;
}

bool path_set_contains(const PathTable *t, uint32_t set, uint32_t path) {
        const PathSet *s = &t->sets[set];

        return s->n_paths > 0 && bsearch(&path, s->paths, s->n_paths, sizeof(*s->paths), number_compare);
}

void path_set_use(PathTable *t, uint32_t set, uint32_t sweep) {
        PathSet *s = &t->sets[set];

        if (s->used == sweep)
                return;
        s->used = sweep;
        for (uint32_t i = 0; i < s->n_paths; i++)
                t->paths[s->paths[i]].used = sweep;
}

void path_table_prune(PathTable *t, uint32_t sweep) {
        memset(t->set_buckets, 0xff, t->n_set_buckets * sizeof(*t->set_buckets));
        memset(t->path_buckets, 0xff, t->n_path_buckets * sizeof(*t->path_buckets));
        t->free_sets = t->free_paths = PATH_NONE;

        for (uint32_t i = (uint32_t) t->n_sets; i-- > 0;) {
                PathSet *s = &t->sets[i];

                if (s->paths && s->used == sweep) {
                        link_set(t, i);
                        continue;
                }
                free(s->paths);
                *s = (PathSet){ .next = t->free_sets };
                t->free_sets = i;
        }
        for (uint32_t i = (uint32_t) t->n_paths; i-- > 0;) {
                Path *p = &t->paths[i];

                if (p->name && p->used == sweep) {
                        link_path(t, i);
                        continue;
                }
                free(p->name);
                *p = (Path){ .next = t->free_paths };
                t->free_paths = i;
        }
}
