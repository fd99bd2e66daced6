/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Mappings that the host makes itself, each known by a number. Offsets and sizes are in
 * pages of getpagesize(3). A protection is of the letters r, w, x, and s: shared.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host.h"

#define AREAS_MAX 256

typedef struct Area {
        char *start;
        size_t size;
} Area;

static Area areas[AREAS_MAX];
static int n_areas;

static size_t bytes(const char *pages) {
        return (size_t) strtoul(pages, NULL, 10) * (size_t) getpagesize();
}

static int protection_from_word(const char *s) {
        return (strchr(s, 'r') ? PROT_READ : 0) | (strchr(s, 'w') ? PROT_WRITE : 0) | (strchr(s, 'x') ? PROT_EXEC : 0);
}

static Area *area_find(const char *number) {
        const int i = atoi(number);

        return i >= 0 && i < n_areas ? &areas[i] : NULL;
}

/* at: NULL: anywhere. */
static void *map(const char *protection, void *at, size_t offset, size_t size, const char *path) {
        const int shared = strchr(protection, 's') ? MAP_SHARED : MAP_PRIVATE;
        const int prot = protection_from_word(protection);
        int fd = open(path, (shared == MAP_SHARED && prot & PROT_WRITE ? O_RDWR : O_RDONLY) | O_CLOEXEC), error;
        void *p;

        if (fd < 0)
                return MAP_FAILED;
        p = mmap(at, size, prot, shared | (at ? MAP_FIXED : 0), fd, (off_t) offset);
        error = errno;
        close(fd);
        errno = error;
        return p;
}

/* part PROTECTION OFFSET SIZE PATH: the number of the mapping. */
static int do_part(char **words) {
        Area a = { .size = bytes(words[3]) };
        void *p;

        if (n_areas == AREAS_MAX)
                return host_fail("part", "too many mappings");
        p = map(words[1], NULL, bytes(words[2]), a.size, words[4]);
        if (p == MAP_FAILED)
                return host_fail("part", NULL);
        a.start = p;
        areas[n_areas] = a;
        return n_areas++;
}

/* size NUMBER: of the mapping, as it was made. */
static int do_size(char **words) {
        const Area *a = area_find(words[1]);

        return a ? (int) (a->size / (size_t) getpagesize()) : host_fail("size", "no such mapping");
}

/* over NUMBER PROTECTION OFFSET PATH: another file in its place, as large as it was. */
static int do_over(char **words) {
        const Area *a = area_find(words[1]);

        if (!a || a->size == 0)
                return host_fail("over", "no such mapping");
        return map(words[2], a->start, bytes(words[3]), a->size, words[4]) == MAP_FAILED ? host_fail("over", NULL) : 0;
}

/* The pages of an area that words[2] (offset) and words[3] (size) tell, cut to what there is. */
static int part_of(char **words, char **ret_start, size_t *ret_size) {
        const Area *a = area_find(words[1]);
        size_t offset = bytes(words[2]), size = bytes(words[3]);

        if (!a || offset >= a->size || size == 0)
                return host_fail(words[0], "no such pages");
        *ret_start = a->start + offset;
        *ret_size = size < a->size - offset ? size : a->size - offset;
        return 0;
}

/* unmap NUMBER OFFSET SIZE: of the mapping. */
static int do_unmap(char **words) {
        size_t size;
        char *start;

        if (part_of(words, &start, &size) < 0)
                return -1;
        return munmap(start, size) < 0 ? host_fail("unmap", NULL) : 0;
}

/* protect NUMBER OFFSET SIZE PROTECTION */
static int do_protect(char **words) {
        size_t size;
        char *start;

        if (part_of(words, &start, &size) < 0)
                return -1;
        return mprotect(start, size, protection_from_word(words[4])) < 0 ? host_fail("protect", NULL) : 0;
}

/* move NUMBER SIZE: elsewhere, with another size. Only of a mapping that is in one piece. */
static int do_move(char **words) {
        Area *a = area_find(words[1]);
        size_t size = bytes(words[2]);
        char *reserved;
        void *p;

        if (!a || a->size == 0 || size == 0)
                return host_fail("move", "no such mapping");
        reserved = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (reserved == MAP_FAILED)
                return host_fail("move", NULL);
        p = mremap(a->start, a->size, size, MREMAP_MAYMOVE | MREMAP_FIXED, reserved);
        if (p == MAP_FAILED) {
                munmap(reserved, size);
                return host_fail("move", NULL);
        }
        *a = (Area){ .start = p, .size = size };
        return 0;
}

const HostCommand host_memory_commands[] = {
        { "move",    3, do_move    },
        { "over",    5, do_over    },
        { "part",    5, do_part    },
        { "protect", 5, do_protect },
        { "size",    2, do_size    },
        { "unmap",   4, do_unmap   },
        { NULL,      0, NULL       },
};
