/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "judge/observe.h"
#include "rtld/link-map-image.h"
#include "sweep/examine.h"

void examination_done(Examination *x) {
        for (size_t i = 0; x->observed && i < x->maps->n_mappings; i++) {
                free(x->observed[i].path);
                free(x->observed[i].successor);
        }
        free(x->observed);
        for (size_t i = 0; x->images && i < x->loader.list.n_maps; i++)
                elf_file_done(&x->images[i]);
        free(x->images);
        free(x->link_mapping);
        free(x->paths);
        loader_done(&x->loader);
        *x = EXAMINATION_NULL;
}

const char *examination_path(const Examination *x, size_t mapping) {
        return x->observed[mapping].path ?: x->maps->mappings[mapping].name;
}

bool examination_counts(const Examination *x, size_t mapping) {
        return x->maps->mappings[mapping].flags & RANGE_EXECUTE || x->observed[mapping].link != EXAMINE_NO_INDEX ||
                mapping == x->executable || mapping == x->interpreter;
}

bool examination_is_older(const Examination *x, const FileIdentity *i) {
        return i->ctime < x->started_nsec - SCAN_SLACK_NSEC;
}

bool examination_answers(Examination *x, size_t mapping) {
        const Mapping *m = &x->maps->mappings[mapping];
        Observation *j = &x->observed[mapping];
        const Mount *mount;
        bool answers;

        if (j->answers != 0)
                return j->answers > 0;
        answers = scan_device_answers(x->scan, x->options, x->view, m->dev_major, m->dev_minor);
        /* The views that are open depend on what else is examined in this sweep; the answer must not. */
        if (!answers && m->dev_major == 0 && scan_open_namespaces(x->scan))
                answers = scan_device_answers(x->scan, x->options, x->view, m->dev_major, m->dev_minor);
        /* Another file may have come into its place since maps were read. */
        if (answers && observe_identify(x, mapping) && !x->options->remote_file_systems) {
                mount = scan_find_mount(x->scan, x->view, j->mapped.mount_id);
                if (mount)
                        answers = mount_answers(mount);
                else if (j->mapped.dev_major != m->dev_major || j->mapped.dev_minor != m->dev_minor)
                        answers = scan_device_answers(x->scan, x->options, x->view, j->mapped.dev_major, j->mapped.dev_minor);
        }
        j->answers = answers ? 1 : -1;
        return answers;
}

/* Opens for reading what *fd (O_PATH) is of, in place of it, if it is still the file that was judged to answer. */
static int open_same(const Examination *x, const FileIdentity *expected, int *fd) {
        FileIdentity i;
        int r;

        r = file_identity_read(*fd, "", &i);
        if (r < 0)
                return r;
        if (!file_identity_equal(&i, expected))
                return -ESTALE;
        r = mount_view_reopen(x->scan->proc_fd, *fd);
        if (r < 0)
                return r;
        fd_close(*fd);
        *fd = r;
        return 0;
}

/* What is added to the link-time addresses of the program: the auxiliary vector says where its program headers are. */
static bool program_bias(const Examination *x, const ElfFile *elf, uint64_t *ret) {
        for (size_t i = 0; i < elf->n_segments; i++) {
                const ElfSegment *s = &elf->segments[i];

                if (s->type == PT_LOAD && s->offset <= elf->phoff && elf->phoff - s->offset < s->file_size) {
                        *ret = x->loader.phdr - (s->address + (elf->phoff - s->offset));
                        return true;
                }
        }
        return false;
}

/* The loader is in the program itself: it exports the symbol, or it is a static program that has it in .symtab. */
static int find_program_symbol(Examination *x, int fd, const ElfFile *elf, uint64_t *ret) {
        uint64_t value, size, bias;
        int r = -ENOENT;

        if (elf->interpreter)
                return -ENODATA;
        if (elf->dynamic)
                r = elf_symbol_find(fd, elf, "_r_debug", &value, &size);
        if (r == -ENOENT)
                r = elf_symtab_find(fd, elf, "_r_debug", &value, &size);
        if (r == -ENOENT)
                x->no_loader = true;
        if (r < 0)
                return r;
        if (!program_bias(x, elf, &bias))
                return -ENODATA;
        *ret = x->loader.class == 64 ? bias + value : (uint32_t) (bias + value);
        return 0;
}

/*
 * Started as `ld.so prog`, or static: the auxiliary vector is that of ld.so, whose dynamic section has no DT_DEBUG, or of a
 * program that has no dynamic section. The symbol _r_debug is where gdb looks as well (glibc elf/dl-debug.c).
 */
static int find_debug_symbol(Examination *x, uint64_t *ret) {
        _cleanup_close_ int fd = -EBADF;
        size_t i = mapping_list_find(x->maps, x->loader.phdr);
        ElfFile elf;
        int r;

        if (i == EXAMINE_NO_INDEX || !observe_identify(x, i) || !examination_answers(x, i))
                return -ENODATA;
        fd = openat(x->process->fd, "exe", O_PATH | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = open_same(x, &x->observed[i].mapped, &fd);
        if (r < 0)
                return r;
        r = elf_file_read(fd, &elf);
        if (r < 0)
                return r;
        r = find_program_symbol(x, fd, &elf, ret);
        elf_file_done(&elf);
        return r;
}

/* What the loader says it has loaded. Nothing of it failing is an error: the list is then not known. */
static int read_loader(Examination *x) {
        Loader *l = &x->loader;
        uint64_t r_debug = 0;
        int r = 0;

        if (!l->auxv) {
                r = scan_memory(x->scan, x->options, x->view, x->process);
                if (r >= 0)
                        r = loader_read(x->process, x->scan->memory, &x->scan->debug_offset, l);
        }
        if (r < 0 || l->class == 0)
                return r;
        x->executable = mapping_list_find(x->maps, l->phdr);
        x->interpreter = l->base > 0 ? mapping_list_find(x->maps, l->base) : EXAMINE_NO_INDEX;
        /* What maps nothing but itself has loaded nothing, and most static programs are so. */
        if (l->list_read || l->base > 0 || !l->memory || x->maps->n_mappings < 2 || find_debug_symbol(x, &r_debug) < 0)
                return 0;
        return loader_read_list(l, r_debug);
}

/* The one that its dynamic section lies in. A static program has none. */
static size_t mapping_of_entry(const Examination *x, size_t entry) {
        const LinkMap *m = &x->loader.list.maps[entry];

        return entry == 0 && m->l_ld == 0 ? x->executable : mapping_list_find(x->maps, m->l_ld);
}

/* Which mapping each entry of the loader's list is of. */
static int match_links(Examination *x) {
        size_t first;

        x->link_mapping = calloc(x->loader.list.n_maps ?: 1, sizeof(*x->link_mapping));
        if (!x->link_mapping)
                return -ENOMEM;
        for (size_t i = 0; i < x->loader.list.n_maps; i++) {
                size_t m = mapping_of_entry(x, i);
                Observation *j = m != EXAMINE_NO_INDEX ? &x->observed[m] : NULL;

                x->link_mapping[i] = m;
                if (!j || j->link != EXAMINE_NO_INDEX)
                        continue;
                j->link = i;
                if (x->loader.list.maps[i].l_name[0] != '\0')
                        j->loader_name = x->loader.list.maps[i].l_name;
        }
        /* The first entry is the main program; where the kernel started another one, that was the loader. */
        first = x->loader.list.n_maps > 0 ? x->link_mapping[0] : EXAMINE_NO_INDEX;
        if (first != EXAMINE_NO_INDEX && first != x->executable) {
                x->interpreter = x->executable;
                x->executable = first;
        } else if (x->executable != EXAMINE_NO_INDEX && x->loader.execfn)
                x->observed[x->executable].loader_name = x->loader.execfn;
        return 0;
}

/* All that is settled by its name alone comes first: what is looked at closely asks who the others are. */
static int judge(Examination *x) {
        int r;

        for (size_t i = 0; i < x->maps->n_mappings; i++) {
                if (!examination_counts(x, i)) {
                        x->observed[i].verdict = (Verdict){ .state = STATE_IGNORED };
                        x->observed[i].settled = true;
                        continue;
                }
                r = observe_by_lookups(x, i);
                if (r < 0)
                        return r;
                x->observed[i].settled = r > 0;
        }
        for (size_t i = 0; i < x->maps->n_mappings; i++) {
                r = x->observed[i].settled ? 0 : observe_closely(x, i);
                if (r < 0)
                        return r;
        }
        return observe_confirm_modified(x);
}

int examine_process(Scan *scan, const SweepOptions *options, const Process *process, const CachedView *view,
                    const ProcessRecord *before, bool again, Loader *loader, Examination *ret) {
        _cleanup_(examination_done) Examination x = {
                .scan = scan,
                .options = options,
                .process = process,
                .view = view,
                .maps = &scan->maps,
                .before = before,
                .again = again,
                .loader = *loader,
                .executable = EXAMINE_NO_INDEX,
                .interpreter = EXAMINE_NO_INDEX,
        };
        int r;

        *loader = LOADER_NULL;
        r = scan_start_nsec(scan, process, &x.started_nsec);
        if (r >= 0)
                r = mapping_list_read(process, options->text_maps, &scan->maps);
        if (r < 0)
                return r;
        x.observed = calloc(scan->maps.n_mappings ?: 1, sizeof(*x.observed));
        if (!x.observed)
                return -ENOMEM;
        for (size_t i = 0; i < scan->maps.n_mappings; i++)
                x.observed[i] = (Observation){ .link = EXAMINE_NO_INDEX, .disk_path = PATH_NONE };
        r = read_loader(&x);
        if (r >= 0)
                r = match_links(&x);
        if (r >= 0)
                r = judge(&x);
        if (r < 0)
                return r;
        *ret = x;
        x = EXAMINATION_NULL;
        return 0;
}

/* Where map_files is refused, what has the path serves as well if it is the same file. */
static int open_by_path(const Examination *x, const Observation *j) {
        const Path *p = j->disk_path != PATH_NONE ? &x->scan->lookups.paths[j->disk_path] : NULL;
        const CachedView *view = p ? scan_open_view(x->scan, p->view) : NULL;
        FileIdentity i;
        int fd;

        if (!view)
                return -EACCES;
        fd = mount_view_open_file(&view->view, x->scan->proc_fd, p->name, x->options->remote_file_systems, &i);
        if (fd < 0 || file_identity_equal(&i, &j->mapped))
                return fd;
        fd_close(fd);
        return -ESTALE;
}

int examination_open_mapped(Examination *x, size_t mapping) {
        const Observation *j = &x->observed[mapping];
        _cleanup_close_ int fd = -EBADF;
        char name[MAPS_FILE_NAME_SIZE];
        int r;

        if (!j->mapped_known || !S_ISREG(j->mapped.mode))
                return -EINVAL;
        if (!examination_answers(x, mapping))
                return -EREMOTE;
        mapping_file_name(x->maps, &x->maps->mappings[mapping], name);
        scan_beacon(x->scan, x->options, x->process, &x->maps->mappings[mapping]);
        fd = openat(x->process->fd, name, O_PATH | O_CLOEXEC);
        if (fd < 0 && mapping == x->executable) /* needs fewer rights than map_files */
                fd = openat(x->process->fd, "exe", O_PATH | O_CLOEXEC);
        if (fd < 0)
                return errno == EPERM || errno == EACCES ? open_by_path(x, j) : -errno;
        r = open_same(x, &j->mapped, &fd);
        return r < 0 ? r : TAKE_FD(fd);
}

int examination_read_elf(Examination *x, size_t mapping) {
        Observation *j = &x->observed[mapping];
        ElfEntry *e;

        if (j->elf || !observe_identify(x, mapping))
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

const ElfFile *examination_elf(const Examination *x, size_t mapping) {
        const Observation *j = &x->observed[mapping];

        if (j->elf)
                return &j->elf->elf;
        return j->link != EXAMINE_NO_INDEX && x->images && x->images[j->link].dynamic ? &x->images[j->link] : NULL;
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

int examination_read_private(Examination *x) {
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
        return link_map_list_read_private(x->loader.memory, &x->loader.list, files, tls_modid_offset(x), &x->scan->link_hint);
}
