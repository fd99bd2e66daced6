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

#include "elf/elf-go.h"

#define SECTION_NAME ".go.buildinfo"
#define MAGIC "\xff Go buildinf:"
#define MAGIC_ALIGN 16u
/* The section follows .data: that of large programs is some hundred KiB. */
#define SEARCH_MAX (4u << 20)

static int magic_at(ElfReader *r, uint64_t offset) {
        const uint8_t *p;
        int k;

        k = elf_reader_view(r, offset, sizeof(MAGIC) - 1, &p);
        return k < 0 ? k : memcmp(p, MAGIC, sizeof(MAGIC) - 1) == 0;
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

int elf_go_search(ElfReader *r, const ElfFile *e, const ElfSections *sections) {
        size_t budget = SEARCH_MAX;

        if (sections->n > 0) {
                const ElfSection *section;
                int k = elf_section_find(r, sections, SECTION_NAME, SHT_PROGBITS, &section);

                if (k > 0)
                        k = section->size < sizeof(MAGIC) - 1 ? 0 : magic_at(r, section->offset);
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
