/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The loader's own list of what it has loaded: r_debug and link_map, read from the
 * memory of a running process that is not stopped and may lie.
 *
 * The public part (r_version, r_map, r_state, r_next; l_addr, l_name, l_ld, l_next)
 * is ABI: <link.h>, glibc elf/link.h; musl's struct dso begins alike. The private
 * part of glibc's struct link_map (include/link.h) has no stable offsets, but stable
 * distances; they are found by anchors whose values are known from the ELF file and
 * used only where the neighbours agree. What does not validate is "not known".
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/elf-file.h"
#include "proc/memory.h"
#include "util/base.h"

#define LINK_MAPS_MAX 16384      /* entries of all namespaces */
#define LINK_NAMESPACES_MAX 32   /* glibc has 16 (DL_NNS) */
#define LINK_NAME_MAX 8192

typedef enum LinkType { /* l_type; the numbers are glibc's */
        LINK_EXECUTABLE,
        LINK_LIBRARY, /* loaded at startup */
        LINK_LOADED,  /* dlopen()ed, or needed by what was */
        LINK_TYPE_UNKNOWN,
} LinkType;

typedef struct LinkMap {
        uint64_t address;      /* of the struct, in the process */
        uint64_t l_addr;       /* load bias */
        uint64_t l_ld;         /* address of its dynamic section */
        char *l_name;          /* owned; "" for the main program */
        unsigned namespace;    /* 0: the main one */

        /* from the dynamic section that the loader went by, in memory or in an older file; read with the private part, not before */
        bool dynamic_read;
        uint64_t flags_1;      /* DT_FLAGS_1 */

        /* the private part: each -1, or the `known` false, where it did not validate */
        bool anchored;         /* its place and its layout are proven: the fields below are valid */
        LinkType type;         /* l_type */
        uint64_t type_address; /* of the byte that it is in */
        int64_t opencount;     /* l_direct_opencount */
        int nodelete;          /* l_nodelete_active (l_flags_1 before glibc 2.31): 0 or 1; LINK_LOADED only, else -1 */
        int64_t tls_dtors;     /* l_tls_dtor_count */
        int global;            /* in the global scope, where the program and dlsym(RTLD_DEFAULT) look (l_searchlist of the program): 0 or 1; -1 outside of the main namespace */
        bool initfini_known;
        size_t *initfini;      /* l_initfini without itself: indices into the list */
        size_t n_initfini;
        bool reldeps_known;
        size_t *reldeps;       /* l_reldeps: indices into the list */
        size_t n_reldeps;

        /* -1: not known; 0: the loader's copy agrees with the file; 1: the file was changed under it */
        int differs_from_file;
} LinkMap;

typedef struct LinkMapList {
        LinkMap *maps;
        size_t n_maps;
        size_t allocated;
        uint8_t class;         /* 32 or 64 */
        uint64_t r_debug;      /* the address of the main namespace's */
        uint32_t version;      /* r_version */
        bool complete;         /* walked to the end of every namespace, and r_state was RT_CONSISTENT before and after */
} LinkMapList;

void link_map_list_done(LinkMapList *l);

/*
 * Finds r_debug by the auxiliary vector of the process (AT_PHDR → PT_DYNAMIC → DT_DEBUG).
 * auxv: the bytes of /proc/PID/auxv. class: 32 or 64, of the executable.
 * Returns 0; -ENODATA: no loader there (static, too early, or what the vector describes
 * is the loader itself, started as `ld.so PROGRAM`); -errno of the memory.
 */
int link_map_find_debug(Memory *memory, const void *auxv, size_t auxv_size, uint8_t class, uint64_t *ret_r_debug);

/*
 * Reads the public part, from r_debug on, all namespaces. Torn or looping lists are
 * cut and `complete` is false; so it is where a name could not be read (it is then "").
 * vdso: where the kernel's is (AT_SYSINFO_EHDR), or 0: that is no file, so that its name,
 * which lies on a page of its own, is not read.
 * Returns 0, -errno of the first read, -ENOMEM.
 */
int link_map_list_read(Memory *memory, uint64_t r_debug, uint8_t class, uint64_t vdso, LinkMapList *ret);

/* What is known of the file of an entry, to read the private part. */
typedef struct LinkMapFile {
        const ElfFile *elf;      /* of the mapped file; NULL: not known */
        bool image;              /* elf was read from the memory of the process: see link-map-image.h */
        uint64_t map_start;      /* where its first PT_LOAD was mapped to; 0: not known */
        uint64_t dev, inode;     /* st_dev as the kernel encodes dev_t for user space, st_ino; inode 0: not known */
        bool older;              /* not written to since the process started: its dynamic section is what the loader saw */
} LinkMapFile;

/*
 * Adds the private part. files[i] belongs to list->maps[i]. tls_modid_offset: the
 * offset that libc's _thread_db_link_map_l_tls_modid publishes (glibc
 * nptl_db/structs.def), or 0. The more files are known, the more can be proven: those
 * of all entries should be given. Nothing in here fails on bad data: fields stay unknown. To be called once for a list.
 * Returns 0 or -ENOMEM.
 */
int link_map_list_read_private(Memory *memory, LinkMapList *list, const LinkMapFile *files, uint32_t tls_modid_offset);

/*
 * Has the loader relocated what dlopen() loaded? Read anew: it lists a library before that (glibc elf/dl-open.c).
 * True where that is not known.
 */
bool link_map_is_relocated(Memory *memory, const LinkMap *m);

/* The entry whose dynamic section lies in [start, end), or NULL. */
const LinkMap *link_map_list_find(const LinkMapList *l, uint64_t start, uint64_t end);
