/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Bounded reads of a hostile ELF file, through one small window. Most files need half a dozen
 * preads.
 */

#include "elf/elf-facts.h"

#define ELF_WINDOW 4096
_Static_assert(ELF_WINDOW >= ELF_STRING_MAX, "a string must fit");

typedef struct ElfReader {
        int fd;                /* borrowed */
        uint64_t size;         /* st_size when reading began */
        uint8_t class;         /* 32 or 64 */
        bool big_endian;
        uint64_t window_start;
        size_t window_size;
        uint8_t window[ELF_WINDOW];
} ElfReader;

/* Returns 0; -ENOEXEC: no regular file, or not ELF; -EBADMSG: of no known class or byte order; -errno. */
int elf_reader_init(ElfReader *r, int fd);

/*
 * n bytes (at most ELF_WINDOW) at an offset; *ret is valid until the next call.
 * Returns 0; -ENODATA: not wholly in the file; -errno of pread(2).
 */
int elf_reader_view(ElfReader *r, uint64_t offset, size_t n, const uint8_t **ret);

/* A string at an offset, likewise; -ENODATA as well where it does not end within ELF_STRING_MAX. */
int elf_reader_string(ElfReader *r, uint64_t offset, const char **ret);

uint16_t elf_u16(const ElfReader *r, const uint8_t *p);
uint32_t elf_u32(const ElfReader *r, const uint8_t *p);
uint64_t elf_u64(const ElfReader *r, const uint8_t *p);
/* A word of the file's class: 4 or 8 bytes. */
uint64_t elf_word(const ElfReader *r, const uint8_t *p);

static inline size_t elf_word_size(const ElfReader *r) {
        return r->class / 8;
}

/* The dynamic section, up to DT_NULL. */
typedef struct ElfDynamic {
        size_t n;
        struct {
                uint64_t tag, value;
        } entries[ELF_DYNAMIC_MAX];
        bool cut;              /* does not end within the bound, or lies outside the file */
} ElfDynamic;

/* Returns 0 (empty where there is none), or -errno of pread(2). */
int elf_dynamic_read(ElfReader *r, const ElfFile *e, ElfDynamic *ret);

/* The value of a tag; the last one wins, as in the loader. false: it is not there. */
bool elf_dynamic_get(const ElfDynamic *d, uint64_t tag, uint64_t *ret);

/* A table that two tags describe, by its offset in the file and its number of entries. */
typedef struct ElfTable {
        uint64_t offset, n;
        size_t entry_size;
} ElfTable;

/* false: it is not there. A size that is no multiple of the entry loses its rest. */
bool elf_dynamic_table(const ElfFile *e, const ElfDynamic *d, uint64_t address_tag, uint64_t size_tag,
                       size_t entry_size, ElfTable *ret);

/* Entry i, as elf_reader_view(). */
int elf_table_view(ElfReader *r, const ElfTable *t, uint64_t i, const uint8_t **ret);
