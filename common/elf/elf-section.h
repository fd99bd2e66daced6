/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The section headers of an ELF file, which loading does not need and which may have been removed. */

#include "elf/elf-reader.h"

#define ELF_SECTIONS_MAX 256u

typedef struct ElfSection {
        uint32_t name, type, link; /* name: offset in .shstrtab; link: index of another section */
        uint64_t offset, size;
} ElfSection;

typedef struct ElfSections {
        ElfSection items[ELF_SECTIONS_MAX];
        size_t n;              /* 0: there are none, or no valid ones */
        ElfSection names;      /* .shstrtab */
} ElfSections;

/* Returns 0; -ENODATA: they lie outside the file; -errno. *ret has no sections then. */
int elf_sections_read(ElfReader *r, const ElfFile *e, ElfSections *ret);

/* The first section of this name and type. Returns 1; 0: there is none; -ENODATA, -errno. */
int elf_section_find(ElfReader *r, const ElfSections *s, const char *name, uint32_t type, const ElfSection **ret);

/* Does the compiler that left a string with this beginning in .comment have a part in it? Returns 1, 0, -ENODATA, -errno. */
int elf_comment_has(ElfReader *r, const ElfSections *s, const char *beginning);
