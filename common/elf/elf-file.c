/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>

#include "elf/elf-file.h"
#include "elf/elf-go.h"
#include "elf/elf-reader.h"
#include "elf/elf-relative.h"

#ifndef NT_GNU_BUILD_ID
#define NT_GNU_BUILD_ID 3
#endif
/* cmd/link/internal/ld/elf.go: the note "Go" of this type carries the build id of the Go tool chain. */
#define NT_GO_BUILD_ID 4

/* Bytes of notes that are read of one segment: a build id is within the first hundred. */
#define NOTES_MAX 4096

/* What lies outside the file is skipped, and noted as `cut`. Other errors are returned. */
static int missing(ElfFile *e, int r) {
        if (r != -ENODATA)
                return r;
        e->cut = true;
        return 0;
}

static int header_read(ElfReader *r, ElfFile *e) {
        size_t size = r->class == 64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr), word = elf_word_size(r);
        const uint8_t *p;
        int k;

        k = elf_reader_view(r, 0, size, &p);
        if (k < 0)
                return k == -ENODATA ? -EBADMSG : k;

        memcpy(e->header, p, size);
        e->class = r->class;
        e->big_endian = r->big_endian;
        e->type = elf_u16(r, p + 16);
        e->machine = elf_u16(r, p + 18);
        e->entry = elf_word(r, p + 24);
        e->phoff = elf_word(r, p + 24 + word);
        /* e_phoff and e_shoff, e_flags and e_ehsize, then e_phentsize: the kernel and the loader take no other. */
        p += 24 + 3 * word + 6;
        e->phnum = elf_u16(r, p + 2);
        if (e->phnum > 0 && elf_u16(r, p) != (r->class == 64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
                return -EBADMSG;
        return 0;
}

static ElfSegment segment_parse(const ElfReader *r, const uint8_t *p, uint64_t *ret_align) {
        size_t word = elf_word_size(r);
        const uint8_t *q = p + word; /* p_offset: class 32 has p_flags near the end */

        *ret_align = elf_word(r, r->class == 64 ? p + 48 : p + 28);
        return (ElfSegment){
                .type = elf_u32(r, p),
                .flags = elf_u32(r, r->class == 64 ? p + 4 : p + 24),
                .offset = elf_word(r, q),
                .address = elf_word(r, q + word),
                .file_size = elf_word(r, q + 3 * word),
                .memory_size = elf_word(r, q + 4 * word),
        };
}

static bool segment_wanted(uint32_t type) {
        return type == PT_LOAD || type == PT_DYNAMIC || type == PT_INTERP || type == PT_NOTE || type == PT_TLS ||
               type == PT_GNU_RELRO;
}

/* From here on, no offset or address inside a segment overflows. */
static bool segment_sane(const ElfSegment *s) {
        uint64_t ignored;

        return !__builtin_add_overflow(s->offset, s->file_size, &ignored) &&
               !__builtin_add_overflow(s->address, s->file_size, &ignored) &&
               !__builtin_add_overflow(s->address, s->memory_size, &ignored);
}

static uint64_t round_up(uint64_t n, uint64_t align) {
        return (n + align - 1) / align * align;
}

/* A note's name and descriptor are padded to 4 bytes, or to 8 if that is the alignment of the segment (gabi, "Note Section"). */
static int notes_read(ElfReader *r, ElfFile *e, const ElfSegment *s, uint64_t align) {
        uint64_t end = s->file_size < NOTES_MAX ? s->file_size : NOTES_MAX;

        align = align == 8 ? 8 : 4;
        for (uint64_t at = 0; at + 12 <= end;) {
                uint64_t name_size, size, descriptor;
                const uint8_t *p;
                uint32_t type;
                int k;

                k = elf_reader_view(r, s->offset + at, 12, &p);
                if (k < 0)
                        return missing(e, k);
                name_size = elf_u32(r, p);
                size = elf_u32(r, p + 4);
                type = elf_u32(r, p + 8);
                descriptor = round_up(at + 12 + name_size, align);
                if (descriptor > end || size > end - descriptor)
                        return 0;

                k = elf_reader_view(r, s->offset + at, (size_t) (descriptor + size - at), &p);
                if (k < 0)
                        return missing(e, k);
                if (type == NT_GO_BUILD_ID && name_size == 4 && memcmp(p + 12, "Go\0", 4) == 0)
                        e->go = true;
                if (type == NT_GNU_BUILD_ID && name_size == 4 && memcmp(p + 12, "GNU", 4) == 0 &&
                    e->build_id_length == 0) {
                        e->build_id_length = size < BUILD_ID_MAX ? (uint8_t) size : BUILD_ID_MAX;
                        memcpy(e->build_id, p + (descriptor - at), e->build_id_length);
                        e->build_id_address = s->address + descriptor;
                }
                at = round_up(descriptor + size, align);
        }
        return 0;
}

static int segments_read(ElfReader *r, ElfFile *e) {
        size_t size = r->class == 64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr), n = e->phnum;
        uint64_t aligns[ELF_PHDRS_MAX], ignored, end;

        if (__builtin_add_overflow(e->phoff, n * size, &end) || end > r->size)
                return -EBADMSG;
        if (n > ELF_PHDRS_MAX) {
                n = ELF_PHDRS_MAX;
                e->cut = true;
        }
        e->segments = calloc(n > 0 ? n : 1, sizeof(*e->segments));
        if (!e->segments)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                ElfSegment s;
                const uint8_t *p;
                int k;

                k = elf_reader_view(r, e->phoff + i * size, size, &p);
                if (k < 0)
                        return missing(e, k);
                s = segment_parse(r, p, &aligns[e->n_segments]);
                if (!segment_wanted(s.type))
                        continue;
                if (segment_sane(&s))
                        e->segments[e->n_segments++] = s;
                else
                        e->cut = true;
        }
        for (size_t i = 0; i < e->n_segments; i++)
                if (e->segments[i].type == PT_NOTE) {
                        int k = notes_read(r, e, &e->segments[i], aligns[i]);

                        if (k < 0)
                                return k;
                }
        /* The build id must be readable from memory as well. */
        if (e->build_id_length > 0 && !elf_file_offset(e, e->build_id_address, &ignored))
                e->build_id_address = 0;
        return 0;
}

/* A copy of a string in the file. Leaves *ret alone where there is none to be had. */
static int string_read(ElfReader *r, ElfFile *e, uint64_t offset, char **ret) {
        const char *s;
        char *copy;
        int k;

        k = elf_reader_string(r, offset, &s);
        if (k < 0)
                return missing(e, k);
        copy = strdup(s);
        if (!copy)
                return -ENOMEM;
        free(*ret);
        *ret = copy;
        return 0;
}

/* The interpreter is read by the kernel, which goes by the offset (fs/binfmt_elf.c). */
static int interpreter_read(ElfReader *r, ElfFile *e) {
        for (size_t i = 0; i < e->n_segments; i++)
                if (e->segments[i].type == PT_INTERP)
                        return string_read(r, e, e->segments[i].offset, &e->interpreter);
        return 0;
}

static int dynamic_string(ElfReader *r, ElfFile *e, const ElfDynamic *d, uint64_t value, char **ret) {
        uint64_t table, address, offset;

        if (!elf_dynamic_get(d, DT_STRTAB, &table) || __builtin_add_overflow(table, value, &address) ||
            !elf_file_offset(e, address, &offset))
                return missing(e, -ENODATA);
        return string_read(r, e, offset, ret);
}

static int name_add(ElfReader *r, ElfFile *e, const ElfDynamic *d, uint64_t value, char **names, size_t *n) {
        int k;

        if (*n == ELF_NEEDED_MAX)
                return missing(e, -ENODATA);
        k = dynamic_string(r, e, d, value, &names[*n]);
        *n += k >= 0 && names[*n];
        return k;
}

static int needed_read(ElfReader *r, ElfFile *e, const ElfDynamic *d) {
        const size_t n = ELF_NEEDED_MAX < d->n ? ELF_NEEDED_MAX : d->n;

        e->needed = calloc(n + 1, sizeof(*e->needed));
        e->auxiliary = calloc(n + 1, sizeof(*e->auxiliary));
        if (!e->needed || !e->auxiliary)
                return -ENOMEM;

        for (size_t i = 0; i < d->n; i++) {
                const uint64_t tag = d->entries[i].tag, value = d->entries[i].value;
                int k = 0;

                if (tag == DT_NEEDED || tag == DT_FILTER)
                        k = name_add(r, e, d, value, e->needed, &e->n_needed);
                else if (tag == DT_AUXILIARY)
                        k = name_add(r, e, d, value, e->auxiliary, &e->n_auxiliary);
                if (k < 0)
                        return k;
        }
        return 0;
}

static int names_read(ElfReader *r, ElfFile *e, const ElfDynamic *d) {
        const struct {
                uint64_t tag;
                char **name;
        } names[] = {
                { DT_SONAME, &e->soname },
                { DT_RPATH, &e->runpath },
                { DT_RUNPATH, &e->runpath },
                { DT_DEPAUDIT, &e->audit },
                { DT_AUDIT, &e->audit },
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                uint64_t value;
                int k;

                if (!elf_dynamic_get(d, names[i].tag, &value))
                        continue;
                k = dynamic_string(r, e, d, value, names[i].name);
                if (k < 0)
                        return k;
        }
        return 0;
}

/* nbuckets, symoffset, number of bloom words, bloom shift: glibc elf/dl-setup_hash.c. */
static int gnu_hash_read(ElfReader *r, ElfFile *e, const ElfDynamic *d) {
        const uint8_t *p;
        uint64_t offset;
        int k;

        if (!elf_dynamic_get(d, DT_GNU_HASH, &e->gnu_hash_address))
                return 0;
        if (!elf_file_offset(e, e->gnu_hash_address, &offset))
                return missing(e, -ENODATA);
        k = elf_reader_view(r, offset, 16, &p);
        if (k < 0)
                return missing(e, k);
        e->gnu_hash = true;
        e->gnu_hash_nbuckets = elf_u32(r, p);
        e->gnu_hash_symoffset = elf_u32(r, p + 4);
        e->gnu_hash_maskwords = elf_u32(r, p + 8);
        e->gnu_hash_shift = elf_u32(r, p + 12);
        return 0;
}

static int dynamic_facts_read(ElfReader *r, ElfFile *e, const ElfDynamic *d) {
        uint64_t ignored, size;
        int k;

        e->cut = e->cut || d->cut;
        e->init = elf_dynamic_get(d, DT_INIT, &ignored);
        if (elf_dynamic_get(d, DT_INIT_ARRAYSZ, &size))
                e->n_constructors = size / elf_word_size(r);
        elf_dynamic_get(d, DT_FLAGS, &e->flags);
        elf_dynamic_get(d, DT_FLAGS_1, &e->flags_1);
        e->text_relocations = (e->flags & DF_TEXTREL) || elf_dynamic_get(d, DT_TEXTREL, &ignored);

        k = gnu_hash_read(r, e, d);
        if (k < 0)
                return k;
        k = needed_read(r, e, d);
        if (k < 0)
                return k;
        return names_read(r, e, d);
}

/* Which runtime is linked into it. */
static int origin_read(ElfReader *r, ElfFile *e) {
        ElfSections sections;
        int k;

        k = elf_sections_read(r, e, &sections);
        if (k < 0 && k != -ENODATA)
                return k;
        k = elf_comment_has(r, &sections, "rustc version ");
        if (k < 0 && k != -ENODATA)
                return k;
        e->rust = k > 0;
        if (e->go)
                return 0;
        k = elf_go_search(r, e, &sections);
        if (k < 0 && k != -ENODATA)
                return k;
        e->go = k > 0;
        return 0;
}

int elf_file_read(int fd, ElfFile *ret) {
        _cleanup_(elf_file_done) ElfFile e = {};
        ElfDynamic dynamic;
        ElfReader r;
        int k;

        k = elf_reader_init(&r, fd);
        if (k < 0)
                return k;
        k = header_read(&r, &e);
        if (k < 0)
                return k;
        k = segments_read(&r, &e);
        if (k < 0)
                return k;
        for (size_t i = 0; i < e.n_segments; i++) {
                e.dynamic = e.dynamic || e.segments[i].type == PT_DYNAMIC;
                e.tls = e.tls || e.segments[i].type == PT_TLS;
        }
        k = interpreter_read(&r, &e);
        if (k < 0)
                return k;
        k = elf_dynamic_read(&r, &e, &dynamic);
        if (k < 0)
                return k;
        k = dynamic_facts_read(&r, &e, &dynamic);
        if (k < 0)
                return k;
        k = missing(&e, elf_relatives_read(&r, &e, &dynamic));
        if (k < 0)
                return k;
        k = origin_read(&r, &e);
        if (k < 0)
                return k;

        *ret = e;
        e = (ElfFile){};
        return 0;
}
