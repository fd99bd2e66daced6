/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The few helpers that every room uses: ownership by scope, and arrays that grow.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _unused_ __attribute__((unused))
#define _printf_(a, b) __attribute__((format(printf, a, b)))

#define ELEMENTSOF(x) (sizeof(x) / sizeof((x)[0]))

/* Moves the value out of a variable and leaves the empty value behind. */
#define TAKE_PTR(p)                      \
        ({                               \
                __typeof__(p) *_p = &(p);\
                __typeof__(p) _v = *_p;  \
                *_p = NULL;              \
                _v;                      \
        })
#define TAKE_FD(fd)                      \
        ({                               \
                int *_fdp = &(fd);       \
                int _fd = *_fdp;         \
                *_fdp = -EBADF;          \
                _fd;                     \
        })

/* Defines name_p(T *p), for _cleanup_(): ends what the pointer variable holds. */
#define DEFINE_CLEANUP(type, func)                  \
        static inline void func##p(type *p) {       \
                if (*p)                             \
                        func(*p);                   \
        }

static inline void freep(void *p) {
        free(*(void **) p);
}

/* Closes a valid descriptor, accepts any negative number, keeps errno. Returns -EBADF. */
static inline int fd_close(int fd) {
        if (fd >= 0) {
                int saved = errno;
                close(fd);
                errno = saved;
        }
        return -EBADF;
}

static inline void fd_closep(int *fd) {
        *fd = fd_close(*fd);
}

#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_close_ _cleanup_(fd_closep)

static inline bool streq(const char *a, const char *b) {
        return strcmp(a, b) == 0;
}

/* NULL is equal to NULL and to nothing else. */
static inline bool streq_null(const char *a, const char *b) {
        return a && b ? streq(a, b) : a == b;
}

/* strdup() that maps NULL to NULL. Fails (returns false) on lack of memory only. */
static inline bool strdup_to(char **dest, const char *s) {
        char *copy = NULL;

        if (s) {
                copy = strdup(s);
                if (!copy)
                        return false;
        }
        free(*dest);
        *dest = copy;
        return true;
}

/* The last component of a path; the whole path where nothing follows its last slash. Points into the path. */
static inline const char *base_name(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash && slash[1] != '\0' ? slash + 1 : path;
}

/* Of the system: what mmap(2), pagemap and a loader go by. 4, 16 or 64 KiB. */
static inline uint64_t page_size(void) {
        static uint64_t size;

        if (size == 0)
                size = (uint64_t) sysconf(_SC_PAGESIZE);
        return size;
}

/* As asprintf(3). The caller frees; NULL on lack of memory. */
_printf_(1, 2) char *strdup_format(const char *text, ...);

/*
 * Makes room for at least `need` elements in an array that grows by doubling.
 * Returns false on lack of memory and on overflow; the array is then as before.
 */
static inline bool grow_(void **array, size_t *allocated, size_t need, size_t size) {
        size_t n = *allocated ? *allocated : 8;
        void *p;

        if (need <= *allocated)
                return true;
        while (n < need)
                if (__builtin_mul_overflow(n, 2, &n))
                        return false;
        p = reallocarray(*array, n, size);
        if (!p)
                return false;
        *array = p;
        *allocated = n;
        return true;
}
#define GROW(array, allocated, need) \
        grow_((void **) &(array), &(allocated), (need), sizeof(*(array)))

/* Frees the space after the first n elements (1 or more), where none will be added. */
static inline void shrink_(void **array, size_t *allocated, size_t n, size_t size) {
        void *p;

        if (n == 0 || n >= *allocated)
                return;
        p = reallocarray(*array, n, size);
        if (!p)
                return;
        *array = p;
        *allocated = n;
}
#define SHRINK(array, allocated, n) \
        shrink_((void **) &(array), &(allocated), (n), sizeof(*(array)))
