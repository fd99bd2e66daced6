/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * How libraries lie in memory: a loader maps the same file in the same pieces each
 * time. For mapping.c alone, which is spared two of three questions by it.
 */

#include "maps.h"
#include "mapping.h"

/* Learns of every library of the list that lies there in one piece. *t: NULL at first. Lack of memory only costs time. */
void mapping_layouts_learn(MappingLayouts **t, const MappingList *l);

/*
 * The ranges of the library that a first range begins, this one among them, or NULL where it is not known or
 * begins otherwise. Borrowed; their addresses are relative to the first one's.
 */
const Range *mapping_layouts_find(const MappingLayouts *t, const MapsLine *first, size_t *ret_n);

/* Returns NULL. */
MappingLayouts *mapping_layouts_free(MappingLayouts *t);
