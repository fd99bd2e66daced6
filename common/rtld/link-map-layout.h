/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where the fields of glibc's struct link_map (include/link.h) lie in one process. The
 * offsets differ from release to release and from build to build, so they are found
 * each time, by values that are known from the ELF files: e_entry, e_phnum and the words of
 * the GNU hash header, which the loader copies into the struct. The distances from there
 * have been the same from glibc 2.17 to 2.42; on s390x and alpha l_nbuckets is wider. Each step is checked against several
 * entries; one that fails ends what could have been known behind it, and nothing else.
 *
 * For link-map-private.c alone.
 */

#include "rtld/link-map.h"

/* As much of a struct as is read: on x86 and arm, the needed fields end at about 1170. */
#define LINK_BLOCK_SIZE 1536u
/* Bound on the members of all l_initfini and l_reldeps of a process, failed candidates included. */
#define LINK_MEMBERS_MAX (1u << 21)
/* So many entries are enough to find the places that all have in common. */
#define LINK_SAMPLES_MAX 16u

typedef struct LinkBlock {
        uint8_t bytes[LINK_BLOCK_SIZE];
        size_t size; /* how much of it is there */
} LinkBlock;

/* As much as can be read from this address on. */
void link_block_read(Memory *memory, uint64_t address, LinkBlock *ret);

/* Offsets; 0: not known. */
typedef struct LinkLayout {
        size_t hash_word; /* bytes of l_nbuckets: see elf_file_hash_word() */
        size_t phnum;     /* l_phnum, behind l_phdr and l_entry */
        size_t searchlist; /* l_searchlist: a pointer and a count */
        size_t opencount; /* l_direct_opencount, behind it l_type, …, l_nodelete_active */
        size_t nbuckets;  /* l_nbuckets, l_gnu_bitmask_idxbits, l_gnu_shift, l_gnu_bitmask */
        size_t map_start; /* l_map_start, l_map_end */
        size_t initfini;  /* l_initfini */
        size_t file_id;   /* l_file_id: st_dev, st_ino */
        size_t reldeps;   /* l_reldeps */
        size_t flags_1;   /* l_flags_1 */
        size_t modid;     /* l_tls_modid, behind it l_tls_dtor_count */
} LinkLayout;

typedef struct LinkRef {
        uint64_t address;
        size_t index;
} LinkRef;

typedef struct LinkReader {
        Memory *memory;
        LinkMapList *list;
        const LinkMapFile *files;
        size_t word;       /* bytes of a pointer */
        LinkBlock *blocks; /* of each entry */
        LinkRef *refs;     /* all entries, by address */
        size_t n_members;  /* read so far */
        size_t samples[LINK_SAMPLES_MAX]; /* entries that have the anchor */
        size_t n_samples;
        LinkLayout layout;
} LinkReader;

/* Reads the blocks and dynamic sections; memory, list, files and word must be set. Returns 0 or -ENOMEM. */
int link_reader_init(LinkReader *r);
void link_reader_done(LinkReader *r);

/* Fills in the layout, as far as it can be found. */
void link_layout_find(LinkReader *r);

/* Reads the block of an entry anew. */
void link_reader_read_block(LinkReader *r, size_t i);
/* A number of 1, 2, 4 or 8 bytes from the block of entry i; 0 where the block ends before. */
uint64_t link_reader_get(const LinkReader *r, size_t i, size_t offset, size_t size);
uint64_t link_reader_word(const LinkReader *r, size_t i, size_t offset);
/* l_nbuckets, l_gnu_bitmask_idxbits + 1, l_gnu_shift, l_gnu_bitmask: the loader's copy of a GNU hash header. */
typedef struct LinkHash {
        uint64_t nbuckets, maskwords, shift, bitmask;
} LinkHash;
LinkHash link_reader_hash(const LinkReader *r, size_t i, const LinkLayout *y);
/* The entry at this address, or -1: nothing else can be a member of an entry's arrays. */
ssize_t link_reader_find(const LinkReader *r, uint64_t address);

/* Is its file known, with enough facts to compare the loader's copy with? The next two need that. */
bool link_reader_comparable(const LinkReader *r, size_t i);
bool link_reader_hash_matches(const LinkReader *r, size_t i, const LinkLayout *y);
bool link_reader_header_matches(const LinkReader *r, size_t i, size_t phnum);
/*
 * Is this an entry of the layout found? The struct must be its own (in other namespaces
 * ld.so has but a proxy, whose l_real leads to it), and l_map_start and l_map_end must
 * enclose its dynamic section.
 */
bool link_reader_proven(const LinkReader *r, size_t i);
/* Its PT_TLS, or NULL where it has none: of a comparable entry. */
const ElfSegment *link_reader_tls(const LinkReader *r, size_t i);
/* Does l_flags_1 agree with the dynamic section, if that could be read? */
bool link_reader_flags_agree(const LinkReader *r, size_t i, size_t flags_1);
/* How many members a NULL-terminated array of entries has that begins with entry i itself; 0: it is none. */
size_t link_reader_count_initfini(LinkReader *r, size_t i, uint64_t array);
