/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a library needs, and what that needs: DT_NEEDED, DT_FILTER and DT_AUXILIARY, breadth
 * first, as the loader goes (ld.so(8)), with the symbols of each. Bounded, and not recursive.
 */

#include <sys/types.h>

#include "elf/elf-file.h"
#include "elf/elf-symbols.h"

#define DEPENDENCIES_MAX 256

typedef struct Dependency {
        char *name;            /* owned, raw: as it is asked for; of the library itself its soname, or "" */
        bool found;            /* else nothing below is known */
        bool startup;          /* the C library or its loader: in every program from its start */
        dev_t device;
        ino_t inode;
        int directory_fd;      /* owned: its $ORIGIN, or -EBADF */
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
 * fd, directory_fd: as of unload_check_file(); both borrowed. What is found is of the same
 * class and machine. Returns 0, the errors of elf_file_read() for the library itself,
 * -errno of a disk, -ENOMEM.
 */
int dependency_list_read(int fd, int directory_fd, DependencyList *ret);
