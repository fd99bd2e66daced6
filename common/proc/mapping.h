/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What one process maps from files. Read by PROCMAP_QUERY (Linux 6.11), which takes
 * no lock that a hung process can hold, or from the text of /proc/PID/maps.
 */

#include "proc/maps-text.h"

/* Beyond this many vmas (sysctl vm.max_map_count is 65530 unless raised) the rest is not read, and the list is `cut`. */
#define MAPPING_RANGES_MAX 262144
/* The same for the bytes of names: as many vmas of names that long would be hundreds of megabytes. */
#define MAPPING_NAMES_MAX (16u << 20)
typedef struct Vma {
        uint64_t start, end; /* addresses */
        uint64_t offset;     /* in the file, bytes */
        uint32_t mapping;    /* index into MappingList.mappings */
        uint32_t flags;      /* RANGE_… */
} Vma;

/* All vmas of one file in one process. */
typedef struct Mapping {
        uint32_t dev_major, dev_minor; /* as the kernel prints them: not comparable with st_dev on btrfs and overlayfs */
        uint64_t inode;
        const char *name;    /* raw, with the suffix " (deleted)" if the kernel put one; borrowed from the list */
        uint32_t first_vma; /* its first VMA */
        uint32_t flags;      /* of all its vmas together */
        uint64_t start, end; /* lowest and highest address; other files may lie between */
} Mapping;

typedef struct MappingNames MappingNames;

typedef struct MappingList {
        Vma *vmas;     /* ascending */
        size_t n_vmas, allocated_vmas;
        Mapping *mappings; /* in order of their first VMA */
        size_t n_mappings, allocated_mappings;
        MappingNames *names; /* owned */
        size_t names_size;
        bool cut;          /* there was more */
        MapsText text;     /* that it was read from, if it was */
} MappingList;

/* Empties the list for the next process; keeps its memory. */
void mapping_list_clear(MappingList *l);
void mapping_list_done(MappingList *l);

/*
 * Reads the file-backed mappings. by_text: no query is tried. Where l->text is of the process (MapsText.pid), that is taken instead, once.
 * Returns 0; -ESRCH: gone, or without memory (zombie, kernel thread, exiting); -ENOMEM;
 * -EACCES or -EPERM (may not be read); -errno. The list is empty then.
 */
int mapping_list_read(const Process *p, bool by_text, MappingList *l);
/* The same from a whole text of maps; pure. The kernel's \012 is left in the names. Returns 0, -ENOMEM. */
int mapping_list_parse(const char *text, MappingList *l);

/* The file of a mapping as a name below the process's directory. buffer, ret: as maps_file_name(). */
const char *mapping_file_name(const MappingList *l, const Mapping *m, char *buffer);

/* The VMA that an address lies in, by its index, or SIZE_MAX. */
size_t mapping_list_find_vma(const MappingList *l, uint64_t address);
/* The mapping that an address lies in, or SIZE_MAX. */
size_t mapping_list_find(const MappingList *l, uint64_t address);
