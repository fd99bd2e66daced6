/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The dynamic symbols of an ELF file, by name; and one of them, by the file's own hash table. */

#include <elf.h>

#include "elf-reader.h"

#ifndef STB_GNU_UNIQUE
#define STB_GNU_UNIQUE 10
#endif

/* A string table is copied whole: the largest known (Chromium, LLVM) have some MiB. */
#define STRINGS_MAX (64u << 20)
/* Steps along one hash chain: an honest one has a handful. */
#define CHAIN_MAX 4096u

typedef struct Symbol {
        uint32_t name;
        uint8_t bind, visibility;
        bool defined;
        uint64_t value, size;
} Symbol;

/* What of a file the symbols need: its reader, where the tables are. */
typedef struct Source {
        ElfReader r;
        ElfDynamic dynamic;
        ElfTable symbols;      /* .n: what fits into the file */
        uint64_t strings;      /* offset */
        uint64_t strings_size;
} Source;

/* A list under construction. */
typedef struct Names {
        const char **items;
        size_t n, allocated;
} Names;

void elf_symbols_done(ElfSymbols *s) {
        free(s->strings);
        free(s->exports);
        free(s->imports);
        free(s->unique);
        free(s->unique_bound);
        free(s->weak_exports);
        *s = (ElfSymbols){};
}

/* Returns 1; 0: it has no dynamic symbols; -ENODATA: they lie outside the file; -errno. */
static int source_init(Source *s, int fd, const ElfFile *e) {
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

static int symbol_read(Source *s, uint64_t index, Symbol *ret) {
        bool wide = s->r.class == 64;
        const uint8_t *p;
        uint8_t info;
        int k;

        k = elf_table_view(&s->r, &s->symbols, index, &p);
        if (k < 0)
                return k;
        info = p[wide ? 4 : 12];
        *ret = (Symbol){
                .name = elf_u32(&s->r, p),
                .bind = ELF64_ST_BIND(info),
                .visibility = ELF64_ST_VISIBILITY(p[wide ? 5 : 13]),
                .defined = elf_u16(&s->r, p + (wide ? 6 : 14)) != SHN_UNDEF,
                .value = elf_word(&s->r, p + (wide ? 8 : 4)),
                .size = elf_word(&s->r, p + (wide ? 16 : 8)),
        };
        return 0;
}

/* --- how many there are: no tag says it --- */

/* DT_HASH has words of 4 bytes, but for these two (glibc Elf_Symndx, bits/elfclass.h). */
static size_t hash_word_size(const ElfFile *e) {
        return e->class == 64 && (e->machine == EM_S390 || e->machine == EM_ALPHA) ? 8 : 4;
}

static bool hash_table(Source *s, const ElfFile *e, ElfTable *ret) {
        uint64_t address;

        *ret = (ElfTable){ .n = UINT64_MAX, .entry_size = hash_word_size(e) };
        return elf_dynamic_get(&s->dynamic, DT_HASH, &address) && elf_file_offset(e, address, &ret->offset);
}

static int hash_word(Source *s, const ElfTable *t, uint64_t i, uint64_t *ret) {
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
static int gnu_hash_count(Source *s, const ElfFile *e, uint64_t *ret) {
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

/* --- relocations: which symbols are looked up when this file is loaded --- */

/* Marks the symbols that relocations name in a bit map of `n` bits; *highest is one more than the highest of them. */
static int relocations_mark(Source *s, const ElfTable *t, uint8_t *marks, uint64_t n, uint64_t *highest) {
        bool wide = s->r.class == 64;

        for (uint64_t i = 0; i < t->n; i++) {
                const uint8_t *p;
                uint64_t info, symbol;
                int k;

                if (i == ELF_RELOCATIONS_MAX)
                        return -ENODATA;
                k = elf_table_view(&s->r, t, i, &p);
                if (k < 0)
                        return k;
                info = elf_word(&s->r, p + elf_word_size(&s->r));
                symbol = wide ? info >> 32 : info >> 8;
                if (symbol < n)
                        marks[symbol / 8] |= (uint8_t) (1u << symbol % 8);
                if (symbol < ELF_SYMBOLS_MAX && symbol >= *highest)
                        *highest = symbol + 1;
        }
        return 0;
}

static int relocation_tables_mark(Source *s, const ElfFile *e, uint8_t *marks, uint64_t n, uint64_t *highest) {
        size_t word = elf_word_size(&s->r);
        uint64_t plt_type = DT_RELA;
        const struct {
                uint64_t address, size;
                size_t entry_size;
        } tables[] = {
                { DT_RELA, DT_RELASZ, 3 * word },
                { DT_REL, DT_RELSZ, 2 * word },
                { DT_JMPREL, DT_PLTRELSZ, 0 },
        };

        elf_dynamic_get(&s->dynamic, DT_PLTREL, &plt_type);
        for (size_t i = 0; i < ELEMENTSOF(tables); i++) {
                size_t size = tables[i].entry_size ? tables[i].entry_size : plt_type == DT_REL ? 2 * word : 3 * word;
                ElfTable t;
                int k;

                if (!elf_dynamic_table(e, &s->dynamic, tables[i].address, tables[i].size, size, &t))
                        continue;
                k = relocations_mark(s, &t, marks, n, highest);
                if (k < 0)
                        return k;
        }
        return 0;
}

/*
 * DT_HASH says it; DT_GNU_HASH shows it, unless nothing is hashed: then the highest
 * that a relocation names, as what is imported and not relocated is not looked up.
 */
static int symbols_count(Source *s, const ElfFile *e, uint64_t *ret) {
        uint64_t n = 0;
        ElfTable t;
        int k;

        if (hash_table(s, e, &t)) {
                k = hash_word(s, &t, 1, &n);
                if (k < 0)
                        return k;
        } else if (e->gnu_hash) {
                k = gnu_hash_count(s, e, &n);
                if (k < 0)
                        return k;
        }
        if (n == 0) {
                k = relocation_tables_mark(s, e, NULL, 0, &n);
                if (k < 0)
                        return k;
        }
        *ret = n;
        return 0;
}

/* --- the tables --- */

static int strings_read(Source *s, char **ret) {
        _cleanup_free_ char *strings = NULL;
        size_t n = (size_t) s->strings_size, have = 0;

        if (s->strings_size > STRINGS_MAX)
                return -ENODATA;
        strings = malloc(n + 1);
        if (!strings)
                return -ENOMEM;
        while (have < n) {
                ssize_t k = pread(s->r.fd, strings + have, n - have, (off_t) (s->strings + have));

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                if (k == 0)
                        return -ENODATA;
                have += (size_t) k;
        }
        strings[n] = '\0';
        *ret = TAKE_PTR(strings);
        return 0;
}

static bool names_add(Names *names, const char *name) {
        if (!GROW(names->items, names->allocated, names->n + 1))
                return false;
        names->items[names->n++] = name;
        return true;
}

static int name_compare(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static void names_finish(Names *names, const char ***ret, size_t *ret_n) {
        size_t n = 0;

        if (names->n > 1)
                qsort(names->items, names->n, sizeof(*names->items), name_compare);
        for (size_t i = 0; i < names->n; i++)
                if (n == 0 || !streq(names->items[n - 1], names->items[i]))
                        names->items[n++] = names->items[i];
        *ret = TAKE_PTR(names->items);
        *ret_n = n;
}

typedef struct Lists {
        Names exports, imports, unique, unique_bound, weak_exports;
} Lists;

static void lists_done(Lists *l) {
        free(l->exports.items);
        free(l->imports.items);
        free(l->unique.items);
        free(l->unique_bound.items);
        free(l->weak_exports.items);
}

static int lists_add(Lists *l, const Symbol *symbol, const char *name, bool bound) {
        bool ok = true;

        if (symbol->bind != STB_GLOBAL && symbol->bind != STB_WEAK && symbol->bind != STB_GNU_UNIQUE)
                return 0;
        if (symbol->visibility != STV_DEFAULT && symbol->visibility != STV_PROTECTED)
                return 0;
        if (!symbol->defined)
                return names_add(&l->imports, name) ? 0 : -ENOMEM;
        ok = names_add(&l->exports, name);
        if (symbol->bind == STB_WEAK)
                ok = ok && names_add(&l->weak_exports, name);
        if (symbol->bind == STB_GNU_UNIQUE)
                ok = ok && names_add(&l->unique, name) && (!bound || names_add(&l->unique_bound, name));
        return ok ? 0 : -ENOMEM;
}

/* Returns 0; -ENODATA: something is missing, what was read stays; -errno. */
static int lists_read(Source *s, const ElfFile *e, const char *strings, uint64_t n, Lists *l) {
        _cleanup_free_ uint8_t *marks = NULL;
        uint64_t highest = 0;
        /* Honest names share their ends at most. Sorting costs what they are long: names that overlap may not make it dear. */
        uint64_t budget = 4 * s->strings_size;
        int relocations, k;

        marks = calloc(1, (size_t) n / 8 + 1);
        if (!marks)
                return -ENOMEM;
        relocations = relocation_tables_mark(s, e, marks, n, &highest);
        if (relocations < 0 && relocations != -ENODATA)
                return relocations;

        for (uint64_t i = 1; i < n; i++) {
                Symbol symbol;
                size_t length;

                k = symbol_read(s, i, &symbol);
                if (k < 0)
                        return k;
                if (symbol.name == 0)
                        continue;
                if (symbol.name >= s->strings_size)
                        return -ENODATA;
                length = strlen(strings + symbol.name);
                if (length > budget)
                        return -ENODATA;
                budget -= length;
                k = lists_add(l, &symbol, strings + symbol.name, marks[i / 8] >> i % 8 & 1);
                if (k < 0)
                        return k;
        }
        return relocations;
}

/* As the facts: what is missing is said, and is no error. */
static int missing(bool *cut, int r) {
        if (r != -ENODATA)
                return r;
        *cut = true;
        return 0;
}

static int symbols_fill(Source *s, const ElfFile *e, ElfSymbols *ret) {
        _cleanup_(lists_done) Lists l = {};
        uint64_t n = 0;
        int k;

        k = missing(&ret->cut, symbols_count(s, e, &n));
        if (k < 0)
                return k;
        if (n > ELF_SYMBOLS_MAX || n > s->symbols.n) {
                n = s->symbols.n < ELF_SYMBOLS_MAX ? s->symbols.n : ELF_SYMBOLS_MAX;
                ret->cut = true;
        }
        k = strings_read(s, &ret->strings);
        if (k < 0)
                return missing(&ret->cut, k);
        k = missing(&ret->cut, lists_read(s, e, ret->strings, n, &l));
        if (k < 0)
                return k;

        names_finish(&l.exports, &ret->exports, &ret->n_exports);
        names_finish(&l.imports, &ret->imports, &ret->n_imports);
        names_finish(&l.unique, &ret->unique, &ret->n_unique);
        names_finish(&l.unique_bound, &ret->unique_bound, &ret->n_unique_bound);
        names_finish(&l.weak_exports, &ret->weak_exports, &ret->n_weak_exports);
        return 0;
}

int elf_symbols_read(int fd, const ElfFile *e, ElfSymbols *ret) {
        _cleanup_(elf_symbols_done) ElfSymbols symbols = {};
        Source s;
        int k;

        k = source_init(&s, fd, e);
        if (k > 0)
                k = symbols_fill(&s, e, &symbols);
        k = missing(&symbols.cut, k);
        if (k < 0)
                return k;

        *ret = symbols;
        symbols = (ElfSymbols){};
        return 0;
}

bool elf_symbols_contain(const char *const *table, size_t n, const char *name) {
        return n > 0 && bsearch(&name, table, n, sizeof(*table), name_compare);
}

const char *elf_symbols_common(const char *const *a, size_t n_a, const char *const *b, size_t n_b) {
        for (size_t i = 0, j = 0; i < n_a && j < n_b;) {
                int order = strcmp(a[i], b[j]);

                if (order == 0)
                        return a[i];
                if (order < 0)
                        i++;
                else
                        j++;
        }
        return NULL;
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
static int symbol_is(Source *s, uint64_t index, const char *name, Symbol *ret) {
        const char *string;
        uint64_t offset;
        int k;

        k = symbol_read(s, index, ret);
        if (k < 0)
                return k;
        if (!ret->defined || ret->name >= s->strings_size || __builtin_add_overflow(s->strings, ret->name, &offset))
                return 0;
        k = elf_reader_string(&s->r, offset, &string);
        if (k == -ENODATA)
                return 0;
        return k < 0 ? k : streq(string, name);
}

static int find_gnu_hash(Source *s, const ElfFile *e, const char *name, Symbol *ret) {
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

static int find_hash(Source *s, const ElfTable *t, const char *name, Symbol *ret) {
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
        Symbol symbol;
        ElfTable t;
        Source s;
        int k;

        k = source_init(&s, fd, e);
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
