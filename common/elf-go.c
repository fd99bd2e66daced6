/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The linker of Go puts a section .go.buildinfo into all it makes, 16-byte aligned in
 * writable data, that begins with a magic (debug/buildinfo, cmd/link/internal/ld/data.go).
 * It survives strip(1) and the removal of the notes.
 *
 * Nearly every file has section headers, and then two small reads decide. Only where
 * they were removed as well is data searched, and not more than SEARCH_MAX of it.
 */

#include <elf.h>

#include "elf-go.h"

#define SECTION_NAME ".go.buildinfo"
#define MAGIC "\xff Go buildinf:"
#define MAGIC_ALIGN 16u
#define SECTIONS_MAX 256u
/* The section follows .data: that of large programs is some hundred KiB. */
#define SEARCH_MAX (4u << 20)

typedef struct Section {
        uint32_t name, type;
        uint64_t offset, size;
} Section;

static int section_read(ElfReader *r, const ElfTable *table, uint64_t i, Section *ret) {
        size_t word = elf_word_size(r);
        const uint8_t *p;
        int k;

        k = elf_table_view(r, table, i, &p);
        if (k < 0)
                return k;
        *ret = (Section){
                .name = elf_u32(r, p),
                .type = elf_u32(r, p + 4),
                .offset = elf_word(r, p + 8 + 2 * word),
                .size = elf_word(r, p + 8 + 3 * word),
        };
        return 0;
}

/* false: it has no section headers that could be believed. */
static bool sections_find(const ElfReader *r, const ElfFile *e, ElfTable *ret, uint16_t *ret_names) {
        size_t word = elf_word_size(r);
        const uint8_t *p = e->header + 24 + 3 * word + 10; /* e_shentsize, e_shnum, e_shstrndx */
        uint64_t offset = elf_word(r, e->header + 24 + 2 * word);
        uint16_t n = elf_u16(r, p + 2), names = elf_u16(r, p + 4);

        if (offset == 0 || n == 0 || n > SECTIONS_MAX || names >= n ||
            elf_u16(r, p) != (r->class == 64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr)))
                return false;
        *ret = (ElfTable){ .offset = offset, .n = n, .entry_size = elf_u16(r, p) };
        *ret_names = names;
        return true;
}

static int magic_at(ElfReader *r, uint64_t offset) {
        const uint8_t *p;
        int k;

        k = elf_reader_view(r, offset, sizeof(MAGIC) - 1, &p);
        return k < 0 ? k : memcmp(p, MAGIC, sizeof(MAGIC) - 1) == 0;
}

static int sections_search(ElfReader *r, const ElfTable *table, uint16_t names_index) {
        Section names, sections[SECTIONS_MAX];
        int k;

        /* All headers first, then their names: each lies in one piece. */
        for (uint64_t i = 0; i < table->n; i++) {
                k = section_read(r, table, i, &sections[i]);
                if (k < 0)
                        return k;
        }
        names = sections[names_index];
        for (uint64_t i = 0; i < table->n; i++) {
                const uint8_t *p;
                uint64_t name;

                /* What cannot be it costs no look at the names. */
                if (sections[i].type != SHT_PROGBITS || sections[i].size < sizeof(MAGIC) - 1 ||
                    sections[i].name >= names.size || names.size - sections[i].name < sizeof(SECTION_NAME) ||
                    __builtin_add_overflow(names.offset, sections[i].name, &name))
                        continue;
                k = elf_reader_view(r, name, sizeof(SECTION_NAME), &p);
                if (k < 0)
                        return k;
                if (memcmp(p, SECTION_NAME, sizeof(SECTION_NAME)) == 0)
                        return magic_at(r, sections[i].offset);
        }
        return 0;
}

/* Where in a writable segment to begin: what is read-only after relocation comes first, and may be large. */
static uint64_t data_start(const ElfFile *e, const ElfSegment *s) {
        for (size_t i = 0; i < e->n_segments; i++) {
                const ElfSegment *relro = &e->segments[i];

                if (relro->type == PT_GNU_RELRO && relro->address == s->address && relro->memory_size < s->file_size)
                        return relro->memory_size - relro->memory_size % MAGIC_ALIGN;
        }
        return 0;
}

static int segment_search(ElfReader *r, const ElfSegment *s, uint64_t at, size_t *budget) {
        /* Aligned as an address. */
        at += (MAGIC_ALIGN - (s->address + at) % MAGIC_ALIGN) % MAGIC_ALIGN;
        for (; *budget > 0 && at < s->file_size && s->file_size - at >= sizeof(MAGIC) - 1; at += MAGIC_ALIGN) {
                int k = magic_at(r, s->offset + at);

                if (k != 0)
                        return k;
                *budget -= MAGIC_ALIGN;
        }
        return 0;
}

int elf_go_search(ElfReader *r, const ElfFile *e) {
        size_t budget = SEARCH_MAX;
        ElfTable sections;
        uint16_t names;

        if (sections_find(r, e, &sections, &names)) {
                int k = sections_search(r, &sections, names);

                if (k != -ENODATA)
                        return k;
        }
        for (size_t i = 0; i < e->n_segments; i++) {
                const ElfSegment *s = &e->segments[i];
                int k;

                if (s->type != PT_LOAD || (s->flags & (PF_W | PF_X)) != PF_W)
                        continue;
                k = segment_search(r, s, data_start(e, s), &budget);
                if (k != 0 && k != -ENODATA)
                        return k;
        }
        return 0;
}
