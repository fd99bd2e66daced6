/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>

#include "rtld/elf-image.h"
#include "rtld/link-map-image.h"

/* All strings of one object together. */
#define STRINGS_SIZE_MAX (256u << 10)

typedef struct Image {
        Memory *memory;
        const LinkMap *map;
        size_t word;            /* bytes of a pointer */
        uint64_t start, end;    /* what its PT_LOADs occupy; 0: not known */
        uint64_t strings;       /* address of DT_STRTAB in the process; 0: not known */
        size_t strings_left;
        ElfFile elf;
} Image;

/* A sum of addresses, as the process itself computes it. */
static uint64_t sum(const Image *i, uint64_t a, uint64_t b) {
        return i->word == 8 ? a + b : (uint32_t) (a + b);
}

/* --- headers --- */

static bool read_header(Image *i, uint64_t address) {
        ElfFile e;

        if (elf_image_read_header(i->memory, address, &e) < 0 || e.class != i->elf.class)
                return false;
        i->elf = e;
        return true;
}

static bool is_wanted(const ElfSegment *s) {
        uint64_t ignored;

        return (s->type == PT_LOAD || s->type == PT_DYNAMIC || s->type == PT_INTERP || s->type == PT_TLS) &&
               !__builtin_add_overflow(s->offset, s->file_size, &ignored) &&
               !__builtin_add_overflow(s->address, s->file_size, &ignored) &&
               !__builtin_add_overflow(s->address, s->memory_size, &ignored);
}

static void take_segment(Image *i, const ElfSegment *s) {
        const uint64_t from = sum(i, i->map->l_addr, s->address), to = sum(i, from, s->memory_size);
        ElfFile *e = &i->elf;

        e->segments[e->n_segments++] = *s;
        e->tls = e->tls || s->type == PT_TLS;
        if (s->type != PT_LOAD || to <= from)
                return;
        i->start = i->end == 0 || from < i->start ? from : i->start;
        i->end = to > i->end ? to : i->end;
}

/* Without headers nothing is known of the place of the object; its dynamic section may still be read. */
static int read_headers(Image *i, uint64_t header) {
        const size_t size = i->word == 8 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
        ElfFile *e = &i->elf;

        if (header == 0 || !read_header(i, header) || e->phnum > ELF_PHDRS_MAX)
                return 0;
        e->segments = calloc((size_t) e->phnum + 1, sizeof(*e->segments));
        if (!e->segments)
                return -ENOMEM;
        for (size_t k = 0; k < e->phnum; k++) {
                ElfSegment s;

                if (elf_image_read_segment(i->memory, sum(i, header, e->phoff + k * size), e->class, &s, /* ret_align= */ NULL) < 0) {
                        i->start = i->end = 0;
                        e->n_segments = 0;
                        return 0;
                }
                if (is_wanted(&s))
                        take_segment(i, &s);
        }
        return 0;
}

/* --- the dynamic section --- */

/*
 * glibc adds l_addr to the addresses in the dynamic section, but for where that is
 * read-only (elf/get-dynamic-info.h; MIPS and RISC-V: DL_RO_DYN_SECTION); musl never does.
 */
static uint64_t address_of(const Image *i, uint64_t value) {
        const uint64_t biased = sum(i, i->map->l_addr, value);

        if (i->end == 0) /* a link-time address is smaller than where anything is loaded to */
                return value >= i->map->l_addr ? value : biased;
        if (value >= i->start && value < i->end)
                return value;
        return biased >= i->start && biased < i->end ? biased : 0;
}

/* A copy of the string at an address. Where it cannot be read, *ret is untouched and `cut` is set. */
static int read_string(Image *i, uint64_t address, char **ret) {
        char *string;
        size_t max = i->strings_left < ELF_STRING_MAX ? i->strings_left : ELF_STRING_MAX;
        int r;

        r = max > 0 && address != 0 ? memory_read_string(i->memory, address, max, &string) : -ENODATA;
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                i->elf.cut = true;
                return 0;
        }
        i->strings_left -= strlen(string) + 1;
        free(*ret);
        *ret = string;
        return 0;
}

static int read_name(Image *i, uint64_t offset, char **ret) {
        return read_string(i, i->strings == 0 ? 0 : sum(i, i->strings, offset), ret);
}

static int add_name(Image *i, uint64_t offset, char **names, size_t *n) {
        int r;

        r = read_name(i, offset, &names[*n]);
        *n += r >= 0 && names[*n];
        return r;
}

/* nbuckets, symoffset, number of bloom words, bloom shift: glibc elf/dl-setup_hash.c. */
static void read_gnu_hash(Image *i, uint64_t value) {
        const uint64_t address = address_of(i, value);
        ElfFile *e = &i->elf;
        uint32_t words[4];

        if (i->end == 0 || address == 0 || memory_read(i->memory, address, words, sizeof(words)) < 0)
                return;
        e->gnu_hash = true;
        e->gnu_hash_nbuckets = words[0];
        e->gnu_hash_symoffset = words[1];
        e->gnu_hash_maskwords = words[2];
        e->gnu_hash_shift = words[3];
        e->gnu_hash_address = sum(i, address, -i->map->l_addr);
}

typedef struct DynamicEntry {
        uint64_t tag, value;
} DynamicEntry;

static int take_entry(Image *i, const DynamicEntry *entry) {
        ElfFile *e = &i->elf;

        switch (entry->tag) {
        case DT_NEEDED:
        case DT_FILTER:
                return add_name(i, entry->value, e->needed, &e->n_needed);
        case DT_AUXILIARY:
                return add_name(i, entry->value, e->auxiliary, &e->n_auxiliary);
        case DT_SONAME:
                return read_name(i, entry->value, &e->soname);
        case DT_FLAGS:
                e->flags = entry->value;
                return 0;
        case DT_FLAGS_1:
                e->flags_1 = entry->value;
                return 0;
        case DT_GNU_HASH:
                read_gnu_hash(i, entry->value);
                return 0;
        default:
                return 0;
        }
}

/* Up to DT_NULL. Returns how many entries, or -ENODATA. */
static int read_entries(const Image *i, DynamicEntry *entries, size_t max) {
        for (size_t k = 0; k < max; k++) {
                const uint64_t at = sum(i, i->map->l_ld, k * 2 * i->word);

                if (memory_read_word(i->memory, at, i->word, &entries[k].tag) < 0 ||
                    memory_read_word(i->memory, at + i->word, i->word, &entries[k].value) < 0)
                        return -ENODATA;
                if (entries[k].tag == DT_NULL)
                        return (int) k;
        }
        return -ENODATA;
}

static int read_dynamic(Image *i) {
        DynamicEntry entries[ELF_DYNAMIC_MAX];
        int n = read_entries(i, entries, ELF_DYNAMIC_MAX);

        if (n < 0)
                return n;
        i->elf.needed = calloc((size_t) n + 1, sizeof(*i->elf.needed));
        i->elf.auxiliary = calloc((size_t) n + 1, sizeof(*i->elf.auxiliary));
        if (!i->elf.needed || !i->elf.auxiliary)
                return -ENOMEM;
        for (int k = 0; k < n; k++)
                if (entries[k].tag == DT_STRTAB)
                        i->strings = address_of(i, entries[k].value);
        for (int k = 0; k < n; k++) {
                int r = take_entry(i, &entries[k]);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_interpreter(Image *i) {
        for (size_t k = 0; k < i->elf.n_segments; k++)
                if (i->elf.segments[k].type == PT_INTERP)
                        return read_string(i, sum(i, i->map->l_addr, i->elf.segments[k].address), &i->elf.interpreter);
        return 0;
}

int link_map_read_image(Memory *memory, const LinkMap *m, uint8_t class, uint64_t header, ElfFile *ret) {
        Image i = {
                .memory = memory,
                .map = m,
                .word = class / 8,
                .strings_left = STRINGS_SIZE_MAX,
                .elf = { .class = class, .big_endian = __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ },
        };
        int r;

        r = read_headers(&i, header);
        if (r >= 0)
                r = read_dynamic(&i);
        if (r >= 0)
                r = read_interpreter(&i);
        if (r < 0) {
                elf_file_done(&i.elf);
                return r;
        }
        i.elf.dynamic = true;
        *ret = i.elf;
        return 0;
}
