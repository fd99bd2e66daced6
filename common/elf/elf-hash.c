/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>

#include "elf/elf-hash.h"

/* Steps along one hash chain: an honest one has a handful. */
#define CHAIN_MAX 4096u

int elf_source_init(ElfSource *s, int fd, const ElfFile *e) {
        uint64_t symtab, strtab;
        int k;

        k = elf_reader_init(&s->r, fd);
        if (k < 0)
                return k;
        if (s->r.class != e->class || s->r.big_endian != e->big_endian)
                return -ENODATA; /* not the file any more that the facts are of */
        k = elf_dynamic_read(&s->r, e, &s->dynamic);
        if (k < 0)
                return k;
        if (!elf_dynamic_get(&s->dynamic, DT_SYMTAB, &symtab) || !elf_dynamic_get(&s->dynamic, DT_STRTAB, &strtab))
                return 0;
        if (!elf_file_offset(e, symtab, &s->symbols.offset) || !elf_file_offset(e, strtab, &s->strings) ||
            !elf_dynamic_get(&s->dynamic, DT_STRSZ, &s->strings_size) || s->symbols.offset > s->r.size ||
            s->strings > s->r.size)
                return -ENODATA;
        s->symbols.entry_size = s->r.class == 64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
        s->symbols.n = (s->r.size - s->symbols.offset) / s->symbols.entry_size;
        if (s->strings_size > s->r.size - s->strings)
                s->strings_size = s->r.size - s->strings;
        return 1;
}

int elf_source_symbol(ElfSource *s, uint64_t index, ElfSymbol *ret) {
        bool wide = s->r.class == 64;
        const uint8_t *p;
        uint8_t info;
        int k;

        k = elf_table_view(&s->r, &s->symbols, index, &p);
        if (k < 0)
                return k;
        info = p[wide ? 4 : 12];
        *ret = (ElfSymbol){
                .name = elf_u32(&s->r, p),
                .bind = ELF64_ST_BIND(info),
                .visibility = ELF64_ST_VISIBILITY(p[wide ? 5 : 13]),
                .defined = elf_u16(&s->r, p + (wide ? 6 : 14)) != SHN_UNDEF,
                .value = elf_word(&s->r, p + (wide ? 8 : 4)),
                .size = elf_word(&s->r, p + (wide ? 16 : 8)),
        };
        return 0;
}

static bool hash_table(ElfSource *s, const ElfFile *e, ElfTable *ret) {
        uint64_t address;

        *ret = (ElfTable){ .n = UINT64_MAX, .entry_size = elf_file_hash_word(e) };
        return elf_dynamic_get(&s->dynamic, DT_HASH, &address) && elf_file_offset(e, address, &ret->offset);
}

static int hash_word(ElfSource *s, const ElfTable *t, uint64_t i, uint64_t *ret) {
        const uint8_t *p;
        int k;

        k = elf_table_view(&s->r, t, i, &p);
        if (k < 0)
                return k;
        *ret = t->entry_size == 8 ? elf_u64(&s->r, p) : elf_u32(&s->r, p);
        return 0;
}

/* The words of DT_GNU_HASH behind the bloom filter: the buckets, then the chains. */
static int gnu_hash_table(const ElfFile *e, ElfTable *ret) {
        uint64_t offset;

        if (!elf_file_offset(e, e->gnu_hash_address, &offset) ||
            __builtin_add_overflow(offset, 16 + (uint64_t) e->gnu_hash_maskwords * (e->class / 8), &offset))
                return -ENODATA;
        *ret = (ElfTable){ .offset = offset, .n = UINT64_MAX, .entry_size = 4 };
        return 0;
}

/* The chain that begins last ends with the last symbol. *ret is 0 where nothing is hashed. */
static int gnu_hash_count(ElfSource *s, const ElfFile *e, uint64_t *ret) {
        uint64_t last = 0, word;
        ElfTable t;
        int k;

        k = gnu_hash_table(e, &t);
        if (k < 0)
                return k;
        if (e->gnu_hash_nbuckets > ELF_SYMBOLS_MAX)
                return -ENODATA;
        for (uint64_t i = 0; i < e->gnu_hash_nbuckets; i++) {
                k = hash_word(s, &t, i, &word);
                if (k < 0)
                        return k;
                if (word > last)
                        last = word;
        }
        *ret = 0;
        if (last < e->gnu_hash_symoffset || last == 0)
                return 0;
        for (; last < ELF_SYMBOLS_MAX; last++) {
                k = hash_word(s, &t, e->gnu_hash_nbuckets + (last - e->gnu_hash_symoffset), &word);
                if (k < 0)
                        return k;
                if (word & 1) {
                        *ret = last + 1;
                        return 0;
                }
        }
        return -ENODATA;
}

int elf_source_count(ElfSource *s, const ElfFile *e, uint64_t *ret) {
        ElfTable t;

        if (hash_table(s, e, &t))
                return hash_word(s, &t, 1, ret);
        if (e->gnu_hash)
                return gnu_hash_count(s, e, ret);
        *ret = 0;
        return 0;
}

/* --- one symbol --- */

static uint32_t gnu_hash(const char *name) {
        uint32_t h = 5381;

        for (const unsigned char *p = (const unsigned char *) name; *p; p++)
                h = h * 33 + *p;
        return h;
}

/* gabi, "Hash Table". */
static uint32_t sysv_hash(const char *name) {
        uint32_t h = 0;

        for (const unsigned char *p = (const unsigned char *) name; *p; p++) {
                h = (h << 4) + *p;
                h ^= (h >> 24) & 0xf0;
        }
        return h & 0x0fffffff;
}

/* Is symbol `index` defined, and called so? Returns 1 and the symbol, or 0. */
static int symbol_is(ElfSource *s, uint64_t index, const char *name, ElfSymbol *ret) {
        const char *string;
        uint64_t offset;
        int k;

        k = elf_source_symbol(s, index, ret);
        if (k < 0)
                return k;
        if (!ret->defined || ret->name >= s->strings_size || __builtin_add_overflow(s->strings, ret->name, &offset))
                return 0;
        k = elf_reader_string(&s->r, offset, &string);
        if (k == -ENODATA)
                return 0;
        return k < 0 ? k : streq(string, name);
}

static int find_gnu_hash(ElfSource *s, const ElfFile *e, const char *name, ElfSymbol *ret) {
        uint32_t hash = gnu_hash(name);
        uint64_t index, word;
        ElfTable t;
        int k;

        k = gnu_hash_table(e, &t);
        if (k < 0 || e->gnu_hash_nbuckets == 0)
                return k;
        k = hash_word(s, &t, hash % e->gnu_hash_nbuckets, &index);
        if (k < 0 || index < e->gnu_hash_symoffset || index == 0)
                return k;
        for (unsigned step = 0; step < CHAIN_MAX; step++, index++) {
                k = hash_word(s, &t, e->gnu_hash_nbuckets + (index - e->gnu_hash_symoffset), &word);
                if (k < 0)
                        return k;
                if ((word | 1) == (hash | 1)) {
                        k = symbol_is(s, index, name, ret);
                        if (k != 0)
                                return k;
                }
                if (word & 1)
                        break;
        }
        return 0;
}

static int find_hash(ElfSource *s, const ElfTable *t, const char *name, ElfSymbol *ret) {
        uint64_t n, index;
        int k;

        k = hash_word(s, t, 0, &n);
        if (k < 0 || n == 0)
                return k;
        k = hash_word(s, t, 2 + sysv_hash(name) % n, &index);
        for (unsigned step = 0; k >= 0 && index != 0 && step < CHAIN_MAX; step++) {
                k = symbol_is(s, index, name, ret);
                if (k != 0)
                        return k;
                if (__builtin_add_overflow(index, 2 + n, &index))
                        return -ENODATA;
                k = hash_word(s, t, index, &index);
        }
        return k;
}

int elf_symbol_find(int fd, const ElfFile *e, const char *name, uint64_t *ret_value, uint64_t *ret_size) {
        ElfSymbol symbol;
        ElfTable t;
        ElfSource s;
        int k;

        k = elf_source_init(&s, fd, e);
        if (k > 0) {
                if (e->gnu_hash)
                        k = find_gnu_hash(&s, e, name, &symbol);
                else
                        k = hash_table(&s, e, &t) ? find_hash(&s, &t, name, &symbol) : 0;
        }
        if (k == 0 || k == -ENODATA)
                return -ENOENT;
        if (k < 0)
                return k;
        *ret_value = symbol.value;
        *ret_size = symbol.size;
        return 0;
}
