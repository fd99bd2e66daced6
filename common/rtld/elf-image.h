/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What of an ELF file can be read where it is mapped, when the file itself cannot be opened: map_files is refused, or
 * its file system may not answer. It lies in memory that the process can write.
 */

#include "elf/elf-file.h"
#include "proc/memory.h"

typedef struct ElfImage {
        uint8_t class;    /* 32 or 64 */
        uint16_t machine; /* EM_… */
        uint8_t build_id_length; /* NT_GNU_BUILD_ID; 0: there is none */
        uint8_t build_id[BUILD_ID_MAX];
} ElfImage;

/*
 * The ELF header at `base`: class, byte order, type, machine, entry, phoff and phnum; nothing is owned. Only of the host's
 * byte order. Returns 0; -ENOEXEC: no such header there; -errno of memory_read().
 */
int elf_image_read_header(Memory *memory, uint64_t base, ElfFile *ret);
/* One program header; ret_align: p_align, may be NULL. class: 32 or 64. Returns 0 or -errno of memory_read(). */
int elf_image_read_segment(Memory *memory, uint64_t address, uint8_t class, ElfSegment *ret, uint64_t *ret_align);

/*
 * Of the image whose ELF header is mapped at `base`; size: bytes from there on that are of the file. Only images of the
 * host's byte order. Returns 0; -ENOEXEC: no such header there; -errno of memory_read().
 */
int elf_image_read(Memory *memory, uint64_t base, uint64_t size, ElfImage *ret);
