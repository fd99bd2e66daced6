/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <sys/inotify.h>

#include "util/hash.h"
#include "watch.h"

#define WATCHES_MAX 65536
#define NAMES_MAX 262144

/*
 * Names that are created, removed, or closed after writing. Neither IN_MODIFY nor
 * IN_ATTRIB: a log file beside a library would cause wakeups all day, and a process that
 * writes to a library closes it in the end.
 */
#define EVENTS (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE | \
                IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)

/*
 * A name in a directory, by its hash: of two names with one hash, the other's
 * changes cost a sweep, and that is all.
 */
typedef struct Name {
        uint64_t hash; /* 0: a free place */
        int wd;        /* of its directory */
} Name;

struct Watch {
        int fd;
        int *directories; /* watch descriptors, ascending: the kernel counts them up */
        size_t n_directories, allocated_directories;
        size_t n_ever; /* those that are gone as well */
        Name *names; /* a table with open addressing, of a power of two places, at most half full */
        size_t n_names, n_places;
        HashKey key;
        bool limited, told;
};

int watch_new(Watch **ret) {
        _cleanup_(watch_freep) Watch *w = calloc(1, sizeof(*w));

        if (!w)
                return -ENOMEM;

        w->key = hash_key_new();
        w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (w->fd < 0)
                return -errno;

        *ret = TAKE_PTR(w);
        return 0;
}

Watch *watch_free(Watch *w) {
        if (!w)
                return NULL;
        fd_close(w->fd);
        free(w->directories);
        free(w->names);
        free(w);
        return NULL;
}

int watch_fd(const Watch *w) {
        return w->fd;
}

/* directories */

/* Its index, or where to insert it. */
static size_t directories_place(const Watch *w, int wd) {
        size_t low = 0, high = w->n_directories;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (w->directories[middle] < wd)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static bool directories_have(const Watch *w, int wd) {
        size_t place = directories_place(w, wd);

        return place < w->n_directories && w->directories[place] == wd;
}

static bool directories_add(Watch *w, int wd) {
        size_t place = directories_place(w, wd);

        if (directories_have(w, wd))
                return true;
        if (!GROW(w->directories, w->allocated_directories, w->n_directories + 1))
                return false;
        memmove(w->directories + place + 1, w->directories + place, (w->n_directories - place) * sizeof(*w->directories));
        w->directories[place] = wd;
        w->n_directories++;
        w->n_ever++;
        return true;
}

static void directories_forget(Watch *w, int wd) {
        size_t place = directories_place(w, wd);

        if (!directories_have(w, wd))
                return;
        w->n_directories--;
        memmove(w->directories + place, w->directories + place + 1, (w->n_directories - place) * sizeof(*w->directories));
}

/* names */

/* Of the directory's number and the name, which a hostile user may have made up. */
static uint64_t name_hash(const Watch *w, int wd, const char *name) {
        const struct {
                uint64_t name;
                int64_t wd;
        } both = { .name = hash_bytes(&w->key, name, strlen(name)), .wd = wd };
        uint64_t hash = hash_bytes(&w->key, &both, sizeof(both));

        return hash != 0 ? hash : 1;
}

/* Its place, or the free one where it belongs. There always is a free one. */
static Name *names_place(Name *names, size_t n_places, uint64_t hash) {
        size_t i = (size_t) hash & (n_places - 1);

        while (names[i].hash != 0 && names[i].hash != hash)
                i = (i + 1) & (n_places - 1);
        return names + i;
}

static bool names_have(const Watch *w, uint64_t hash) {
        return w->n_places > 0 && names_place(w->names, w->n_places, hash)->hash == hash;
}

/* A table of n_places, without the names of directories that are gone. */
static bool names_rebuild(Watch *w, size_t n_places) {
        Name *names = calloc(n_places, sizeof(*names));
        size_t n = 0;

        if (!names)
                return false;

        for (size_t i = 0; i < w->n_places; i++)
                if (w->names[i].hash != 0 && directories_have(w, w->names[i].wd)) {
                        *names_place(names, n_places, w->names[i].hash) = w->names[i];
                        n++;
                }
        free(w->names);
        w->names = names;
        w->n_names = n;
        w->n_places = n_places;
        return true;
}

/* Makes space for one more. False: no memory, or too many. */
static bool names_reserve(Watch *w) {
        if (2 * (w->n_names + 1) <= w->n_places)
                return true;
        if (w->n_places > 0 && !names_rebuild(w, w->n_places))
                return false;
        /* Grown only where that did not give much back, so that not each name costs a new table. */
        if (4 * (w->n_names + 1) <= w->n_places)
                return true;
        if (w->n_places >= 2 * NAMES_MAX)
                return 2 * (w->n_names + 1) <= w->n_places;
        return names_rebuild(w, w->n_places ? 2 * w->n_places : 256);
}

static bool names_add(Watch *w, int wd, const char *name) {
        uint64_t hash = name_hash(w, wd, name);
        Name *place;

        if (!names_reserve(w))
                return false;
        place = names_place(w->names, w->n_places, hash);
        if (place->hash == 0)
                w->n_names++;
        *place = (Name){ .hash = hash, .wd = wd };
        return true;
}

/* watches */

void watch_add(Watch *w, int directory_fd, const char *name) {
        char path[64];
        int wd;

        if (w->n_directories >= WATCHES_MAX) {
                w->limited = true;
                return;
        }

        /* The link leads to the very directory, in whichever mount namespace that is. */
        snprintf(path, sizeof(path), "/proc/self/fd/%d", directory_fd);
        wd = inotify_add_watch(w->fd, path, EVENTS);
        if (wd < 0) {
                if (errno == ENOSPC)
                        w->limited = true;
                return;
        }
        if (!directories_add(w, wd))
                inotify_rm_watch(w->fd, wd);
        else if (!names_add(w, wd, name))
                w->limited = true;
}

void watch_clear(Watch *w) {
        for (size_t i = 0; i < w->n_directories; i++)
                inotify_rm_watch(w->fd, w->directories[i]);
        w->n_directories = 0;
        free(w->names);
        w->names = NULL;
        w->n_names = w->n_places = 0;
}

/* events */

static bool event_matters(Watch *w, const struct inotify_event *e) {
        if (e->mask & IN_IGNORED) {
                directories_forget(w, e->wd);
                return false;
        }
        /* No name: the directory itself, its file system, or more events than the kernel kept. */
        return e->len == 0 || names_have(w, name_hash(w, e->wd, e->name));
}

WatchResult watch_read(Watch *w) {
        char buffer[16 * 1024] __attribute__((aligned(__alignof__(struct inotify_event))));
        WatchResult result = WATCH_NOTHING;

        for (;;) {
                ssize_t n = read(w->fd, buffer, sizeof(buffer));

                if (n <= 0)
                        return result;
                for (ssize_t at = 0; at + (ssize_t) sizeof(struct inotify_event) <= n; ) {
                        const struct inotify_event *e = (const void *) (buffer + at);

                        if (event_matters(w, e))
                                result = WATCH_CHANGED;
                        else if (result == WATCH_NOTHING)
                                result = WATCH_NOISE;
                        at += (ssize_t) (sizeof(*e) + e->len);
                }
        }
}

size_t watch_count(const Watch *w) {
        return w->n_directories;
}

size_t watch_count_ever(const Watch *w) {
        return w->n_ever;
}

size_t watch_names(const Watch *w) {
        return w->n_names;
}

bool watch_limit_is_news(Watch *w) {
        if (!w->limited || w->told)
                return false;
        w->told = true;
        return true;
}
