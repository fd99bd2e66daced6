/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A process under examination: its mappings, their names in the link_map chain, what was observed
 * of each, and the verdict.
 */

#include "judge/verdict.h"
#include "rtld/loader.h"
#include "scan/sweep-context.h"

#define EXAMINE_NO_INDEX SIZE_MAX

typedef struct Observation {
        Verdict verdict;
        char *path;             /* owned; raw, without the kernel's mark; NULL where it is the mapping's name as it stands */
        const char *loader_name; /* l_name; for the main program AT_EXECFN; NULL: not known. Borrowed */
        FileIdentity mapped;    /* where mapped_known */
        bool mapped_known;
        bool settled;           /* by lookups alone */
        int8_t answers;         /* may it be opened and read: 1 yes, -1 no, 0 not known yet */
        FileId disk;            /* what has the path now */
        uint32_t disk_path;     /* number of the path, after observe_closely(); else PATH_NONE */
        char *successor;        /* owned; NULL: none */
        size_t link;            /* its first entry in the loader's list, or EXAMINE_NO_INDEX */
        ElfEntry *elf;          /* of the mapped file, borrowed from the cache; NULL: not read, or not ELF */
} Observation;

typedef struct Examination {
        SweepContext *ctx;      /* these are borrowed */
        const Process *process;
        const CachedView *view;
        const MappingList *maps;
        size_t ancestor_vmas; /* read so far of the maps of its ancestors: see content_read_image() */
        bool last_try;          /* what may have been a race is reported now */

        int64_t started_nsec;   /* when its memory came to be, CLOCK_REALTIME */
        Loader loader;
        size_t *link_mapping;   /* loader.list.maps[i] belongs to maps->mappings[link_mapping[i]] */
        ElfFile *images;        /* owned; of loader.list.maps[i], where the file could not be read: zeros else. NULL: not read yet */
        bool no_loader;         /* the program is static, and no loader is linked into it */
        bool private_read;      /* the ELF facts and the private part of the list are there */
        size_t executable;      /* index of the mapping of the main program, and of the loader, or EXAMINE_NO_INDEX */
        size_t interpreter;

        int8_t left_root;       /* are the loader's names of another root: 1 yes, -1 no, 0 not known yet */
        Observation *observed;  /* maps->n_mappings of them */
        bool race_suspected;    /* examine once more */
        const ProcessRecord *before; /* how it was last time, or NULL */
        uint32_t *paths;        /* of names that the verdicts depend on */
        size_t n_paths, allocated_paths;
} Examination;

/* Embeds an owned descriptor: initialise with EXAMINATION_NULL before examination_done() may see it. */
#define EXAMINATION_NULL ((Examination){ .loader = LOADER_NULL })
void examination_done(Examination *x);

/* Does the mapping's path lie on a remote file system that this sweep does not touch? */
bool examination_is_remote(const Examination *x, const Mapping *m);
/*
 * Reads the identity of the mapped file, by its link in map_files, or, of the program, by exe. Returns 0 or -errno.
 */
int examination_read_identity(const Examination *x, size_t mapping, FileIdentity *ret);
/* Reads the identity of the mapped file (through map_files), if that is not known yet. false: could not be read. */
bool examination_identify(Examination *x, size_t mapping);

/* Reads the ELF facts of one mapped file, if they can be had: else `elf` stays NULL. Returns 0 or -ENOMEM. */
int examination_read_elf(Examination *x, size_t mapping);

/* The ELF facts of a mapping: of its file, or of its image in memory; NULL: not known. Once loader_facts_read() has read them. */
const ElfFile *examination_elf(const Examination *x, size_t mapping);

/* Is the file older than the memory of the process? Then it cannot have been written to since it was mapped. */
bool examination_is_older(const Examination *x, const FileIdentity *i);

/*
 * Does the mapping count? A file that a program maps itself only as data (a symbolizer, a scanner) runs nowhere: it is
 * ignored, and not even counted, since a sweep does not see it.
 */
bool examination_counts(const Examination *x, size_t mapping);

/* Does a call on the mapped file return, whatever any server does? Otherwise it is not opened. */
bool examination_answers(Examination *x, size_t mapping);

/* Opens the mapped file itself, if it is a regular file that can be read without fear of a hang. Returns a descriptor that the caller closes, or -errno. */
int examination_open_mapped(Examination *x, size_t mapping);

/* The path without the kernel's mark. */
const char *examination_path(const Examination *x, size_t mapping);

/* Opens for reading what *fd (O_PATH) is of, in place of it, if that is the expected file. Returns 0, -ESTALE, -errno. */
int examination_reopen(const Examination *x, const FileIdentity *expected, int *fd);
