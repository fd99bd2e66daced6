/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where libraries are looked for. */

#include <stddef.h>

#include "base.h"

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

/*
 * Takes the next element off a colon-separated DT_RUNPATH. *ret is its path; where
 * *ret_origin, relative to the directory that $ORIGIN is. Elements that are relative
 * to the working directory, or have other tokens in them, are skipped.
 * Returns 1; 0: there are no more; -ENOMEM. The caller frees.
 */
int library_runpath_next(const char **runpath, char **ret, bool *ret_origin);
