/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>

#include "elf/elf-section.h"

/* The section names that are searched for are shorter. */
#define NAME_MAX_LENGTH 32u

/* gabi, "Section Header". */
static int header_read(ElfReader *r, const ElfTable *table, uint64_t i, ElfSection *ret) {
        size_t word = elf_word_size(r);
        const uint8_t *p;
        int k;

        k = elf_table_view(r, table, i, &p);
        if (k < 0)
                return k;
        *ret = (ElfSection){
                .name = elf_u32(r, p),
                .type = elf_u32(r, p + 4),
                .offset = elf_word(r, p + 8 + 2 * word),
                .size = elf_word(r, p + 8 + 3 * word),
                .link = elf_u32(r, p + 8 + 4 * word),
        };
        return 0;
}

/* false: it has no valid section headers. */
static bool table_find(const ElfReader *r, const ElfFile *e, ElfTable *ret, uint16_t *ret_names) {
        size_t word = elf_word_size(r);
        const uint8_t *p = e->header + 24 + 3 * word + 10; /* e_shentsize, e_shnum, e_shstrndx */
        uint64_t offset = elf_word(r, e->header + 24 + 2 * word);
        uint16_t n = elf_u16(r, p + 2), names = elf_u16(r, p + 4);

        if (offset == 0 || n == 0 || n > ELF_SECTIONS_MAX || names >= n ||
            elf_u16(r, p) != (r->class == 64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr)))
                return false;
        *ret = (ElfTable){ .offset = offset, .n = n, .entry_size = elf_u16(r, p) };
        *ret_names = names;
        return true;
}

/* All headers first, then their names: each lies in one piece. */
int elf_sections_read(ElfReader *r, const ElfFile *e, ElfSections *ret) {
        ElfTable table;
        uint16_t names;

        ret->n = 0;
        if (!table_find(r, e, &table, &names))
                return 0;
        for (uint64_t i = 0; i < table.n; i++) {
                int k = header_read(r, &table, i, &ret->items[i]);

                if (k < 0)
                        return k;
        }
        ret->names = ret->items[names];
        ret->n = table.n;
        return 0;
}

static int name_is(ElfReader *r, const ElfSections *s, const ElfSection *section, const char *name, size_t size) {
        const uint8_t *p;
        uint64_t at;
        int k;

        if (section->name >= s->names.size || s->names.size - section->name < size ||
            __builtin_add_overflow(s->names.offset, section->name, &at))
                return 0;
        k = elf_reader_view(r, at, size, &p);
        return k < 0 ? k : memcmp(p, name, size) == 0;
}

int elf_section_find(ElfReader *r, const ElfSections *s, const char *name, uint32_t type, const ElfSection **ret) {
        const size_t size = strlen(name) + 1;

        for (size_t i = 0; size <= NAME_MAX_LENGTH && i < s->n; i++) {
                int k = s->items[i].type == type ? name_is(r, s, &s->items[i], name, size) : 0;

                if (k < 0)
                        return k;
                if (k > 0) {
                        *ret = &s->items[i];
                        return 1;
                }
        }
        return 0;
}

int elf_comment_has(ElfReader *r, const ElfSections *s, const char *beginning) {
        const size_t n = strlen(beginning);
        const ElfSection *section;
        const uint8_t *p;
        size_t size;
        int k;

        k = elf_section_find(r, s, ".comment", SHT_PROGBITS, &section);
        if (k <= 0)
                return k;
        size = section->size < ELF_WINDOW ? (size_t) section->size : ELF_WINDOW;
        k = elf_reader_view(r, section->offset, size, &p);
        if (k < 0)
                return k;
        for (size_t at = 0; at < size && n <= size - at; at += strnlen((const char *) p + at, size - at) + 1)
                if (memcmp(p + at, beginning, n) == 0)
                        return 1;
        return 0;
}
