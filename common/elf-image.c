/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>
#include <endian.h>

#include "elf-image.h"

#define HOST_DATA (__BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB)
/* A program has about a dozen program headers. */
#define PHDRS_MAX 64u
/* Bytes of notes that are read of one segment: a build-id stands within the first hundred. */
#define NOTES_MAX 1024u

typedef struct Notes {
        uint64_t offset, size, align;
} Notes;

/* The i-th program header, if it is a PT_NOTE. Returns 1, 0, -errno. */
static int read_phdr(Memory *m, uint64_t base, const Elf64_Ehdr *e, unsigned i, Notes *ret) {
        union {
                Elf64_Phdr p64;
                Elf32_Phdr p32;
        } u;
        const bool wide = e->e_ident[EI_CLASS] == ELFCLASS64;
        const uint64_t at = base + e->e_phoff + (uint64_t) i * e->e_phentsize;
        int r;

        r = memory_read(m, at, &u, wide ? sizeof(u.p64) : sizeof(u.p32));
        if (r < 0)
                return r;
        *ret = wide ? (Notes){ u.p64.p_offset, u.p64.p_filesz, u.p64.p_align } :
                (Notes){ u.p32.p_offset, u.p32.p_filesz, u.p32.p_align };
        return (wide ? u.p64.p_type : u.p32.p_type) == PT_NOTE;
}

/* The header, in the 64-bit form. */
static int read_header(Memory *m, uint64_t base, Elf64_Ehdr *ret) {
        union {
                Elf64_Ehdr e64;
                Elf32_Ehdr e32;
        } u;
        int r;

        r = memory_read(m, base, &u.e32, sizeof(u.e32));
        if (r < 0)
                return r;
        if (memcmp(u.e32.e_ident, ELFMAG, SELFMAG) != 0 || u.e32.e_ident[EI_DATA] != HOST_DATA)
                return -ENOEXEC;
        if (u.e32.e_ident[EI_CLASS] == ELFCLASS64) {
                r = memory_read(m, base, &u.e64, sizeof(u.e64));
                *ret = u.e64;
                return r < 0 ? r : u.e64.e_phentsize == sizeof(Elf64_Phdr) ? 0 : -ENOEXEC;
        }
        *ret = (Elf64_Ehdr){ .e_machine = u.e32.e_machine, .e_phoff = u.e32.e_phoff, .e_phnum = u.e32.e_phnum, .e_phentsize = u.e32.e_phentsize };
        memcpy(ret->e_ident, u.e32.e_ident, EI_NIDENT);
        return u.e32.e_ident[EI_CLASS] == ELFCLASS32 && u.e32.e_phentsize == sizeof(Elf32_Phdr) ? 0 : -ENOEXEC;
}

static uint64_t round_up(uint64_t n, uint64_t align) {
        return (n + align - 1) / align * align;
}

/* gabi, "Note Section": name and descriptor are padded to 4 bytes, or to 8 where the segment says so. */
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
        Elf64_Ehdr e;
        int r;

        r = read_header(memory, base, &e);
        if (r < 0)
                return r;
        if (e.e_phnum > PHDRS_MAX || e.e_phoff > size || (uint64_t) e.e_phnum * e.e_phentsize > size - e.e_phoff)
                return -ENOEXEC;
        image.class = e.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
        image.machine = e.e_machine;
        for (unsigned i = 0; i < e.e_phnum && image.build_id_length == 0; i++) {
                Notes n;

                r = read_phdr(memory, base, &e, i, &n);
                if (r < 0)
                        return r;
                if (r == 0 || n.offset > size || n.size > size - n.offset)
                        continue;
                if (n.size > sizeof(bytes))
                        n.size = sizeof(bytes);
                r = memory_read(memory, base + n.offset, bytes, n.size);
                if (r < 0)
                        return r;
                find_build_id(bytes, n.size, n.align, &image);
        }
        *ret = image;
        return 0;
}
