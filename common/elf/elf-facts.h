/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is known of an ELF file, as far as loading and unloading depend on it: plain data, filled
 * in by elf-file.h from the file, or from memory. Facts are of the System V ABI (gabi), the GNU
 * ABI extensions, and elf(5).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/finding.h"
#include "util/base.h"

/* Larger files are read; larger tables are cut: ElfFile.cut. */
#define ELF_PHDRS_MAX 256
#define ELF_DYNAMIC_MAX 512      /* entries */
#define ELF_NEEDED_MAX 512
#define ELF_SYMBOLS_MAX (1u << 20)
#define ELF_RELOCATIONS_MAX (1u << 20)
#define ELF_STRING_MAX 4096      /* one name, with its NUL */

typedef struct ElfSegment {
        uint32_t type, flags;
        uint64_t offset, address, file_size, memory_size;
} ElfSegment;

/*
 * A relative relocation: loading makes the word at `target` l_addr + `value`, and where
 * `relro` it stays that for ever. Words are of the file's class: 32 bits count modulo 2^32.
 */
typedef struct ElfRelative {
        uint64_t target;   /* link-time address of the word */
        uint64_t value;    /* what l_addr is added to: the addend, or (REL, RELR) the word in the file */
        uint64_t in_file;  /* the word in the file */
        bool relro;        /* inside PT_GNU_RELRO: the program cannot have overwritten it */
} ElfRelative;
#define ELF_RELATIVES_MAX 32

typedef struct ElfFile {
        uint8_t class;         /* 32 or 64 */
        bool big_endian;
        uint16_t type;         /* ET_DYN, ET_EXEC, … */
        uint16_t machine;      /* EM_… */
        uint64_t entry;        /* e_entry */
        uint64_t phoff;
        uint16_t phnum;
        uint8_t header[64];    /* the ELF header, raw (52 bytes for class 32) */

        ElfSegment *segments;  /* PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_TLS, PT_GNU_RELRO; in file order */
        size_t n_segments;

        uint8_t build_id_length;
        uint8_t build_id[BUILD_ID_MAX];
        uint64_t build_id_address; /* link-time address of its bytes, 0: not in a PT_LOAD */

        char *interpreter;     /* PT_INTERP, or NULL */
        char *soname;          /* or NULL */
        char *runpath;         /* DT_RUNPATH, else DT_RPATH, or NULL */
        char **needed;         /* DT_NEEDED and DT_FILTER, without which it is not loaded; NULL-terminated, never NULL */
        size_t n_needed;
        char **auxiliary;      /* DT_AUXILIARY: loaded along with it, where there is such a file (glibc elf/dl-deps.c); as above */
        size_t n_auxiliary;
        char *audit;           /* DT_AUDIT or DT_DEPAUDIT, or NULL */
        uint64_t flags;        /* DT_FLAGS */
        uint64_t flags_1;      /* DT_FLAGS_1 */
        bool init;             /* has DT_INIT */
        uint64_t n_constructors; /* entries of DT_INIT_ARRAY */
        bool dynamic;          /* has PT_DYNAMIC */
        bool text_relocations;
        bool tls;
        bool go;               /* a Go runtime is linked into it: its notes or its build information say so */
        bool rust;             /* rustc compiled a part of it, according to .comment, where that was not removed */
        bool cut;              /* a table was larger than the bounds above, or broken: what is missing may be there */

        bool gnu_hash;
        uint32_t gnu_hash_nbuckets, gnu_hash_symoffset, gnu_hash_maskwords, gnu_hash_shift;
        uint64_t gnu_hash_address; /* DT_GNU_HASH */

        ElfRelative relatives[ELF_RELATIVES_MAX]; /* those in RELRO first */
        size_t n_relatives;
} ElfFile;

/* Zeroed or half-read is fine. */
void elf_file_done(ElfFile *e);

/* DF_1_NODELETE: the loader never unloads it (elf.h; glibc elf/dl-close.c). */
bool elf_file_nodelete(const ElfFile *e);

/* Bytes of a word of DT_HASH, and of l_nbuckets in glibc's struct link_map: Elf_Symndx, which is 4 but for s390x and alpha (bits/elfclass.h). */
size_t elf_file_hash_word(const ElfFile *e);

/* File offset of a link-time address inside the file-backed part of a PT_LOAD. false: there is none. */
bool elf_file_offset(const ElfFile *e, uint64_t address, uint64_t *ret);
