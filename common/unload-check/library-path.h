/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The library search path, and the opening of what is found there. */

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
 * The system's directories: those of /etc/ld.so.conf and /etc/ld.so.conf.d/, which ldconfig(8)
 * caches, then the built-in ones of the loaders of the known architectures. Not
 * separated by class: that is checked per file. Returns 0 or -ENOMEM.
 */
int library_path_read(LibraryPath *ret);

/*
 * Opens a regular file for reading, and nothing else: to open a device or a FIFO may have
 * side effects. Returns a descriptor; -ENOENT: not a regular file; -errno.
 */
int library_open(int directory_fd, const char *path);

/* Takes the next non-empty element off a colon-separated DT_RUNPATH; *ret points into it. Returns false at the end. */
bool library_runpath_next(const char **runpath, const char **ret, size_t *ret_length);

/*
 * Expands the dynamic string tokens (ld.so(8)) in an element of DT_RUNPATH or in DT_NEEDED. $LIB and $PLATFORM depend on the
 * loader's build: for $LIB there are several candidates, from 0 on. machine, class: of the ELF file. *ret_origin: the
 * path is relative to $ORIGIN.
 * Returns 1; 0: no such candidate, or an unknown token; -ENOMEM. The caller frees.
 */
int library_expand(const char *text, size_t length, uint16_t machine, uint8_t class, unsigned candidate, char **ret, bool *ret_origin);
