/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Builds small ELF files from a recipe, of any class and byte order, with no tool
 * chain; tests then break them. Addresses are not offsets, so that one taken for the
 * other is found. The GNU hash table has a single bucket.
 */

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <stdio.h>

#include "util/base.h"

#define BUILDER_BIAS 0x100000u /* address of offset 0 */
#define BUILDER_MAX 32768u

typedef enum BuilderHash {
        BUILDER_GNU_HASH,
        BUILDER_SYSV_HASH,
        BUILDER_NO_HASH,
} BuilderHash;

typedef enum BuilderGo {
        BUILDER_NO_GO,
        BUILDER_GO_NOTE,
        BUILDER_GO_SECTION, /* no note, but section headers */
        BUILDER_GO_DATA,    /* neither: the magic alone */
} BuilderGo;

typedef struct BuilderSymbol {
        const char *name;
        uint8_t bind;
        bool undefined, relocated;
        uint8_t visibility;
} BuilderSymbol;

typedef struct ElfRecipe {
        uint8_t class;         /* 0: 64 */
        bool big_endian;
        uint16_t type;         /* 0: ET_DYN */
        uint16_t machine;      /* 0: x86-64 */
        const char *interpreter, *soname, *rpath, *runpath, *audit;
        const char *needed[8]; /* up to the first NULL */
        const char *filter, *auxiliary;
        unsigned constructors; /* entries of DT_INIT_ARRAY */
        bool init;             /* DT_INIT */
        const char *comment;   /* with section headers */
        bool symtab;           /* the symbols are those of .symtab as well, with section headers */
        uint64_t flags, flags_1;
        uint8_t build_id_length;
        bool tls, text_relocations, no_dynamic, sections;
        bool versioned;        /* says that it defines versions; there are none */
        BuilderGo go;
        BuilderHash hash;
        BuilderSymbol symbols[16]; /* the undefined ones first */
        unsigned relatives;    /* number, one word apart from the start of the data on */
        bool rel, relr;        /* in which form; else RELA */
} ElfRecipe;

typedef struct ElfImage {
        uint8_t bytes[BUILDER_MAX];
        size_t size;
        uint8_t class;
        bool big_endian;
        /* where things are: offsets */
        size_t phdrs, notes, hash, symbols, strings, relocations, data, dynamic, sections;
        size_t n_phdrs, n_dynamic, strings_size;
} ElfImage;

static inline void image_put(ElfImage *m, size_t at, uint64_t value, size_t n) {
        for (size_t i = 0; i < n; i++)
                m->bytes[at + i] = (uint8_t) (value >> 8 * (m->big_endian ? n - 1 - i : i));
}

static inline size_t image_word(const ElfImage *m) {
        return m->class / 8;
}

static inline size_t image_take(ElfImage *m, size_t n, size_t align) {
        size_t at = (m->size + align - 1) / align * align;

        m->size = at + n;
        if (m->size > BUILDER_MAX)
                abort();
        return at;
}

static inline size_t image_string(ElfImage *m, const char *s) {
        size_t at = m->strings_size;

        memcpy(m->bytes + m->strings + at, s, strlen(s) + 1);
        m->strings_size += strlen(s) + 1;
        return at;
}

/* Sets program header i. */
static inline void image_phdr(ElfImage *m, size_t i, uint32_t type, uint32_t flags, size_t offset, size_t size) {
        size_t w = image_word(m), at = m->phdrs + i * (w == 8 ? 56 : 32), q = at + w;

        image_put(m, at, type, 4);
        image_put(m, w == 8 ? at + 4 : at + 24, flags, 4);
        image_put(m, q, offset, w);
        image_put(m, q + w, offset + BUILDER_BIAS, w);
        image_put(m, q + 2 * w, offset + BUILDER_BIAS, w);
        image_put(m, q + 3 * w, size, w);
        image_put(m, q + 4 * w, size, w);
        image_put(m, w == 8 ? at + 48 : at + 28, type == PT_LOAD ? 4096 : 4, w);
        if (i >= m->n_phdrs)
                m->n_phdrs = i + 1;
        image_put(m, w == 8 ? 56 : 44, m->n_phdrs, 2);
}

/* Changes one field of program header i, by its place in Elf64_Phdr: 2 p_offset, 3 p_vaddr, 5 p_filesz, 6 p_memsz. */
static inline void image_phdr_field(ElfImage *m, size_t i, unsigned field, uint64_t value) {
        size_t w = image_word(m), at = m->phdrs + i * (w == 8 ? 56 : 32);

        image_put(m, at + w + (field - 2) * w, value, w);
}

static inline void image_dynamic(ElfImage *m, uint64_t tag, uint64_t value) {
        size_t w = image_word(m);

        image_put(m, m->dynamic + m->n_dynamic * 2 * w, tag, w);
        image_put(m, m->dynamic + m->n_dynamic * 2 * w + w, value, w);
        m->n_dynamic++;
}

/* Changes the value of a tag that is there. */
static inline void image_dynamic_set(ElfImage *m, uint64_t tag, uint64_t value) {
        ElfImage wanted = { .class = m->class, .big_endian = m->big_endian };
        size_t w = image_word(m);

        image_put(&wanted, 0, tag, w);
        for (size_t i = 0; i < m->n_dynamic; i++)
                if (memcmp(m->bytes + m->dynamic + i * 2 * w, wanted.bytes, w) == 0)
                        image_put(m, m->dynamic + i * 2 * w + w, value, w);
}

static inline void image_header(ElfImage *m, const ElfRecipe *recipe) {
        size_t w = image_word(m);

        memcpy(m->bytes, ELFMAG, SELFMAG);
        m->bytes[EI_CLASS] = w == 8 ? ELFCLASS64 : ELFCLASS32;
        m->bytes[EI_DATA] = m->big_endian ? ELFDATA2MSB : ELFDATA2LSB;
        m->bytes[EI_VERSION] = EV_CURRENT;
        image_put(m, 16, recipe->type ? recipe->type : ET_DYN, 2);
        image_put(m, 18, recipe->machine ? recipe->machine : EM_X86_64, 2);
        image_put(m, 20, EV_CURRENT, 4);
        image_put(m, 24, 0x1234, w);
        m->phdrs = w == 8 ? 64 : 52;
        image_put(m, 24 + w, m->phdrs, w);
        image_put(m, 24 + 3 * w + 4, m->phdrs, 2);
        image_put(m, 24 + 3 * w + 6, w == 8 ? 56 : 32, 2);
        m->size = m->phdrs;
        image_take(m, 8 * (w == 8 ? 56 : 32), 1);
}

static inline size_t image_note(ElfImage *m, const char *name, uint32_t type, size_t length) {
        size_t at = image_take(m, 12 + 4 + (length + 3) / 4 * 4, 4);

        image_put(m, at, strlen(name) + 1 <= 3 ? 4 : strlen(name) + 1, 4); /* "Go" has namesz 4 */
        image_put(m, at + 4, length, 4);
        image_put(m, at + 8, type, 4);
        memcpy(m->bytes + at + 12, name, strlen(name));
        for (size_t i = 0; i < length; i++)
                m->bytes[at + 16 + i] = (uint8_t) (0xa0 + i);
        return at;
}

static inline uint32_t builder_gnu_hash(const char *s) {
        uint32_t h = 5381;

        for (; *s; s++)
                h = h * 33 + (unsigned char) *s;
        return h;
}

static inline void image_symbols(ElfImage *m, const ElfRecipe *recipe) {
        size_t w = image_word(m), size = w == 8 ? 24 : 16, n = 1, undefined = 1, count = 1;

        while (count <= ELEMENTSOF(recipe->symbols) && recipe->symbols[count - 1].name)
                count++;
        m->symbols = image_take(m, count * size, 8);
        for (n = 1; n < count; n++) {
                const BuilderSymbol *s = &recipe->symbols[n - 1];
                size_t at = m->symbols + n * size;

                image_put(m, at, image_string(m, s->name), 4);
                m->bytes[at + (w == 8 ? 4 : 12)] = (uint8_t) (s->bind << 4 | STT_OBJECT);
                m->bytes[at + (w == 8 ? 5 : 13)] = s->visibility;
                image_put(m, at + (w == 8 ? 6 : 14), s->undefined ? SHN_UNDEF : 7, 2);
                image_put(m, at + (w == 8 ? 8 : 4), s->undefined ? 0 : 0x4000 + n, w);
                image_put(m, at + (w == 8 ? 16 : 8), s->undefined ? 0 : 12, w);
                undefined += s->undefined;
        }

        if (recipe->hash == BUILDER_GNU_HASH) {
                m->hash = image_take(m, 16 + w + 4 + 4 * count, 8);
                image_put(m, m->hash, 1, 4);
                image_put(m, m->hash + 4, undefined < count ? undefined : 1, 4);
                image_put(m, m->hash + 8, 1, 4);
                image_put(m, m->hash + 12, 6, 4);
                image_put(m, m->hash + 16 + w, undefined < count ? undefined : 0, 4);
                for (n = undefined; n < count; n++)
                        image_put(m, m->hash + 16 + w + 4 + 4 * (n - undefined),
                                  (builder_gnu_hash(recipe->symbols[n - 1].name) & ~1u) | (n + 1 == count), 4);
        } else if (recipe->hash == BUILDER_SYSV_HASH) {
                const size_t wide = w == 8 && recipe->machine == EM_S390 ? 8 : 4; /* Elf_Symndx */

                m->hash = image_take(m, (3 + count) * wide, 8);
                image_put(m, m->hash, 1, wide);
                image_put(m, m->hash + wide, count, wide);
                image_put(m, m->hash + 2 * wide, count - 1, wide);
                for (n = count - 1; n > 0; n--)
                        image_put(m, m->hash + (3 + n) * wide, n - 1, wide);
        }
}

/* Relative ones first, then those that name symbols. */
static inline size_t image_relocations(ElfImage *m, const ElfRecipe *recipe, uint32_t relative_type) {
        size_t w = image_word(m), size = recipe->rel ? 2 * w : 3 * w, n = recipe->relr ? 0 : recipe->relatives, all = n;

        for (size_t i = 0; i < ELEMENTSOF(recipe->symbols); i++)
                all += recipe->symbols[i].relocated;
        m->relocations = image_take(m, all * size, 8);
        for (size_t i = 0; i < n; i++) {
                image_put(m, m->relocations + i * size, BUILDER_BIAS + m->data + i * w, w);
                image_put(m, m->relocations + i * size + w, relative_type, w);
                if (!recipe->rel)
                        image_put(m, m->relocations + i * size + 2 * w, 0x5000 + i, w);
        }
        for (size_t i = 0; i < ELEMENTSOF(recipe->symbols); i++)
                if (recipe->symbols[i].relocated) {
                        image_put(m, m->relocations + n * size, BUILDER_BIAS + m->data, w);
                        image_put(m, m->relocations + n * size + w, w == 8 ? (uint64_t) (i + 1) << 32 | 6 : (i + 1) << 8 | 6, w);
                        n++;
                }
        return n * size;
}

/* One address, then bit maps. */
static inline size_t image_relr(ElfImage *m, const ElfRecipe *recipe, size_t at) {
        size_t w = image_word(m), n = 0;

        for (unsigned done = 0; done < recipe->relatives;) {
                uint64_t bits = 1;

                if (done == 0) {
                        image_put(m, at, BUILDER_BIAS + m->data, w);
                        done = 1;
                } else {
                        for (unsigned bit = 1; bit < w * 8 && done < recipe->relatives; bit++, done++)
                                bits |= (uint64_t) 1 << bit;
                        image_put(m, at + n * w, bits, w);
                }
                n++;
        }
        return n * w;
}

static inline void image_section(ElfImage *m, unsigned index, uint32_t name, uint32_t type, size_t offset, size_t size, uint32_t link) {
        size_t w = image_word(m), at = m->sections + index * (w == 8 ? 64 : 40);

        image_put(m, at, name, 4);
        image_put(m, at + 4, type, 4);
        image_put(m, at + 8 + 2 * w, offset, w);
        image_put(m, at + 8 + 3 * w, size, w);
        image_put(m, at + 8 + 4 * w, link, 4);
}

static inline void image_sections(ElfImage *m, const ElfRecipe *recipe, size_t go) {
        static const char names[] = "\0.shstrtab\0.go.buildinfo\0.comment\0.symtab\0.strtab";
        static const char other[] = "GCC: (GNU) 12";
        size_t w = image_word(m), size = w == 8 ? 64 : 40, strings = image_take(m, sizeof(names), 1), comment = 0, length = 0, n = 0;

        memcpy(m->bytes + strings, names, sizeof(names));
        if (recipe->comment) { /* behind that of another compiler */
                length = sizeof(other) + strlen(recipe->comment) + 1;
                comment = image_take(m, length, 1);
                memcpy(m->bytes + comment, other, sizeof(other));
                memcpy(m->bytes + comment + sizeof(other), recipe->comment, strlen(recipe->comment) + 1);
        }
        while (n < ELEMENTSOF(recipe->symbols) && recipe->symbols[n].name)
                n++;
        m->sections = image_take(m, 6 * size, 8);
        image_put(m, 24 + 2 * w, m->sections, w);
        image_put(m, 24 + 3 * w + 10, size, 2);
        image_put(m, 24 + 3 * w + 12, 6, 2);
        image_put(m, 24 + 3 * w + 14, 1, 2);
        image_section(m, 1, 1, SHT_STRTAB, strings, sizeof(names), 0);
        image_section(m, 2, go ? 11 : 1, SHT_PROGBITS, go, 32, 0);
        if (recipe->comment)
                image_section(m, 3, 25, SHT_PROGBITS, comment, length, 0);
        if (recipe->symtab)
                image_section(m, 4, 34, SHT_SYMTAB, m->symbols, (n + 1) * (w == 8 ? 24 : 16), 5);
        image_section(m, 5, 42, SHT_STRTAB, m->strings, m->strings_size, 0);
}

static inline void image_dynamic_section(ElfImage *m, const ElfRecipe *recipe, size_t relocations_size, size_t relr, size_t relr_size) {
        size_t w = image_word(m);

        m->dynamic = image_take(m, 32 * 2 * w, 16);
        for (size_t i = 0; i < ELEMENTSOF(recipe->needed) && recipe->needed[i]; i++)
                image_dynamic(m, DT_NEEDED, image_string(m, recipe->needed[i]));
        if (recipe->init)
                image_dynamic(m, DT_INIT, BUILDER_BIAS);
        if (recipe->constructors > 0) {
                image_dynamic(m, DT_INIT_ARRAY, BUILDER_BIAS + m->data);
                image_dynamic(m, DT_INIT_ARRAYSZ, recipe->constructors * w);
        }
        if (recipe->filter)
                image_dynamic(m, DT_FILTER, image_string(m, recipe->filter));
        if (recipe->auxiliary)
                image_dynamic(m, DT_AUXILIARY, image_string(m, recipe->auxiliary));
        if (recipe->soname)
                image_dynamic(m, DT_SONAME, image_string(m, recipe->soname));
        if (recipe->rpath)
                image_dynamic(m, DT_RPATH, image_string(m, recipe->rpath));
        if (recipe->runpath)
                image_dynamic(m, DT_RUNPATH, image_string(m, recipe->runpath));
        if (recipe->audit)
                image_dynamic(m, DT_AUDIT, image_string(m, recipe->audit));
        if (recipe->flags)
                image_dynamic(m, DT_FLAGS, recipe->flags);
        if (recipe->flags_1)
                image_dynamic(m, DT_FLAGS_1, recipe->flags_1);
        if (recipe->versioned)
                image_dynamic(m, DT_VERDEF, BUILDER_BIAS);
        if (recipe->text_relocations)
                image_dynamic(m, DT_TEXTREL, 0);
        if (recipe->hash != BUILDER_NO_HASH)
                image_dynamic(m, recipe->hash == BUILDER_GNU_HASH ? DT_GNU_HASH : DT_HASH, m->hash + BUILDER_BIAS);
        if (relr_size > 0) {
                image_dynamic(m, 36 /* DT_RELR */, relr + BUILDER_BIAS);
                image_dynamic(m, 35 /* DT_RELRSZ */, relr_size);
        }
        if (relocations_size > 0) {
                image_dynamic(m, recipe->rel ? DT_REL : DT_RELA, m->relocations + BUILDER_BIAS);
                image_dynamic(m, recipe->rel ? DT_RELSZ : DT_RELASZ, relocations_size);
        }
        image_dynamic(m, DT_SYMTAB, m->symbols + BUILDER_BIAS);
        image_dynamic(m, DT_STRTAB, m->strings + BUILDER_BIAS);
        image_dynamic(m, DT_STRSZ, m->strings_size);
        image_dynamic(m, DT_NULL, 0);
}

/* relative_type: of the machine; only read where the recipe has relatives. */
static inline void image_build(ElfImage *m, const ElfRecipe *recipe, uint32_t relative_type) {
        size_t i = 0, interpreter = 0, relr, relr_size = 0, relocations_size, go = 0, w, data_size;

        *m = (ElfImage){ .class = recipe->class ? recipe->class : 64, .big_endian = recipe->big_endian };
        w = image_word(m);
        image_header(m, recipe);
        if (recipe->interpreter) {
                interpreter = image_take(m, strlen(recipe->interpreter) + 1, 1);
                strcpy((char *) m->bytes + interpreter, recipe->interpreter);
        }
        m->notes = image_take(m, 0, 4);
        if (recipe->build_id_length > 0)
                image_note(m, "GNU", 3, recipe->build_id_length);
        if (recipe->go == BUILDER_GO_NOTE)
                image_note(m, "Go", 4, 40);
        image_phdr(m, 2, PT_NOTE, PF_R, m->notes, m->size - m->notes);
        m->strings = image_take(m, 512, 1);
        m->strings_size = 1;
        image_symbols(m, recipe);
        /* The data begins on a page when it is to be protected. */
        m->data = recipe->relatives > 0 ? 4096 : 2048;
        relocations_size = image_relocations(m, recipe, relative_type);
        relr = image_take(m, 64, 8);
        if (recipe->relr)
                relr_size = image_relr(m, recipe, relr);
        if (m->size > m->data)
                m->data = (m->size + 4095) / 4096 * 4096;
        if (recipe->relatives > 0) /* again, now that the place of the data is known */
                m->size = m->relocations;
        if (recipe->relatives > 0) {
                relocations_size = image_relocations(m, recipe, relative_type);
                relr = image_take(m, 64, 8);
                relr_size = recipe->relr ? image_relr(m, recipe, relr) : 0;
        }
        m->size = m->data;
        data_size = recipe->relatives > 0 ? 4096 : 64;
        image_take(m, data_size, 1);
        for (unsigned k = 0; k < recipe->relatives; k++)
                image_put(m, m->data + k * w, 0x6000 + k, w);
        image_dynamic_section(m, recipe, relocations_size, relr, relr_size);
        if (recipe->go >= BUILDER_GO_SECTION) {
                go = image_take(m, 32, 16);
                memcpy(m->bytes + go, "\xff Go buildinf:", 14);
        }
        image_phdr(m, 0, PT_LOAD, PF_R | PF_X, 0, m->data);
        image_phdr(m, 1, PT_LOAD, PF_R | PF_W, m->data, m->size - m->data);
        i = 3;
        if (!recipe->no_dynamic)
                image_phdr(m, i++, PT_DYNAMIC, PF_R | PF_W, m->dynamic, 32 * 2 * w);
        if (recipe->relatives > 0)
                image_phdr(m, i++, PT_GNU_RELRO, PF_R, m->data, 4096);
        if (interpreter > 0)
                image_phdr(m, i++, PT_INTERP, PF_R, interpreter, strlen(recipe->interpreter) + 1);
        if (recipe->tls)
                image_phdr(m, i++, PT_TLS, PF_R, m->data, 16);
        if (recipe->go == BUILDER_GO_SECTION || recipe->sections)
                image_sections(m, recipe, recipe->go == BUILDER_GO_SECTION ? go : 0);
}

/* The image as a file without a name. */
static inline int image_open(const ElfImage *m) {
        int fd = memfd_create("image", MFD_CLOEXEC);

        if (fd < 0 || write(fd, m->bytes, m->size) != (ssize_t) m->size)
                abort();
        return fd;
}
