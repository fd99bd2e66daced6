/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What of a loader's list tells one process from another: of each entry the public part,
 * its name, and which file was opened for it. A process that was forked from another and
 * has the same at the same addresses has loaded the same files, by the same names; one
 * that unloaded a library and loaded it again has not, if another file has its name now.
 */

#include "hash.h"
#include "link-map.h"
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
 * Takes it of a list that has just been read from `memory`. files: for each entry what is known of its file (dev and
 * inode alone); glibc's l_file_id and musl's dso hold these two words, one behind the other. Where they are not found,
 * all is taken that may belong to the entry. text: of the process. What lies in a file's pages that nobody can write to
 * is the same in all that have it, and left out: one may not have read it yet. Returns 1; 0: none could be taken; -ENOMEM.
 */
int link_print_take(Memory *memory, const HashKey *key, const LinkMapList *list, const LinkMapFile *files, const MapsText *text,
                    LinkPrint *ret);

/* Does another memory hold the same? */
bool link_print_matches(Memory *memory, const LinkPrint *p);
