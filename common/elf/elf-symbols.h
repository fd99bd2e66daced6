/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Dynamic symbols: read only where an explanation needs them. */

#include "elf/elf-facts.h"

typedef struct ElfSymbols {
        char *strings;         /* owned: all names, one allocation */
        const char **exports;  /* defined, global/weak/unique, visible from outside (default, protected); sorted by strcmp, no duplicates */
        size_t n_exports;
        const char **imports;  /* undefined */
        size_t n_imports;
        const char **unique;   /* STB_GNU_UNIQUE definitions */
        size_t n_unique;
        const char **unique_bound; /* of these: a relocation of this very file names them, so that loading it looks them up */
        size_t n_unique_bound;
        const char **bound;    /* imported or own: a relocation of this very file names them, so that loading it looks them up */
        size_t n_bound;
        const char **weak_exports; /* STB_WEAK definitions, as of C++ templates and inline functions */
        size_t n_weak_exports;
        bool versioned;        /* its definitions have versions (DT_VERDEF) */
        bool cut;
} ElfSymbols;

void elf_symbols_done(ElfSymbols *s);
/* Same descriptor as for the facts. Returns 0 (perhaps with nothing in it), -errno, -ENOMEM. */
int elf_symbols_read(int fd, const ElfFile *e, ElfSymbols *ret);

/* Is it in this sorted table? */
bool elf_symbols_contain(const char *const *table, size_t n, const char *name);
/* Does a name in this sorted table begin so? */
bool elf_symbols_contain_prefix(const char *const *table, size_t n, const char *prefix);
/* The first name that is in both sorted tables, or NULL. */
const char *elf_symbols_common(const char *const *a, size_t n_a, const char *const *b, size_t n_b);
