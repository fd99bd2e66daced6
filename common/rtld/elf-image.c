/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>
#include <endian.h>

#include "rtld/elf-image.h"

#define HOST_DATA (__BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB)
/* A program has about a dozen program headers. */
#define PHDRS_MAX 64u
/* Bytes of notes that are read of one segment: a build-id is within the first hundred. */
#define NOTES_MAX 1024u

int elf_image_read_header(Memory *memory, uint64_t base, ElfFile *ret) {
        union {
                Elf64_Ehdr e64;
                Elf32_Ehdr e32;
        } u;
        ElfFile e = { .big_endian = HOST_DATA == ELFDATA2MSB };
        int r;

        r = memory_read(memory, base, &u.e32, sizeof(u.e32));
        if (r < 0)
                return r;
        if (memcmp(u.e32.e_ident, ELFMAG, SELFMAG) != 0 || u.e32.e_ident[EI_DATA] != HOST_DATA)
                return -ENOEXEC;
        if (u.e32.e_ident[EI_CLASS] == ELFCLASS64) {
                r = memory_read(memory, base, &u.e64, sizeof(u.e64));
                if (r < 0)
                        return r;
                if (u.e64.e_phentsize != sizeof(Elf64_Phdr))
                        return -ENOEXEC;
                memcpy(e.header, &u.e64, sizeof(u.e64));
                e.class = 64;
                e.type = u.e64.e_type, e.machine = u.e64.e_machine, e.entry = u.e64.e_entry;
                e.phoff = u.e64.e_phoff, e.phnum = u.e64.e_phnum;
        } else {
                if (u.e32.e_ident[EI_CLASS] != ELFCLASS32 || u.e32.e_phentsize != sizeof(Elf32_Phdr))
                        return -ENOEXEC;
                memcpy(e.header, &u.e32, sizeof(u.e32));
                e.class = 32;
                e.type = u.e32.e_type, e.machine = u.e32.e_machine, e.entry = u.e32.e_entry;
                e.phoff = u.e32.e_phoff, e.phnum = u.e32.e_phnum;
        }
        *ret = e;
        return 0;
}

int elf_image_read_segment(Memory *memory, uint64_t address, uint8_t class, ElfSegment *ret, uint64_t *ret_align) {
        Elf64_Phdr wide;
        Elf32_Phdr narrow;
        int r;

        if (class == 64) {
                r = memory_read(memory, address, &wide, sizeof(wide));
                if (r < 0)
                        return r;
                *ret = (ElfSegment){ wide.p_type, wide.p_flags, wide.p_offset, wide.p_vaddr, wide.p_filesz, wide.p_memsz };
                if (ret_align)
                        *ret_align = wide.p_align;
                return 0;
        }
        r = memory_read(memory, address, &narrow, sizeof(narrow));
        if (r < 0)
                return r;
        *ret = (ElfSegment){ narrow.p_type, narrow.p_flags, narrow.p_offset, narrow.p_vaddr, narrow.p_filesz, narrow.p_memsz };
        if (ret_align)
                *ret_align = narrow.p_align;
        return 0;
}

static uint64_t round_up(uint64_t n, uint64_t align) {
        return (n + align - 1) / align * align;
}

/* gabi, "Note Section": name and descriptor are padded to 4 bytes, or to 8 if that is the alignment of the segment. */
static void find_build_id(const uint8_t *notes, uint64_t size, uint64_t align, ElfImage *ret) {
        Elf64_Nhdr n; /* the same for both classes */

        align = align == 8 ? 8 : 4;
        for (uint64_t at = 0; at + sizeof(n) <= size;) {
                uint64_t descriptor;

                memcpy(&n, notes + at, sizeof(n));
                descriptor = round_up(at + sizeof(n) + n.n_namesz, align);
                if (descriptor > size || n.n_descsz > size - descriptor)
                        return;
                if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 && memcmp(notes + at + sizeof(n), "GNU", 4) == 0) {
                        ret->build_id_length = n.n_descsz < BUILD_ID_MAX ? (uint8_t) n.n_descsz : BUILD_ID_MAX;
                        memcpy(ret->build_id, notes + descriptor, ret->build_id_length);
                        return;
                }
                at = round_up(descriptor + n.n_descsz, align);
        }
}

int elf_image_read(Memory *memory, uint64_t base, uint64_t size, ElfImage *ret) {
        uint8_t bytes[NOTES_MAX];
        ElfImage image = {};
        uint64_t entry_size;
        ElfFile e;
        int r;

        r = elf_image_read_header(memory, base, &e);
        if (r < 0)
                return r;
        entry_size = e.class == 64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
        if (e.phnum > PHDRS_MAX || e.phoff > size || e.phnum * entry_size > size - e.phoff)
                return -ENOEXEC;
        image.class = e.class;
        image.machine = e.machine;
        for (unsigned i = 0; i < e.phnum && image.build_id_length == 0; i++) {
                uint64_t align, n;
                ElfSegment s;

                r = elf_image_read_segment(memory, base + e.phoff + i * entry_size, e.class, &s, &align);
                if (r < 0)
                        return r;
                if (s.type != PT_NOTE || s.offset > size || s.file_size > size - s.offset)
                        continue;
                n = s.file_size < sizeof(bytes) ? s.file_size : sizeof(bytes);
                r = memory_read(memory, base + s.offset, bytes, n);
                if (r < 0)
                        return r;
                find_build_id(bytes, n, align, &image);
        }
        *ret = image;
        return 0;
}
