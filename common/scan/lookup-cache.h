/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The names that verdicts depend on, each looked up once a sweep and view, however many
 * processes map it; and the sets of names that the verdicts of a process depend on, stored
 * once for all processes that have the same. The result of a lookup is kept over sweeps, so
 * that the next one sees which processes to examine again: those for which a result changed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proc/file-identity.h"
#include "util/hash.h"

typedef struct Path {
        char *name;          /* owned; absolute, in the view of the process */
        uint64_t hash;
        uint32_t view;       /* serial number of the view */
        int error;           /* of the lookup: 0 or -errno */
        FileIdentity identity; /* with error 0 */
        uint32_t looked_up;  /* number of the sweep that last looked it up, 0: none yet */
        uint32_t changed;    /* number of the sweep in which the answer became what it is */
        uint32_t used;       /* number of the sweep in which somebody needed it */
        uint64_t content;    /* hash of what the file held (its build-id, or its bytes), 0: not known */
        uint32_t modified;   /* number of the sweep that saw the content change in place, 0: never */
        bool mapped;         /* the path of a mapping, not only a name that a loader went by */
        uint32_t next;       /* chain of the bucket, PATH_NONE ends it */
} Path;

#define PATH_NONE UINT32_MAX

typedef struct PathSet {
        uint32_t *paths;     /* owned; ascending */
        uint32_t n_paths;
        uint32_t used;       /* as in Path */
        uint32_t checked, changed; /* cache of path_set_changed(): the sweep it is of, the answer */
        uint64_t hash;
        uint32_t next;
} PathSet;

typedef struct LookupCache {
        HashKey key;
        Path *paths;         /* the free ones have no name */
        size_t n_paths, allocated_paths;
        uint32_t free_paths;
        PathSet *sets;       /* the free ones have no paths */
        size_t n_sets, allocated_sets;
        uint32_t free_sets;
        uint32_t *path_buckets, *set_buckets;
        size_t n_path_buckets, n_set_buckets; /* powers of two */
} LookupCache;

/* Returns 0 or -ENOMEM. */
int lookup_cache_init(LookupCache *c);
void lookup_cache_done(LookupCache *c);

/* The name's number, for as long as it is used; a new one has looked_up == 0. Returns 0 or -ENOMEM. */
int lookup_cache_add(LookupCache *c, uint32_t view, const char *name, uint32_t *ret);

/* Stores a result; sets `changed` where it differs from the one before. */
void path_answer(Path *p, uint32_t sweep, int error, const FileIdentity *identity);

/* The set of these numbers, which are sorted, freed of duplicates and copied. Returns 0 or -ENOMEM. */
int lookup_cache_add_set(LookupCache *c, uint32_t *paths, size_t n, uint32_t *ret);

/* Number of the latest sweep in which one of the set's answers changed. All must have been looked up in this sweep. */
uint32_t path_set_changed(LookupCache *c, uint32_t set, uint32_t sweep);
bool path_set_contains(const LookupCache *c, uint32_t set, uint32_t path);

/* Marks a set, and with it its names, as needed by this sweep. */
void path_set_use(LookupCache *c, uint32_t set, uint32_t sweep);

/* Drops the sets and names that this sweep did not need. */
void lookup_cache_prune(LookupCache *c, uint32_t sweep);
