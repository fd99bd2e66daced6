/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * ELF facts of files, read once however many processes map them. Keyed by identity,
 * size and ctime together: a file that was written to is another one in here.
 */

#include <stdint.h>

#include "elf/elf-file.h"
#include "elf/elf-symbols.h"
#include "proc/file-identity.h"
#include "util/hash.h"

typedef struct ElfEntry {
        FileIdentity identity;
        int error;               /* of reading the facts: 0 or -errno; -ENOEXEC: not ELF */
        ElfFile elf;             /* with error 0 */
        bool symbols_read;
        int symbols_error;
        ElfSymbols symbols;
        bool tls_modid_read;
        uint32_t tls_modid_offset; /* from libc's _thread_db_link_map_l_tls_modid, or 0 */
        uint32_t used;           /* number of the sweep */
        struct ElfEntry *next;
} ElfEntry;

#define ELF_CACHE_BUCKETS 1024

typedef struct ElfCache {
        HashKey key;
        ElfEntry *buckets[ELF_CACHE_BUCKETS];
} ElfCache;

void elf_cache_init(ElfCache *c);
void elf_cache_done(ElfCache *c);

/* NULL: not read yet. */
ElfEntry *elf_cache_find(ElfCache *c, const FileIdentity *identity, uint32_t sweep);

/* Reads the facts of the file that fd (borrowed) refers to. A failure is cached as well. Returns NULL on lack of memory. */
ElfEntry *elf_cache_add(ElfCache *c, const FileIdentity *identity, int fd, uint32_t sweep);

/* The symbols, read on first need; fd as before. Returns NULL where they cannot be read. */
const ElfSymbols *elf_entry_symbols(ElfEntry *e, int fd);

/* The offset of l_tls_modid in struct link_map, as libc publishes it for libthread_db; 0: not published. */
uint32_t elf_entry_tls_modid_offset(ElfEntry *e, int fd);

/* Drops what this sweep did not need. */
void elf_cache_prune(ElfCache *c, uint32_t sweep);
