/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "elf/elf-symbols.h"
#include "elf/elf-hash.h"
#include "scan/elf-cache.h"

void elf_cache_init(ElfCache *c) {
        *c = (ElfCache){ .key = hash_key_new() };
}

static void entry_free(ElfEntry *e) {
        elf_file_done(&e->elf);
        elf_symbols_done(&e->symbols);
        free(e);
}

/* Frees the entries that were last used before the sweep. */
static void drop(ElfCache *c, uint32_t sweep) {
        for (size_t i = 0; i < ELF_CACHE_BUCKETS; i++)
                for (ElfEntry **link = &c->buckets[i]; *link;) {
                        ElfEntry *e = *link;

                        if (e->used >= sweep) {
                                link = &e->next;
                                continue;
                        }
                        *link = e->next;
                        entry_free(e);
                }
}

void elf_cache_done(ElfCache *c) {
        drop(c, UINT32_MAX);
}

void elf_cache_prune(ElfCache *c, uint32_t sweep) {
        drop(c, sweep);
}

static ElfEntry **bucket_of(ElfCache *c, const FileIdentity *identity) {
        uint64_t key[3] = { (uint64_t) identity->dev_major << 32 | identity->dev_minor, identity->inode,
                            (uint64_t) identity->ctime };

        return &c->buckets[hash_bytes(&c->key, key, sizeof(key)) % ELF_CACHE_BUCKETS];
}

ElfEntry *elf_cache_find(ElfCache *c, const FileIdentity *identity, uint32_t sweep) {
        for (ElfEntry *e = *bucket_of(c, identity); e; e = e->next)
                if (file_identity_untouched(&e->identity, identity)) {
                        e->used = sweep;
                        return e;
                }
        return NULL;
}

ElfEntry *elf_cache_add(ElfCache *c, const FileIdentity *identity, int fd, uint32_t sweep) {
        ElfEntry **bucket = bucket_of(c, identity), *e = calloc(1, sizeof(*e));

        if (!e)
                return NULL;
        e->identity = *identity;
        e->used = sweep;
        e->error = elf_file_read(fd, &e->elf);
        e->next = *bucket;
        *bucket = e;
        return e;
}

const ElfSymbols *elf_entry_symbols(ElfEntry *e, int fd) {
        if (e->error < 0)
                return NULL;
        if (!e->symbols_read) {
                e->symbols_error = elf_symbols_read(fd, &e->elf, &e->symbols);
                e->symbols_read = true;
        }
        return e->symbols_error < 0 ? NULL : &e->symbols;
}

uint32_t elf_entry_tls_modid_offset(ElfEntry *e, int fd) {
        uint64_t address, size, offset;
        uint32_t descriptor[3]; /* bits, count, offset: glibc nptl_db/db_info.c */

        if (e->tls_modid_read || e->error < 0)
                return e->tls_modid_offset;
        e->tls_modid_read = true;
        if (elf_symbol_find(fd, &e->elf, "_thread_db_link_map_l_tls_modid", &address, &size) >= 0 &&
            size == sizeof(descriptor) && elf_file_offset(&e->elf, address, &offset) &&
            pread(fd, descriptor, sizeof(descriptor), (off_t) offset) == (ssize_t) sizeof(descriptor) &&
            descriptor[0] == e->elf.class)
                e->tls_modid_offset = descriptor[2];
        return e->tls_modid_offset;
}
