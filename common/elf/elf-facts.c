/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>

#include "elf/elf-facts.h"

void elf_file_done(ElfFile *e) {
        for (size_t i = 0; e->needed && i < e->n_needed; i++)
                free(e->needed[i]);
        free(e->needed);
        for (size_t i = 0; e->auxiliary && i < e->n_auxiliary; i++)
                free(e->auxiliary[i]);
        free(e->auxiliary);
        free(e->segments);
        free(e->interpreter);
        free(e->soname);
        free(e->runpath);
        free(e->audit);
        *e = (ElfFile){};
}

bool elf_file_nodelete(const ElfFile *e) {
        return e->flags_1 & DF_1_NODELETE;
}

size_t elf_file_hash_word(const ElfFile *e) {
        return e->class == 64 && (e->machine == EM_S390 || e->machine == EM_ALPHA) ? 8 : 4;
}

bool elf_file_offset(const ElfFile *e, uint64_t address, uint64_t *ret) {
        for (size_t i = 0; i < e->n_segments; i++) {
                const ElfSegment *s = &e->segments[i];

                if (s->type == PT_LOAD && address >= s->address && address - s->address < s->file_size) {
                        *ret = s->offset + (address - s->address);
                        return true;
                }
        }
        return false;
}
