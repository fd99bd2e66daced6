/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One symbol of .symtab, which loading does not need and strip(1) removes. It has no hash
 * table: the name is searched in the string table first, and then only offsets are
 * compared, so that both tables are read once, from their beginnings to their ends.
 */

#include <elf.h>

#include "elf/elf-section.h"
#include "elf/elf-symtab.h"

/* Enough for what is linked statically; the largest programs, with all their symbols, have some 100 MiB, and are skipped. */
#define STRINGS_MAX (16u << 20)
/* Names may share their ends: so many places where a name ends that way. */
#define PLACES_MAX 8u
#define NAME_LENGTH_MAX 64u

typedef struct Places {
        uint64_t offsets[PLACES_MAX];
        size_t n;
} Places;

/* Every offset of the string, with its NUL. */
static int find_string(ElfReader *r, const ElfSection *strings, const char *name, Places *ret) {
        const size_t size = strlen(name) + 1;

        for (uint64_t at = 0; at + size <= strings->size && ret->n < PLACES_MAX;) {
                const uint64_t left = strings->size - at;
                const size_t n = left < ELF_WINDOW ? (size_t) left : ELF_WINDOW;
                const uint8_t *p, *found;
                int k;

                k = elf_reader_view(r, strings->offset + at, n, &p);
                if (k < 0)
                        return k;
                found = memmem(p, n, name, size);
                if (found) {
                        ret->offsets[ret->n++] = at + (uint64_t) (found - p);
                        at += (uint64_t) (found - p) + 1;
                } else
                        at += n - size + 1;
        }
        return 0;
}

static bool is_at(const Places *places, uint32_t name) {
        for (size_t i = 0; i < places->n; i++)
                if (places->offsets[i] == name)
                        return true;
        return false;
}

static int find_symbol(ElfReader *r, const ElfSection *symbols, const Places *places, uint64_t *ret_value, uint64_t *ret_size) {
        const bool wide = r->class == 64;
        ElfTable t = { .offset = symbols->offset, .entry_size = wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym) };

        t.n = symbols->size / t.entry_size;
        if (t.n > ELF_SYMBOLS_MAX)
                return -ENODATA;
        for (uint64_t i = 0; i < t.n; i++) {
                const uint8_t *p;
                int k;

                k = elf_table_view(r, &t, i, &p);
                if (k < 0)
                        return k;
                if (!is_at(places, elf_u32(r, p)) || elf_u16(r, p + (wide ? 6 : 14)) == SHN_UNDEF)
                        continue;
                *ret_value = elf_word(r, p + (wide ? 8 : 4));
                *ret_size = elf_word(r, p + (wide ? 16 : 8));
                return 0;
        }
        return -ENOENT;
}

int elf_symtab_find(int fd, const ElfFile *e, const char *name, uint64_t *ret_value, uint64_t *ret_size) {
        const ElfSection *symbols;
        ElfSections sections;
        Places places = {};
        ElfReader r;
        int k;

        if (strlen(name) > NAME_LENGTH_MAX)
                return -EINVAL;
        k = elf_reader_init(&r, fd);
        if (k < 0)
                return k;
        k = elf_sections_read(&r, e, &sections);
        if (k < 0)
                return k;
        k = elf_section_find(&r, &sections, ".symtab", SHT_SYMTAB, &symbols);
        if (k <= 0)
                return k < 0 ? k : -ENODATA;
        if (symbols->link >= sections.n || sections.items[symbols->link].size > STRINGS_MAX)
                return -ENODATA;
        k = find_string(&r, &sections.items[symbols->link], name, &places);
        if (k < 0)
                return k;
        return places.n == 0 ? -ENOENT : find_symbol(&r, symbols, &places, ret_value, ret_size);
}
