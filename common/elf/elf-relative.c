/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Relative relocations are sorted by address and come first in their table (ld(1)
 * -z combreloc). A sample is taken: large tables at a few places only, and of each
 * span only a few words, so that reading them in the file costs a few reads.
 */

#include <elf.h>

#include "elf/elf-relative.h"

#ifndef DT_RELR /* glibc 2.36 */
#define DT_RELRSZ 35
#define DT_RELR 36
#endif

/* The file is read in such pieces; of each, so many words are enough. */
#define SPAN 4096u
#define WORDS_PER_SPAN 8u
#define BLOCKS 4u
#define BLOCK_ENTRIES 128u

typedef struct Item {
        uint64_t target, addend;
        bool has_addend; /* DT_RELA; else the word in the file is it */
} Item;

/* The words found so far: [true] those in RELRO, [false] the others. */
typedef struct Sample {
        const ElfFile *elf;
        size_t word;
        struct {
                Item items[ELF_RELATIVES_MAX];
                size_t n;
                uint64_t span;
                unsigned in_span;
        } kinds[2];
} Sample;

/* The type of a relative relocation; 0: none is known. <elf.h>, and the psABI of each. */
static uint32_t relative_type(uint16_t machine, uint8_t class) {
        switch (machine) {
        case EM_X86_64:
                return R_X86_64_RELATIVE;
        case EM_386:
                return R_386_RELATIVE;
        case EM_AARCH64:
                return class == 64 ? R_AARCH64_RELATIVE : 183; /* R_AARCH64_P32_RELATIVE */
        case EM_ARM:
                return R_ARM_RELATIVE;
        case EM_PPC64:
                return R_PPC64_RELATIVE;
        case EM_PPC:
                return R_PPC_RELATIVE;
        case EM_RISCV:
                return R_RISCV_RELATIVE;
        case EM_S390:
                return R_390_RELATIVE;
        case 258: /* EM_LOONGARCH */
                return 3; /* R_LARCH_RELATIVE */
        default:
                return 0;
        }
}

/* The loader protects whole pages only (glibc elf/dl-reloc.c, _dl_protect_relro()). */
static bool in_relro(const ElfFile *e, uint64_t address, size_t word) {
        for (size_t i = 0; i < e->n_segments; i++) {
                const ElfSegment *s = &e->segments[i];
                uint64_t end;

                if (s->type != PT_GNU_RELRO || __builtin_add_overflow(s->address, s->memory_size, &end))
                        continue;
                end -= end % page_size();
                if (address >= s->address && address < end && end - address >= word)
                        return true;
        }
        return false;
}

static void sample_add(Sample *s, const Item *item) {
        bool relro = in_relro(s->elf, item->target, s->word);
        uint64_t offset, span = item->target / SPAN;

        if (s->kinds[relro].n == ELF_RELATIVES_MAX || !elf_file_offset(s->elf, item->target, &offset))
                return;
        if (s->kinds[relro].span != span) {
                s->kinds[relro].span = span;
                s->kinds[relro].in_span = 0;
        }
        if (s->kinds[relro].in_span++ < WORDS_PER_SPAN)
                s->kinds[relro].items[s->kinds[relro].n++] = *item;
}

/* One entry of DT_RELA or DT_REL. */
static void relocation_add(Sample *s, const ElfReader *r, const uint8_t *p, bool has_addend, uint32_t type) {
        uint64_t info = elf_word(r, p + s->word);
        Item item = { .target = elf_word(r, p), .has_addend = has_addend };

        if ((r->class == 64 ? info & 0xffffffff : info & 0xff) != type)
                return;
        if (has_addend)
                item.addend = elf_word(r, p + 2 * s->word);
        sample_add(s, &item);
}

/*
 * One word of DT_RELR (gabi, "Relative Relocation Table"): an even one is an address;
 * the bits of an odd one are the following words that are relocated too.
 */
static void relr_add(Sample *s, uint64_t entry, uint64_t *at) {
        unsigned bits = (unsigned) s->word * 8 - 1;

        if (entry % 2 == 0) {
                sample_add(s, &(Item){ .target = entry });
                *at = entry + s->word;
        } else if (*at != 0) {
                for (unsigned i = 0; i < bits; i++)
                        if (entry >> (i + 1) & 1)
                                sample_add(s, &(Item){ .target = *at + i * s->word });
                *at += bits * s->word;
        }
}

/* Some blocks of a table, the whole of a small one. type 0: a DT_RELR. */
static int table_sample(Sample *s, ElfReader *r, const ElfTable *t, bool has_addend, uint32_t type) {
        uint64_t blocks = t->n <= BLOCKS * BLOCK_ENTRIES ? 1 : BLOCKS;

        for (uint64_t b = 0; b < blocks; b++) {
                uint64_t first = t->n / blocks * b, at = 0;

                for (uint64_t i = first; i < t->n && i - first < BLOCKS * BLOCK_ENTRIES / blocks; i++) {
                        const uint8_t *p;
                        int k;

                        k = elf_table_view(r, t, i, &p);
                        if (k < 0)
                                return k;
                        if (type == 0)
                                relr_add(s, elf_word(r, p), &at);
                        else
                                relocation_add(s, r, p, has_addend, type);
                }
        }
        return 0;
}

static int tables_sample(Sample *s, ElfReader *r, const ElfFile *e, const ElfDynamic *d) {
        uint32_t type = relative_type(e->machine, e->class);
        uint64_t count;
        ElfTable t;
        int k;

        if (type == 0)
                return 0;
        if (elf_dynamic_table(e, d, DT_RELR, DT_RELRSZ, s->word, &t)) {
                k = table_sample(s, r, &t, /* has_addend= */ false, /* type= */ 0);
                if (k < 0)
                        return k;
        }
        if (elf_dynamic_table(e, d, DT_RELA, DT_RELASZ, 3 * s->word, &t)) {
                if (elf_dynamic_get(d, DT_RELACOUNT, &count) && count < t.n)
                        t.n = count;
                k = table_sample(s, r, &t, /* has_addend= */ true, type);
                if (k < 0)
                        return k;
        }
        if (elf_dynamic_table(e, d, DT_REL, DT_RELSZ, 2 * s->word, &t)) {
                if (elf_dynamic_get(d, DT_RELCOUNT, &count) && count < t.n)
                        t.n = count;
                k = table_sample(s, r, &t, /* has_addend= */ false, type);
                if (k < 0)
                        return k;
        }
        return 0;
}

int elf_relatives_read(ElfReader *r, ElfFile *e, const ElfDynamic *d) {
        Sample s = { .elf = e, .word = elf_word_size(r) };
        int sampled, k;

        sampled = tables_sample(&s, r, e, d);
        if (sampled < 0 && sampled != -ENODATA)
                return sampled;

        for (int relro = 1; relro >= 0; relro--)
                for (size_t i = 0; i < s.kinds[relro].n && e->n_relatives < ELF_RELATIVES_MAX; i++) {
                        const Item *item = &s.kinds[relro].items[i];
                        uint64_t offset, in_file;
                        const uint8_t *p;

                        if (!elf_file_offset(e, item->target, &offset))
                                continue;
                        k = elf_reader_view(r, offset, s.word, &p);
                        if (k == -ENODATA)
                                continue;
                        if (k < 0)
                                return k;
                        in_file = elf_word(r, p);
                        e->relatives[e->n_relatives++] = (ElfRelative){
                                .target = item->target,
                                .value = item->has_addend ? item->addend : in_file,
                                .in_file = in_file,
                                .relro = relro,
                        };
                }
        return sampled;
}
