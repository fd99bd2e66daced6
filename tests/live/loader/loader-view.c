/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "elf/elf-hash.h"
#include "loader-view.h"

void loader_view_done(LoaderView *v) {
        for (size_t i = 0; v->elfs && i < v->list.n_maps; i++)
                elf_file_done(&v->elfs[i]);
        free(v->elfs);
        free(v->files);
        link_map_list_done(&v->list);
        *v = (LoaderView){};
}

static int failed(const char *step, int r) {
        fprintf(stderr, "%s: %s\n", step, strerror(-r));
        return r;
}

static int open_mapping(const Process *p, const MappingList *l, const Mapping *m) {
        char name[MAPS_FILE_NAME_SIZE];
        int fd = openat(p->fd, mapping_file_name(l, m, name), O_RDONLY | O_CLOEXEC);

        /* What a test maps is where it was, and may be read without any privilege. */
        if (fd < 0 && errno == EPERM)
                fd = open(m->name, O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

static const Mapping *mapping_of(const MappingList *l, uint64_t address) {
        for (size_t i = 0; i < l->n_vmas; i++)
                if (l->vmas[i].start <= address && address < l->vmas[i].end)
                        return &l->mappings[l->vmas[i].mapping];
        return NULL;
}

static uint64_t first_load(const ElfFile *elf) {
        for (size_t i = 0; i < elf->n_segments; i++)
                if (elf->segments[i].type == PT_LOAD)
                        return elf->segments[i].address & ~UINT64_C(4095);
        return 0;
}

/* The address of a symbol that the first mapped file exports which has it at all. */
static int find_symbol(const Process *p, const MappingList *l, const char *symbol, uint64_t *ret) {
        for (size_t i = 0; i < l->n_mappings; i++) {
                _cleanup_close_ int fd = open_mapping(p, l, &l->mappings[i]);
                _cleanup_(elf_file_done) ElfFile elf = {};
                uint64_t value, size;
                struct stat st;

                if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || elf_file_read(fd, &elf) < 0)
                        continue;
                if (elf_symbol_find(fd, &elf, symbol, &value, &size) < 0)
                        continue;
                *ret = l->mappings[i].start - first_load(&elf) + value;
                return 0;
        }
        return -ENOENT;
}

static int find_class(const Process *p, uint8_t *ret) {
        _cleanup_close_ int fd = openat(p->fd, "exe", O_RDONLY | O_CLOEXEC);
        _cleanup_(elf_file_done) ElfFile elf = {};
        int r;

        if (fd < 0)
                return -errno;
        r = elf_file_read(fd, &elf);
        if (r >= 0)
                *ret = elf.class;
        return r;
}

static int read_list(const Process *p, const MappingList *l, Memory *memory, LoaderView *v) {
        _cleanup_free_ char *auxv = NULL;
        size_t size;
        int r;

        r = process_read_file(p, "auxv", 4096, &auxv, &size);
        if (r < 0)
                return failed("auxv", r);
        r = link_map_find_debug(memory, auxv, size, v->class, &v->r_debug);
        if (r == -ENODATA) {
                r = find_symbol(p, l, "_r_debug", &v->r_debug);
                v->by_symbol = true;
        }
        if (r < 0)
                return failed("r_debug", r);
        r = link_map_list_read(memory, v->r_debug, v->class, 0, &v->list);
        return r < 0 ? failed("list", r) : 0;
}

static int read_files(const Process *p, const MappingList *l, LoaderView *v) {
        v->files = calloc(v->list.n_maps + 1, sizeof(*v->files));
        v->elfs = calloc(v->list.n_maps + 1, sizeof(*v->elfs));
        if (!v->files || !v->elfs)
                return -ENOMEM;
        for (size_t i = 0; i < v->list.n_maps; i++) {
                const Mapping *m = mapping_of(l, v->list.maps[i].l_ld);
                _cleanup_close_ int fd = m ? open_mapping(p, l, m) : -EBADF;
                struct stat st;

                if (fd < 0 || fstat(fd, &st) < 0)
                        continue;
                v->files[i] = (LinkMapFile){ .map_start = m->start, .dev = st.st_dev, .inode = st.st_ino };
                if (elf_file_read(fd, &v->elfs[i]) >= 0)
                        v->files[i].elf = &v->elfs[i];
        }
        return 0;
}

int loader_view_read_memory(pid_t pid, Memory *memory, LoaderView *ret) {
        _cleanup_close_ int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(mapping_list_done) MappingList mappings = {};
        _cleanup_(process_done) Process p = PROCESS_NULL;
        _cleanup_(loader_view_done) LoaderView v = {};
        uint64_t address, offset;
        int r;

        r = process_open(proc_fd, pid, &p);
        if (r < 0)
                return failed("process", r);
        r = mapping_list_read(&p, /* by_text= */ true, &mappings);
        if (r < 0)
                return failed("maps", r);
        r = find_class(&p, &v.class);
        if (r < 0)
                return failed("exe", r);
        r = read_list(&p, &mappings, memory, &v);
        if (r < 0)
                return r;
        r = read_files(&p, &mappings, &v);
        if (r < 0)
                return r;
        if (find_symbol(&p, &mappings, "_thread_db_link_map_l_tls_modid", &address) >= 0 &&
            memory_read_word(memory, address + 8, 4, &offset) >= 0)
                v.tls_modid_offset = (uint32_t) offset;
        r = link_map_list_read_private(memory, &v.list, v.files, v.tls_modid_offset);
        if (r < 0)
                return r;
        *ret = v;
        v = (LoaderView){};
        return 0;
}

int loader_view_read(pid_t pid, LoaderView *ret) {
        _cleanup_(memory_freep) Memory *memory = NULL;
        _cleanup_close_ int fd = -EBADF;
        char name[64];

        snprintf(name, sizeof(name), "/proc/%d/mem", (int) pid);
        fd = open(name, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return failed(name, -errno);
        memory = memory_new(fd);
        if (!memory)
                return -ENOMEM;
        return loader_view_read_memory(pid, memory, ret);
}

const LinkMap *loader_view_find(const LoaderView *v, const char *name_end) {
        const size_t n = strlen(name_end);

        for (size_t i = 0; i < v->list.n_maps; i++) {
                const char *name = v->list.maps[i].l_name;

                if (strlen(name) >= n && streq(name + strlen(name) - n, name_end))
                        return &v->list.maps[i];
        }
        return NULL;
}
