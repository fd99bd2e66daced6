/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/personality.h>

#include "explain.h"
#include "maps.h"
#include "twin.h"

#define BUCKETS 4096u
/* So many are held against a process before it is asked for all its ranges. */
#define GUESSES_MAX 2
/* So many examined ones are kept: their traces are memory. */
#define EXAMINED_MAX 1024u
/* So many ranges and spans of lists are kept of all together: it is up to their processes how many they have. */
#define ALL_RANGES_MAX 131072u
#define ALL_SPANS_MAX 262144u

void twin_done(TwinTable *t) {
        for (size_t i = 0; i < t->n_twins; i++) {
                link_print_done(&t->twins[i].print);
                memory_trace_done(&t->twins[i].trace);
        }
        free(t->twins);
        free(t->ranges);
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

static uint32_t *guess_bucket(const TwinTable *t, const TwinKey *key) {
        return &t->buckets[BUCKETS + (key->static_pages ^ key->uid << 8 ^ key->view) % BUCKETS];
}

static bool has_ranges_of(const TwinTable *t, const Twin *twin, int maps_fd) {
        for (size_t i = 0; i < twin->key.n_ranges; i++) {
                const MapsLine line = glance_range_line(&t->ranges[twin->first_range + i]);

                if (!maps_has_executable(maps_fd, &line))
                        return false;
        }
        return true;
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

/* *memory_fd: of its memory, opened here where it is not yet. */
static bool has_list_of(Scan *scan, const SweepOptions *options, const KnownView *view, const Process *p, const Twin *twin,
                        int *memory_fd) {
        if (*memory_fd < 0) {
                maps_text_clear(&scan->maps.text); /* of another process: the fence must not go by that */
                *memory_fd = open_memory(scan, options, view, p);
        }
        return *memory_fd >= 0 && link_print_matches(scan->memory, &twin->print);
}

static bool may_be_like(const Twin *twin, const TwinKey *key, bool by_list) {
        return twin->key.static_pages == key->static_pages && twin->key.uid == key->uid && twin->key.view == key->view &&
                (!by_list || twin->print.n_spans > 0);
}

const Twin *twin_guess(Scan *scan, const SweepOptions *options, const KnownView *view, const Process *p, const TwinKey *key) {
        _cleanup_close_ int memory_fd = -EBADF;
        const TwinTable *t = &scan->twins;
        const bool by_list = p->maps_fd < 0;
        uint32_t i = t->buckets && key->static_pages != UINT64_MAX ? *guess_bucket(t, key) : UINT32_MAX;

        for (int guesses = 0; i != UINT32_MAX && guesses < GUESSES_MAX; i = t->twins[i].next_guess) {
                const Twin *twin = &t->twins[i];

                if (!may_be_like(twin, key, by_list))
                        continue;
                if (by_list ? has_list_of(scan, options, view, p, twin, &memory_fd) : has_ranges_of(t, twin, p->maps_fd))
                        return twin;
                guesses++;
        }
        return NULL;
}

static int add_ranges(TwinTable *t, const GlanceRange *ranges, size_t n) {
        if (n == 0)
                return 0;
        if (!GROW(t->ranges, t->allocated_ranges, t->n_ranges + n))
                return -ENOMEM;
        memcpy(t->ranges + t->n_ranges, ranges, n * sizeof(*ranges));
        t->n_ranges += n;
        return 0;
}

static void put(TwinTable *t, uint32_t *bucket, uint32_t *next) {
        *next = *bucket;
        *bucket = (uint32_t) t->n_twins;
}

/* A program alone may be linked to its address. Not so its loader and libraries. */
static bool several_files(const GlanceRange *ranges, size_t n) {
        for (size_t i = 1; i < n; i++)
                if (ranges[i].inode != ranges[0].inode)
                        return true;
        return false;
}

/* Of 32 bits, eight are random: too few. */
static bool may_have_one_origin(const Scan *scan) {
        const Glance *g = &scan->glance;

        return scan->random_addresses && g->n_ranges > 0 && g->ranges[g->n_ranges - 1].end > UINT32_MAX &&
                several_files(g->ranges, g->n_ranges);
}

/* personality(2): its execve(2) may have mapped all where another one did. */
static bool is_randomized(const Process *p) {
        _cleanup_free_ char *text = NULL;
        size_t size;

        return process_read_file(p, "personality", 32, &text, &size) >= 0 && !(strtoul(text, NULL, 16) & ADDR_NO_RANDOMIZE);
}

/* Whoever is where the first one is, with addresses of his own, is so by fork(2); and so are then all others. */
bool twin_has_one_origin(Scan *scan, const Twin *twin, const Process *p) {
        Twin *t = &scan->twins.twins[twin - scan->twins.twins];

        if (t->origin == ORIGIN_NOT_ASKED)
                t->origin = is_randomized(p) ? ORIGIN_ONE : ORIGIN_MANY;
        return t->origin == ORIGIN_ONE;
}

static int add(Scan *scan, const Twin *twin) {
        const GlanceRange *ranges = scan->glance.ranges;
        const size_t n_ranges = twin->print.n_spans > 0 ? 0 : twin->key.n_ranges;
        TwinTable *t = &scan->twins;
        const bool guessed = twin->key.static_pages != UINT64_MAX && n_ranges <= ALL_RANGES_MAX - t->n_ranges;
        Twin *copy;

        if (!t->buckets) {
                t->buckets = malloc(2 * BUCKETS * sizeof(*t->buckets));
                if (!t->buckets)
                        return -ENOMEM;
                memset(t->buckets, 0xff, 2 * BUCKETS * sizeof(*t->buckets));
        }
        if (!GROW(t->twins, t->allocated, t->n_twins + 1))
                return -ENOMEM;
        copy = &t->twins[t->n_twins];
        *copy = *twin;
        copy->first_range = t->n_ranges;
        if (guessed && add_ranges(t, ranges, n_ranges) < 0)
                return -ENOMEM;
        put(t, &t->buckets[twin->key.hash % BUCKETS], &copy->next);
        if (guessed)
                put(t, guess_bucket(t, &twin->key), &copy->next_guess);
        t->n_twins++;
        return 0;
}

int twin_add_settled(Scan *scan, const TwinKey *key, const Sight *sight, int64_t newest) {
        const Origin origin = may_have_one_origin(scan) ? ORIGIN_NOT_ASKED : ORIGIN_MANY;
        LinkPrint *print = &scan->glance.print;
        int r;

        if (print->n_spans > ALL_SPANS_MAX - scan->twins.n_spans)
                link_print_done(print);
        r = add(scan, &(Twin){ .key = *key, .settled = true, .origin = origin, .sight = *sight, .newest = newest,
                               .print = *print });
        if (r < 0)
                return r;
        scan->twins.n_spans += print->n_spans;
        *print = (LinkPrint){};
        return 0;
}

int twin_add_examined(Scan *scan, const TwinKey *key, const Process *p, const Sight *sight) {
        Twin twin = { .key = *key, .sight = *sight };
        int r;

        if (!scan->memory || scan->twins.n_examined >= EXAMINED_MAX || sight->misprinted ||
            trouble_has_unknown(sight_trouble(sight)) || twin_find(&scan->twins, key))
                return 0;
        r = scan_start_nsec(scan, p, &twin.started_nsec);
        if (r >= 0)
                r = memory_take_trace(scan->memory, &twin.trace);
        if (r <= 0)
                return r;
        r = add(scan, &twin);
        if (r < 0) {
                memory_trace_done(&twin.trace);
                return r;
        }
        scan->twins.n_examined++;
        return 0;
}

int twin_share(Scan *scan, const SweepOptions *options, const KnownView *view, const TwinKey *key, const Process *p,
               Sight *ret) {
        const Twin *twin = twin_find(&scan->twins, key);
        _cleanup_close_ int fd = -EBADF;
        int64_t started;
        int r;

        if (!twin || twin->settled)
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
