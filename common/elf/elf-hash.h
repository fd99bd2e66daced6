/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Dynamic symbols by index and by the file's own hash table. */

#include "elf/elf-reader.h"

typedef struct ElfSymbol {
        uint32_t name;         /* offset in the string table */
        uint8_t bind, visibility;
        bool defined;
        uint64_t value, size;
} ElfSymbol;

/* What of a file the symbols need: its reader, where the tables are. */
typedef struct ElfSource {
        ElfReader r;
        ElfDynamic dynamic;
        ElfTable symbols;      /* .n: what fits into the file */
        uint64_t strings;      /* offset */
        uint64_t strings_size; /* likewise cut to the file */
} ElfSource;

/* Returns 1; 0: it has no dynamic symbols; -ENODATA: they lie outside the file; -errno. */
int elf_source_init(ElfSource *s, int fd, const ElfFile *e);

/* Returns 0, -ENODATA or -errno. */
int elf_source_symbol(ElfSource *s, uint64_t index, ElfSymbol *ret);

/*
 * The number of symbols: no tag has it, but DT_HASH does, and DT_GNU_HASH implies it
 * unless nothing is hashed: *ret is then 0. Returns 0, -ENODATA or -errno.
 */
int elf_source_count(ElfSource *s, const ElfFile *e, uint64_t *ret);

/* The link-time address (st_value) and size of one defined dynamic symbol. Returns 0, -ENOENT, or as above. */
int elf_symbol_find(int fd, const ElfFile *e, const char *name, uint64_t *ret_value, uint64_t *ret_size);
