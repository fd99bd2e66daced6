/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>
#include <sys/sysmacros.h>

#include "judge/loader-facts.h"
#include "rtld/link-map-image.h"

/* The offset of l_tls_modid, as libc publishes it. */
static uint32_t tls_modid_offset(Examination *x) {
        for (size_t i = 0; i < x->maps->n_mappings; i++) {
                ElfEntry *e = x->observed[i].elf;

                if (e && e->elf.soname && streq(e->elf.soname, "libc.so.6")) {
                        _cleanup_close_ int fd = e->tls_modid_read ? -EBADF : examination_open_mapped(x, i);

                        return elf_entry_tls_modid_offset(e, fd);
                }
        }
        return 0;
}

/* The address, if it lies in the file of this entry of the loader's list, else 0. */
static uint64_t address_in_file(const Examination *x, size_t entry, uint64_t address) {
        if (x->loader.class == 32)
                address = (uint32_t) address;
        return mapping_list_find(x->maps, address) == x->link_mapping[entry] ? address : 0;
}

/*
 * Where the object of an entry begins in memory (glibc elf/dl-map-segments.h, l_map_start). That need not be the lowest
 * address of its file: a symbolizer may have mapped it as data, dlmopen(3) loaded it once more.
 */
static uint64_t object_start(const Examination *x, size_t entry, const ElfFile *elf) {
        const uint64_t page = page_size();

        for (size_t i = 0; i < elf->n_segments; i++)
                if (elf->segments[i].type == PT_LOAD)
                        return address_in_file(x, entry, x->loader.list.maps[entry].l_addr + elf->segments[i].address / page * page);
        return 0;
}

/* Its ELF header: at the load bias, unless it is a program that was linked for a fixed address. */
static uint64_t find_header(const Examination *x, size_t entry) {
        const uint64_t page = page_size();

        return address_in_file(x, entry, x->loader.list.maps[entry].l_addr) ?:
                address_in_file(x, entry, x->loader.phdr / page * page);
}

/* The facts of what is listed and could not be opened. */
static int read_images(Examination *x) {
        const LinkMapList *list = &x->loader.list;
        int r;

        x->images = calloc(list->n_maps ?: 1, sizeof(*x->images));
        if (!x->images)
                return -ENOMEM;
        for (size_t i = 0; i < list->n_maps; i++) {
                const size_t m = x->link_mapping[i];

                if (m == EXAMINE_NO_INDEX || x->observed[m].elf || x->observed[m].link != i)
                        continue;
                r = link_map_read_image(x->loader.memory, &list->maps[i], list->class, find_header(x, i), &x->images[i]);
                if (r == -ENOMEM)
                        return r;
        }
        return 0;
}

static LinkMapFile link_map_file(const Examination *x, size_t entry) {
        const size_t m = x->link_mapping[entry];
        const ElfFile *elf = m != EXAMINE_NO_INDEX ? examination_elf(x, m) : NULL;
        const Observation *j = elf ? &x->observed[m] : NULL;

        if (!elf)
                return (LinkMapFile){};
        return (LinkMapFile){
                .elf = elf,
                .image = !j->elf,
                .map_start = object_start(x, entry, elf),
                .dev = j->mapped_known ? makedev(j->mapped.dev_major, j->mapped.dev_minor) : 0,
                .inode = j->mapped_known ? j->mapped.inode : 0,
                .older = j->elf && examination_is_older(x, &j->mapped),
        };
}

int loader_facts_read(Examination *x) {
        _cleanup_free_ LinkMapFile *files = NULL;
        int r;

        if (x->private_read)
                return 0;
        x->private_read = true;
        for (size_t i = 0; i < x->maps->n_mappings; i++)
                if (x->observed[i].link != EXAMINE_NO_INDEX || i == x->executable || i == x->interpreter) {
                        r = examination_read_elf(x, i);
                        if (r < 0)
                                return r;
                }
        if (!x->loader.list_read)
                return 0;
        r = read_images(x);
        if (r < 0)
                return r;
        files = calloc(x->loader.list.n_maps ?: 1, sizeof(*files));
        if (!files)
                return -ENOMEM;
        for (size_t i = 0; i < x->loader.list.n_maps; i++)
                files[i] = link_map_file(x, i);
        return link_map_list_read_private(x->loader.memory, &x->loader.list, files, tls_modid_offset(x));
}
