/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "examine.h"
#include "judge.h"

#define AUXV_MAX 4096

void examination_done(Examination *x) {
        for (size_t i = 0; x->judged && i < x->maps->n_mappings; i++) {
                free(x->judged[i].path);
                free(x->judged[i].successor);
        }
        free(x->judged);
        free(x->auxv);
        free(x->execfn);
        free(x->link_mapping);
        free(x->paths);
        link_map_list_done(&x->links);
        memory_free(x->memory);
        fd_close(x->memory_fd);
        *x = EXAMINATION_NULL;
}

const char *examination_path(const Examination *x, size_t mapping) {
        return x->judged[mapping].path ?: x->maps->mappings[mapping].name;
}

/* The mapping that an address lies in, or EXAMINE_NO_INDEX. */
static size_t mapping_at(const MappingList *maps, uint64_t address) {
        size_t low = 0, high = maps->n_ranges;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (maps->ranges[middle].end <= address)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == maps->n_ranges || maps->ranges[low].start > address)
                return EXAMINE_NO_INDEX;
        return maps->ranges[low].mapping;
}

/* A value of the auxiliary vector (getauxval(3)) in words of the class. */
static bool auxv_find(const Examination *x, uint8_t class, uint64_t type, uint64_t *ret) {
        size_t word = class / 8;

        for (size_t at = 0; at + 2 * word <= x->auxv_size; at += 2 * word) {
                uint64_t key = 0, value = 0;

                memcpy(&key, x->auxv + at, word);
                memcpy(&value, x->auxv + at + word, word);
                if (key == type) {
                        *ret = value;
                        return true;
                }
        }
        return false;
}

/* The size of a program header tells which words the vector is made of. */
static uint8_t auxv_class(const Examination *x) {
        uint64_t size;

        if (auxv_find(x, 64, AT_PHENT, &size) && size == sizeof(Elf64_Phdr))
                return 64;
        if (auxv_find(x, 32, AT_PHENT, &size) && size == sizeof(Elf32_Phdr))
                return 32;
        return 0;
}

bool examination_load_bias(const Examination *x, size_t mapping, const ElfFile *elf, uint64_t *ret) {
        const Range *r = &x->maps->ranges[x->maps->mappings[mapping].first_range];

        for (size_t i = 0; i < elf->n_segments; i++) {
                const ElfSegment *s = &elf->segments[i];

                if (s->type == PT_LOAD && s->offset / 4096 * 4096 <= r->offset && r->offset - s->offset / 4096 * 4096 < s->file_size + 4096) {
                        *ret = r->start - r->offset - (s->address - s->offset);
                        return true;
                }
        }
        return false;
}

/*
 * Started as `ld.so prog`: the auxiliary vector is that of ld.so, whose dynamic section has no DT_DEBUG. Its symbol
 * _r_debug is where gdb looks as well (glibc elf/dl-debug.c).
 */
static int find_debug_symbol(Examination *x, uint64_t phdr, uint64_t *ret) {
        _cleanup_close_ int fd = -EBADF;
        size_t i = mapping_at(x->maps, phdr);
        uint64_t value, size, bias;
        ElfFile elf;
        int r;

        if (i == EXAMINE_NO_INDEX)
                return -ENODATA;
        fd = openat(x->process->fd, "exe", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = elf_file_read(fd, &elf);
        if (r < 0)
                return r;
        r = !elf.dynamic || elf.interpreter ? -ENODATA : elf_symbol_find(fd, &elf, "_r_debug", &value, &size);
        if (r >= 0 && !examination_load_bias(x, i, &elf, &bias))
                r = -ENODATA;
        elf_file_done(&elf);
        if (r < 0)
                return r;
        *ret = bias + value;
        return 0;
}

static int open_memory(Examination *x) {
        x->memory_fd = openat(x->process->fd, "mem", O_RDONLY | O_CLOEXEC);
        if (x->memory_fd < 0)
                return -errno;
        x->memory = memory_new(x->memory_fd);
        return x->memory ? 0 : -ENOMEM;
}

/* What the loader says it has loaded. Nothing of it failing is an error: the list is then not known. */
static int read_links(Examination *x) {
        uint64_t phdr = 0, r_debug, address;
        uint8_t class;
        int r;

        r = process_read_file(x->process, "auxv", AUXV_MAX, &x->auxv, &x->auxv_size);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        class = auxv_class(x);
        if (class == 0)
                return 0;
        auxv_find(x, class, AT_PHDR, &phdr);
        auxv_find(x, class, AT_BASE, &x->interpreter_base);
        x->executable = mapping_at(x->maps, phdr);
        x->interpreter = x->interpreter_base > 0 ? mapping_at(x->maps, x->interpreter_base) : EXAMINE_NO_INDEX;

        r = open_memory(x);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        if (auxv_find(x, class, AT_EXECFN, &address))
                (void) memory_read_string(x->memory, address, LINK_NAME_MAX, &x->execfn);
        r = link_map_find_debug(x->memory, x->auxv, x->auxv_size, class, &r_debug);
        if (r == -ENODATA && x->interpreter_base == 0)
                r = find_debug_symbol(x, phdr, &r_debug);
        if (r >= 0)
                r = link_map_list_read(x->memory, r_debug, class, &x->links);
        x->links_read = r >= 0;
        return r == -ENOMEM ? r : 0;
}

/* Which mapping each entry of the loader's list is of: the one that its dynamic section lies in. */
static int match_links(Examination *x) {
        size_t first;

        x->link_mapping = calloc(x->links.n_maps ?: 1, sizeof(*x->link_mapping));
        if (!x->link_mapping)
                return -ENOMEM;
        for (size_t i = 0; i < x->links.n_maps; i++) {
                size_t m = mapping_at(x->maps, x->links.maps[i].l_ld);
                Judged *j = m != EXAMINE_NO_INDEX ? &x->judged[m] : NULL;

                x->link_mapping[i] = m;
                if (!j || j->link != EXAMINE_NO_INDEX)
                        continue;
                j->link = i;
                if (x->links.maps[i].l_name[0] != '\0')
                        j->loader_name = x->links.maps[i].l_name;
        }
        /* The first entry is the main program; where the kernel started another one, that was the loader. */
        first = x->links.n_maps > 0 ? x->link_mapping[0] : EXAMINE_NO_INDEX;
        if (first != EXAMINE_NO_INDEX && first != x->executable) {
                x->interpreter = x->executable;
                x->executable = first;
        } else if (x->executable != EXAMINE_NO_INDEX && x->execfn)
                x->judged[x->executable].loader_name = x->execfn;
        return 0;
}

int examine_process(Scan *scan, const SweepOptions *options, const Process *process, const KnownView *view,
                    const Record *before, bool again, Examination *ret) {
        _cleanup_(examination_done) Examination x = {
                .scan = scan,
                .options = options,
                .process = process,
                .view = view,
                .maps = &scan->maps,
                .before = before,
                .again = again,
                .memory_fd = -EBADF,
                .executable = EXAMINE_NO_INDEX,
                .interpreter = EXAMINE_NO_INDEX,
                .started_nsec = scan->boot_nsec +
                        (int64_t) (process->start_time * (1000000000u / scan->ticks_per_sec)),
        };
        int r;

        r = mapping_list_read(process, options->text_maps ? MAPPING_TEXT : 0, &scan->maps);
        if (r < 0)
                return r;
        x.judged = calloc(scan->maps.n_mappings ?: 1, sizeof(*x.judged));
        if (!x.judged)
                return -ENOMEM;
        for (size_t i = 0; i < scan->maps.n_mappings; i++)
                x.judged[i] = (Judged){ .link = EXAMINE_NO_INDEX, .disk_path = PATH_NONE };
        r = read_links(&x);
        if (r >= 0)
                r = match_links(&x);
        for (size_t i = 0; r >= 0 && i < scan->maps.n_mappings; i++)
                r = judge_mapping(&x, i);
        if (r < 0)
                return r;
        *ret = x;
        x = EXAMINATION_NULL;
        return 0;
}

int examination_open_mapped(const Examination *x, size_t mapping) {
        const Judged *j = &x->judged[mapping];
        char name[MAPPING_FILE_NAME_MAX];
        int fd;

        if (!j->mapped_known || !S_ISREG(j->mapped.mode))
                return -EINVAL;
        mapping_file_name(x->maps, &x->maps->mappings[mapping], name);
        scan_beacon(x->options, x->process, &x->maps->mappings[mapping]);
        fd = openat(x->process->fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0 && mapping == x->executable) /* needs fewer rights than map_files */
                fd = openat(x->process->fd, "exe", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int examination_read_elf(Examination *x, size_t mapping) {
        Judged *j = &x->judged[mapping];
        ElfEntry *e;

        if (j->elf || !judge_identify(x, mapping))
                return 0;
        e = elf_cache_find(&x->scan->elfs, &j->mapped, x->scan->sweep);
        if (!e) {
                _cleanup_close_ int fd = examination_open_mapped(x, mapping);

                if (fd < 0)
                        return 0;
                e = elf_cache_add(&x->scan->elfs, &j->mapped, fd, x->scan->sweep);
                if (!e)
                        return -ENOMEM;
        }
        j->elf = e->error < 0 ? NULL : e;
        return 0;
}

/* Where libc says that l_tls_modid is. */
static uint32_t tls_modid_offset(const Examination *x) {
        for (size_t i = 0; i < x->maps->n_mappings; i++) {
                ElfEntry *e = x->judged[i].elf;

                if (e && e->elf.soname && streq(e->elf.soname, "libc.so.6")) {
                        _cleanup_close_ int fd = e->tls_modid_read ? -EBADF : examination_open_mapped(x, i);

                        return elf_entry_tls_modid_offset(e, fd);
                }
        }
        return 0;
}

int examination_read_private(Examination *x) {
        _cleanup_free_ LinkMapFile *files = NULL;
        int r;

        if (x->private_read)
                return 0;
        x->private_read = true;
        for (size_t i = 0; i < x->maps->n_mappings; i++)
                if (x->judged[i].link != EXAMINE_NO_INDEX || i == x->executable || i == x->interpreter) {
                        r = examination_read_elf(x, i);
                        if (r < 0)
                                return r;
                }
        if (!x->links_read)
                return 0;
        files = calloc(x->links.n_maps ?: 1, sizeof(*files));
        if (!files)
                return -ENOMEM;
        for (size_t i = 0; i < x->links.n_maps; i++) {
                size_t m = x->link_mapping[i];
                const Judged *j = m != EXAMINE_NO_INDEX ? &x->judged[m] : NULL;

                if (!j || !j->elf)
                        continue;
                files[i] = (LinkMapFile){
                        .elf = &j->elf->elf,
                        .map_start = x->maps->mappings[m].start,
                        .dev = makedev(j->mapped.dev_major, j->mapped.dev_minor),
                        .inode = j->mapped.inode,
                };
        }
        return link_map_list_read_private(x->memory, &x->links, files, tls_modid_offset(x));
}
