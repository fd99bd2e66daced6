/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* All that can be known of the loader of one live process, read as a sweep reads it. */

#include "proc/mapping.h"
#include "proc/process.h"
#include "rtld/link-map.h"

typedef struct LoaderView {
        uint8_t class;
        uint64_t r_debug;
        LinkMapList list;
        LinkMapFile *files;   /* of list.maps */
        ElfFile *elfs;        /* owned; what files point to */
        uint32_t tls_modid_offset;
        bool by_symbol;       /* r_debug was found by the symbol _r_debug */
} LoaderView;

void loader_view_done(LoaderView *v);
/* Returns 0, or -errno with the step that failed on stderr. */
int loader_view_read(pid_t pid, LoaderView *ret);
/* The same over a memory of one's own, which may record what is read. */
int loader_view_read_memory(pid_t pid, Memory *memory, LoaderView *ret);
/* The first entry whose name ends with this, or NULL. */
const LinkMap *loader_view_find(const LoaderView *v, const char *name_end);
