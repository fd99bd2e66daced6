/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The dynamic symbols of an ELF file, by name. */

#include <elf.h>

#include "elf/elf-hash.h"
#include "elf/elf-symbols.h"

#ifndef STB_GNU_UNIQUE
#define STB_GNU_UNIQUE 10
#endif

/* A string table is copied whole: the largest known (Chromium, LLVM) have some MiB. */
#define STRINGS_MAX (64u << 20)

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
        free(s->bound);
        free(s->weak_exports);
        *s = (ElfSymbols){};
}

/* --- relocations: which symbols are looked up when this file is loaded --- */

/* Marks the symbols that relocations name in a bit map of `n` bits; *highest is one more than the highest of them. */
static int relocations_mark(ElfSource *s, const ElfTable *t, uint8_t *marks, uint64_t n, uint64_t *highest) {
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

static int relocation_tables_mark(ElfSource *s, const ElfFile *e, uint8_t *marks, uint64_t n, uint64_t *highest) {
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
 * Where nothing is hashed, the highest that a relocation names: what is imported and
 * not relocated is not looked up.
 */
static int symbols_count(ElfSource *s, const ElfFile *e, uint64_t *ret) {
        int k;

        k = elf_source_count(s, e, ret);
        return k < 0 || *ret > 0 ? k : relocation_tables_mark(s, e, NULL, 0, ret);
}

/* --- the tables --- */

static int strings_read(ElfSource *s, char **ret) {
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
        Names exports, imports, unique, unique_bound, bound, weak_exports;
} Lists;

static void lists_done(Lists *l) {
        free(l->exports.items);
        free(l->imports.items);
        free(l->unique.items);
        free(l->unique_bound.items);
        free(l->bound.items);
        free(l->weak_exports.items);
}

static int lists_add(Lists *l, const ElfSymbol *symbol, const char *name, bool bound) {
        bool ok;

        if (symbol->bind != STB_GLOBAL && symbol->bind != STB_WEAK && symbol->bind != STB_GNU_UNIQUE)
                return 0;
        if (symbol->visibility != STV_DEFAULT && symbol->visibility != STV_PROTECTED)
                return 0;

        ok = names_add(symbol->defined ? &l->exports : &l->imports, name);
        /* A protected one is bound to itself, whatever others define. */
        if (bound && symbol->visibility == STV_DEFAULT)
                ok = ok && names_add(&l->bound, name);
        if (symbol->defined && symbol->bind == STB_WEAK)
                ok = ok && names_add(&l->weak_exports, name);
        if (symbol->defined && symbol->bind == STB_GNU_UNIQUE)
                ok = ok && names_add(&l->unique, name) && (!bound || names_add(&l->unique_bound, name));
        return ok ? 0 : -ENOMEM;
}

/* Returns 0; -ENODATA: something is missing, what was read stays; -errno. */
static int lists_read(ElfSource *s, const ElfFile *e, const char *strings, uint64_t n, Lists *l) {
        _cleanup_free_ uint8_t *marks = NULL;
        uint64_t highest = 0;
        /* Honest names share their ends at most. Names that overlap must not make sorting them dear. */
        uint64_t budget = 4 * s->strings_size;
        int relocations, k;

        marks = calloc(1, (size_t) n / 8 + 1);
        if (!marks)
                return -ENOMEM;
        relocations = relocation_tables_mark(s, e, marks, n, &highest);
        if (relocations < 0 && relocations != -ENODATA)
                return relocations;

        for (uint64_t i = 1; i < n; i++) {
                ElfSymbol symbol;
                size_t length;

                k = elf_source_symbol(s, i, &symbol);
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

/* What lies outside the file is noted as `cut`, and is no error. */
static int missing(bool *cut, int r) {
        if (r != -ENODATA)
                return r;
        *cut = true;
        return 0;
}

static int symbols_fill(ElfSource *s, const ElfFile *e, ElfSymbols *ret) {
        _cleanup_(lists_done) Lists l = {};
        uint64_t n = 0, ignored;
        int k;

        ret->versioned = elf_dynamic_get(&s->dynamic, DT_VERDEF, &ignored);
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
        names_finish(&l.bound, &ret->bound, &ret->n_bound);
        names_finish(&l.weak_exports, &ret->weak_exports, &ret->n_weak_exports);
        return 0;
}

int elf_symbols_read(int fd, const ElfFile *e, ElfSymbols *ret) {
        _cleanup_(elf_symbols_done) ElfSymbols symbols = {};
        ElfSource s;
        int k;

        k = elf_source_init(&s, fd, e);
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

bool elf_symbols_contain_prefix(const char *const *table, size_t n, const char *prefix) {
        size_t low = 0, high = n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (strcmp(table[middle], prefix) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < n && strncmp(table[low], prefix, strlen(prefix)) == 0;
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
