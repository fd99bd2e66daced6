/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What tells one process from another of those that run the same: the random bytes that
 * execve(2) gave it, and of each entry of its loader's list the public part, the name, and
 * which file was opened for it. A process that has the same at the same addresses was
 * forked from the other, and its loader has loaded the same files, by the same names; one
 * that unloaded a library and loaded it again has not, if another file has its name now.
 *
 * Not what it has mapped without its loader, and not other namespaces (dlmopen(3)): there
 * is no print where the list tells of some, and before glibc 2.35 it tells of none.
 */

#include "hash.h"
#include "loader.h"
#include "maps-text.h"

typedef struct LinkSpan {
        uint64_t address;
        uint32_t size;   /* bytes */
} LinkSpan;

typedef struct LinkPrint {
        LinkSpan *spans; /* owned; ascending, so that pages beside each other are read at once */
        size_t n_spans, allocated;
        HashKey key;
        uint64_t sum;    /* of their bytes */
} LinkPrint;

void link_print_done(LinkPrint *p);

/*
 * Takes it of a process whose list has just been read. files: for each entry what is known of its file (dev and inode
 * alone). glibc's l_file_id and musl's dso hold these two words, one behind the other; but for the program, its
 * interpreter and the vdso, which the kernel maps, they must be found. text: of the process. What lies in a file's pages
 * that nobody can write to is the same in all that have it, and left out: one may not have read it yet. Returns 1; 0: it
 * has none; -ENOMEM.
 */
int link_print_take(const Loader *loader, const HashKey *key, const LinkMapFile *files, const MapsText *text, LinkPrint *ret);

/* Does another memory hold the same? */
bool link_print_matches(Memory *memory, const LinkPrint *p);
