/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where libraries are looked for. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/base.h"

#define LIBRARY_PATH_MAX 256

typedef struct LibraryPath {
        char *directories[LIBRARY_PATH_MAX];
        size_t n;
} LibraryPath;

void library_path_done(LibraryPath *p);

/*
 * The system's own: those of /etc/ld.so.conf and /etc/ld.so.conf.d/, which ldconfig(8)
 * caches, then the ones built into the loaders of the known architectures. They are
 * not told apart by class: whoever opens a file there looks at what it is.
 * Returns 0 or -ENOMEM.
 */
int library_path_read(LibraryPath *ret);

/*
 * Opens a regular file for reading; nothing else is opened, as opening a device or a
 * named pipe may have an effect. Returns a descriptor, -ENOENT where there is none such, -errno.
 */
int library_open(int directory_fd, const char *path);

/* Takes the next element off a colon-separated DT_RUNPATH, unless it is empty: *ret is into it. Returns false: there are no more. */
bool library_runpath_next(const char **runpath, const char **ret, size_t *ret_length);

/*
 * Expands the tokens in an element of DT_RUNPATH or in DT_NEEDED (ld.so(8), "Dynamic string tokens"). $LIB and $PLATFORM are
 * what the loader was built with: of $LIB there are several candidates, from 0 on, of which one may exist. machine, class: of
 * the ELF file. *ret_origin: the path is relative to the directory that $ORIGIN is.
 * Returns 1; 0: no such candidate, or a token that is not known; -ENOMEM. The caller frees.
 */
int library_expand(const char *text, size_t length, uint16_t machine, uint8_t class, unsigned candidate, char **ret, bool *ret_origin);
