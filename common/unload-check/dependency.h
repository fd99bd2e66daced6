/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The dependencies of a library, breadth first as the loader goes (ld.so(8)): DT_NEEDED,
 * DT_FILTER and DT_AUXILIARY, with their symbols. Bounded, and not recursive.
 */

#include <sys/types.h>

#include "elf/elf-file.h"
#include "elf/elf-symbols.h"

#define DEPENDENCIES_MAX 256

typedef struct Dependency {
        char *name;            /* owned, raw: as requested; of the library itself its soname, or "" */
        bool found;            /* false: nothing below is known */
        bool startup;          /* the C library or its loader: loaded at startup */
        dev_t device;
        ino_t inode;
        int directory_fd;      /* owned: $ORIGIN, or -EBADF */
        ElfFile elf;
        ElfSymbols symbols;
        size_t *needs;         /* indices into the list */
        size_t n_needs;
} Dependency;

typedef struct DependencyList {
        Dependency *items;     /* [0] is the library itself */
        size_t n, allocated;
        bool cut;              /* there are more */
} DependencyList;

void dependency_list_done(DependencyList *l);

/*
 * fd, directory_fd: as for unload_check_file(). Files of another class or machine are skipped.
 * Returns 0; the errors of elf_file_read() for the library itself; -errno; -ENOMEM.
 */
int dependency_list_read(int fd, int directory_fd, DependencyList *ret);
