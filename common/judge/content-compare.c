/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "elf/elf-reader.h"
#include "judge/content-compare.h"
#include "judge/loader-facts.h"
#include "rtld/elf-image.h"

/* Two files without build-id are compared byte by byte up to this size, */
#define COMPARE_BYTES_MAX (64u << 20)
/* and this much of a file against the memory of a process. */
#define COMPARE_MEMORY_MAX (16u << 20)
/* So many generations of ancestors are searched for one that has the beginning of a file in memory. */
#define ANCESTORS_MAX 4u
/* For one process, of their maps together: those of an honest one have some hundred. */
#define ANCESTOR_RANGES_MAX 65536u

bool content_was_modified(const Examination *x, size_t mapping, uint32_t path) {
        const ProcessRecord *before = x->before;
        const ProcessIssues *issues;

        if (!before)
                return false;
        issues = process_result_issues(&before->result);
        for (size_t i = 0; i < issues->n_modified; i++)
                if (issues->modified[i].path == path && issues->modified[i].start == x->maps->mappings[mapping].start)
                        return true;
        return x->ctx->scan->lookups.paths[path].modified > before->examined &&
                path_set_contains(&x->ctx->scan->lookups, before->result.set, path);
}

static uint64_t page_down(uint64_t n) {
        return n - n % page_size();
}

static uint64_t page_up(uint64_t n) {
        return page_down(n + page_size() - 1);
}

/* --- the memory against the file --- */

static bool is_accessible(const Vma *r) {
        return r->flags & (VMA_READ | VMA_WRITE | VMA_EXECUTE);
}

/* Only overlayfs puts another file into the place of the mapped one (copy-up), under the same device and inode number. */
static bool may_be_copied_up(const Examination *x, size_t mapping) {
        const Mount *m = view_cache_find_mount(&x->ctx->scan->views, x->view, x->observed[mapping].mapped.mount_id);

        return !m || m->layers;
}

/*
 * One page that the process has not written to, against the file. Returns NONE where it has, or where either cannot be
 * read; DIFFERS also where the page is behind the end of the file and can be read: it is no page of that file.
 */
static Evidence compare_page(const Examination *x, int fd, uint64_t address, uint64_t offset, uint8_t *buffer) {
        const size_t size = page_size();
        uint8_t *in_file = buffer + size;
        ssize_t n;

        if (page_guard_is_copied(&x->ctx->guard.guard, address) != 0 || memory_read(x->loader.memory, address, buffer, size) < 0)
                return EVIDENCE_NONE;
        n = pread(fd, in_file, size, (off_t) offset);
        if (n < 0)
                return EVIDENCE_NONE;
        memset(in_file + n, 0, size - (size_t) n);
        return n > 0 && memcmp(buffer, in_file, size) == 0 ? EVIDENCE_AGREES : EVIDENCE_DIFFERS;
}

/* Twice, since the file may be written to just now. */
static Evidence compare_page_twice(const Examination *x, int fd, uint64_t address, uint64_t offset, uint8_t *buffer) {
        Evidence e = compare_page(x, fd, address, offset, buffer);

        if (e != EVIDENCE_DIFFERS)
                return e;
        memory_forget_at(x->loader.memory, address, page_size());
        return compare_page(x, fd, address, offset, buffer);
}

/* All pages of the mapping, up to a bound, where there may have been a copy-up; else one is enough to see that they are the file's. */
static Evidence compare_memory(const Examination *x, size_t mapping, int fd) {
        const bool all = may_be_copied_up(x, mapping);
        _cleanup_free_ uint8_t *buffer = malloc(2 * page_size());
        uint64_t left = COMPARE_MEMORY_MAX;
        Evidence found = EVIDENCE_NONE;

        for (size_t i = x->maps->mappings[mapping].first_vma; buffer && i < x->maps->n_vmas; i++) {
                const Vma *r = &x->maps->vmas[i];

                if (r->mapping != mapping || !is_accessible(r))
                        continue;
                for (uint64_t at = r->start; at < r->end && left >= page_size(); at += page_size(), left -= page_size()) {
                        Evidence e = compare_page_twice(x, fd, at, r->offset + (at - r->start), buffer);

                        if (e == EVIDENCE_DIFFERS || (e == EVIDENCE_AGREES && !all))
                                return e;
                        if (e == EVIDENCE_AGREES)
                                found = e;
                }
        }
        return found;
}

/* musl leaves in the holes between segments what it mapped first, with the access of the first segment (ldso/dynlink.c map_library()). */
static bool has_musl(const Examination *x) {
        const Observation *j = x->interpreter != EXAMINE_NO_INDEX ? &x->observed[x->interpreter] : NULL;

        /* By PT_INTERP, which mostly is a link to libc.so. */
        return j && strncmp(base_name(j->loader_name ?: examination_path(x, x->interpreter)), "ld-musl-", strlen("ld-musl-")) == 0;
}

/* What a VMA must allow to be of a segment for sure. Others may be holes: a loader leaves these without access, but for musl. */
static uint32_t segment_flags(const Examination *x) {
        return has_musl(x) ? VMA_WRITE : VMA_READ | VMA_WRITE | VMA_EXECUTE;
}

/* Of two VMAs side by side, may both be of one image? */
static bool continues(const Vma *lower, const Vma *upper, uint64_t lower_offset, uint64_t upper_offset) {
        return lower->mapping == upper->mapping && lower->end == upper->start && lower_offset <= upper_offset;
}

/*
 * The VMAs of the image that an entry of the link_map chain is of: those on both sides of its dynamic section, as far as
 * they lie side by side, from its load bias on, with offsets that do not fall. (Segments of a small file may all be of its
 * first page; the offsets of holes mean nothing.) What else is mapped of the file, by a symbolizer or into another namespace, may lie right beside them.
 */
static void find_image(const Examination *x, const LinkMap *link, size_t *ret_first, size_t *ret_n) {
        size_t low = mapping_list_find_vma(x->maps, link->l_ld), high = low + 1;
        const uint32_t flags = segment_flags(x);
        const Vma *vmas = x->maps->vmas;
        uint64_t offset;

        *ret_n = 0;
        if (low == SIZE_MAX)
                return;
        offset = vmas[low].offset;
        for (; low > 0 && vmas[low].start > link->l_addr; low--) {
                const Vma *r = &vmas[low - 1];
                uint64_t next = r->flags & flags ? r->offset : offset;

                if (!continues(r, &vmas[low], next, offset))
                        break;
                offset = next;
        }
        offset = vmas[high - 1].offset;
        for (; high < x->maps->n_vmas; high++) {
                const Vma *r = &vmas[high];
                uint64_t next = r->flags & flags ? r->offset : offset;

                if (!continues(&vmas[high - 1], r, offset, next))
                        break;
                offset = next;
        }
        *ret_first = low;
        *ret_n = high - low;
}

/*
 * Pages behind the file's end: truncating it threw them away, with all that was private in them, and reading one fails as
 * the next call into it will. If one can still be read, the file that was truncated is not the mapped one. Only of the
 * image: a program itself may map more than there is. Returns whether there are such pages.
 */
static bool compare_end(const Examination *x, size_t mapping, VerdictFacts *facts) {
        const uint32_t flags = segment_flags(x);
        const uint64_t end = page_up(x->observed[mapping].mapped.size);
        size_t first = 0, n = 0;
        uint8_t byte;

        find_image(x, &x->loader.list.maps[x->observed[mapping].link], &first, &n);
        for (size_t i = first; i < first + n; i++) {
                const Vma *r = &x->maps->vmas[i];
                uint64_t behind = r->offset > end ? r->offset : end;

                /* The holes that a loader leaves between segments may well lie behind the file's end. */
                if (!(r->flags & flags) || behind - r->offset >= r->end - r->start)
                        continue;
                if (x->loader.memory && may_be_copied_up(x, mapping) &&
                    memory_read(x->loader.memory, r->start + (behind - r->offset), &byte, 1) >= 0)
                        facts->memory = EVIDENCE_DIFFERS;
                else
                        facts->relocations = EVIDENCE_DIFFERS;
                facts->relocated = true; /* no relocation grows a file */
                return true;
        }
        return false;
}

/* --- the image that the loader made against the file --- */

/* Could this VMA have been mapped for the segment, or be a part of what was? */
static bool comes_from(const Vma *r, const ElfSegment *s, uint64_t l_addr) {
        const uint64_t start = page_down(l_addr + s->address), end = page_up(l_addr + s->address + s->file_size);

        if ((r->flags & VMA_EXECUTE && !(s->flags & PF_X)) || (r->flags & VMA_WRITE && !(s->flags & (PF_W | PF_X))))
                return false;
        return s->type == PT_LOAD && r->start >= start && r->end <= end &&
                r->offset == page_down(s->offset) + (r->start - start);
}

/*
 * A loader maps each PT_LOAD at its place, in pages (glibc elf/dl-map-segments.h, musl ldso/dynlink.c map_library()). What
 * is readable only may also be a hole between two. Parts may have been unmapped or protected since, but nothing comes to
 * lie elsewhere. And the last page of the last segment is there: the loader clears what lies behind the end of the file's
 * bytes on it. Text relocations leave the protection of all to the loader.
 */
static Evidence compare_layout(const Examination *x, size_t mapping) {
        const LinkMap *link = &x->loader.list.maps[x->observed[mapping].link];
        const ElfFile *elf = &x->observed[mapping].elf->elf;
        const uint32_t flags = segment_flags(x);
        const ElfSegment *last = NULL;
        size_t first = 0, n = 0;
        uint64_t end;

        find_image(x, link, &first, &n);
        for (size_t i = first; i < first + n; i++) {
                const Vma *r = &x->maps->vmas[i];
                bool fits = elf->text_relocations || r->flags == VMA_READ || !(r->flags & flags);

                for (size_t k = 0; k < elf->n_segments && !fits; k++)
                        fits = comes_from(r, &elf->segments[k], link->l_addr);
                if (!fits)
                        return EVIDENCE_DIFFERS;
        }
        for (size_t k = 0; k < elf->n_segments; k++) {
                const ElfSegment *s = &elf->segments[k];

                if (s->type == PT_DYNAMIC && link->l_addr + s->address != link->l_ld)
                        return EVIDENCE_DIFFERS;
                if (s->type == PT_LOAD && s->file_size > 0 && (!last || s->address > last->address))
                        last = s;
        }
        if (n == 0 || !last)
                return EVIDENCE_NONE;
        end = page_up(link->l_addr + last->address + last->file_size);
        return x->maps->vmas[first + n - 1].end < end && last->flags & PF_W ? EVIDENCE_DIFFERS : EVIDENCE_AGREES;
}

/*
 * The loader has added the load bias to these words, in pages that are private since.
 * Truncating the file threw such pages away: the words are as in the file again. Writing
 * to it without truncation left the pages: the words are those of the old file. In
 * RELRO nothing else can have changed them; elsewhere a program may have written anything,
 * so that only all of them together count.
 */
static Evidence compare_words(const Examination *x, size_t mapping) {
        const Observation *j = &x->observed[mapping];
        const ElfFile *elf = &j->elf->elf;
        const LinkMap *link = &x->loader.list.maps[j->link];
        size_t relocated = 0, lost = 0, wrong_in_relro = 0;

        for (size_t i = 0; i < elf->n_relatives; i++) {
                const ElfRelative *r = &elf->relatives[i];
                uint64_t word, mask = elf->class == 32 ? UINT32_MAX : UINT64_MAX;
                uint64_t should = (link->l_addr + r->value) & mask;

                if (should == (r->in_file & mask) ||
                    memory_read_word(x->loader.memory, (link->l_addr + r->target) & mask, elf->class / 8, &word) < 0)
                        continue;
                if (word == should)
                        relocated++;
                else {
                        lost += word == (r->in_file & mask);
                        wrong_in_relro += r->relro;
                }
        }
        if (wrong_in_relro > 0 || (lost >= 3 && relocated == 0))
                return EVIDENCE_DIFFERS;
        return relocated > 0 ? EVIDENCE_AGREES : EVIDENCE_NONE;
}

/* A dlopen() that has mapped and not yet relocated leaves the same words: so the link_map is checked, and the words again. */
static Evidence compare_relocations(const Examination *x, size_t mapping) {
        Evidence e = compare_words(x, mapping);

        if (e != EVIDENCE_DIFFERS)
                return e;
        if (!link_map_is_relocated(x->loader.memory, &x->loader.list.maps[x->observed[mapping].link]))
                return EVIDENCE_NONE;
        memory_forget(x->loader.memory);
        return compare_words(x, mapping);
}

/*
 * The dynamic section is the loader's own copy: it has added the load bias to the addresses in it (glibc elf/get-dynamic-info.h),
 * or left all as it is (musl, and glibc where DL_RO_DYN_SECTION). A build of the same layout in all that was compared so far
 * mostly has another size or place of some table, or another DT_FINI.
 */
static Evidence compare_dynamic(const Examination *x, size_t mapping, int fd) {
        const LinkMap *link = &x->loader.list.maps[x->observed[mapping].link];
        const ElfFile *elf = &x->observed[mapping].elf->elf;
        const uint64_t mask = elf->class == 32 ? UINT32_MAX : UINT64_MAX;
        const size_t word = elf->class / 8;
        ElfDynamic d;
        ElfReader r;

        if (elf_reader_init(&r, fd) < 0 || elf_dynamic_read(&r, elf, &d) < 0 || d.cut || d.n == 0)
                return EVIDENCE_NONE;
        for (size_t i = 0; i < d.n; i++) {
                const uint64_t at = link->l_ld + 2 * i * word, expected = d.entries[i].value & mask;
                uint64_t tag, value;

                if (memory_read_word(x->loader.memory, at, word, &tag) < 0 ||
                    memory_read_word(x->loader.memory, at + word, word, &value) < 0)
                        return EVIDENCE_NONE;
                if (tag != (d.entries[i].tag & mask))
                        return EVIDENCE_DIFFERS;
                if (tag != DT_DEBUG && value != expected && value != ((expected + link->l_addr) & mask))
                        return EVIDENCE_DIFFERS;
        }
        return EVIDENCE_AGREES;
}

/* What the loader made of the file, against the file as it is now. */
static void compare_image(const Examination *x, size_t mapping, int fd, VerdictFacts *facts) {
        int differs = x->loader.list.maps[x->observed[mapping].link].differs_from_file;

        facts->relocations = compare_relocations(x, mapping);
        facts->relocated = x->loader.list.maps[x->observed[mapping].link].type != LINK_TYPE_UNKNOWN;
        facts->layout = compare_layout(x, mapping);
        if (facts->layout != EVIDENCE_DIFFERS)
                facts->layout = compare_dynamic(x, mapping, fd);
        facts->loader_copy = differs < 0 ? EVIDENCE_NONE : differs ? EVIDENCE_DIFFERS : EVIDENCE_AGREES;
}

int content_gather_evidence(Examination *x, size_t mapping, uint32_t path, VerdictFacts *facts) {
        const Observation *j = &x->observed[mapping];
        bool listed = j->link != EXAMINE_NO_INDEX;
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (content_was_modified(x, mapping, path))
                facts->baseline = EVIDENCE_DIFFERS;
        if (listed && compare_end(x, mapping, facts))
                return 0;
        if (!x->loader.memory)
                return 0;
        r = loader_facts_read(x);
        if (r >= 0)
                r = examination_read_elf(x, mapping);
        if (r < 0)
                return r;
        fd = examination_open_mapped(x, mapping);
        if (fd < 0)
                return 0;
        facts->memory = compare_memory(x, mapping, fd);
        if (!listed || facts->memory == EVIDENCE_DIFFERS)
                return 0;
        if (!j->elf) /* the loader has it, and it is no ELF file any more */
                facts->loader_copy = EVIDENCE_DIFFERS;
        else if (x->loader.list.complete)
                compare_image(x, mapping, fd, facts);
        return 0;
}

/* --- two files --- */

static Evidence compare_bytes(int a, int b, uint64_t size) {
        _cleanup_free_ char *buffer = malloc(2 * 65536);

        if (!buffer || size > COMPARE_BYTES_MAX)
                return EVIDENCE_NONE;
        for (uint64_t at = 0; at < size;) {
                ssize_t n = pread(a, buffer, 65536, (off_t) at);
                ssize_t k = n > 0 ? pread(b, buffer + 65536, (size_t) n, (off_t) at) : -1;

                if (n <= 0 || k != n)
                        return EVIDENCE_NONE;
                if (memcmp(buffer, buffer + 65536, (size_t) n) != 0)
                        return EVIDENCE_DIFFERS;
                at += (uint64_t) n;
        }
        return EVIDENCE_AGREES;
}

static void set_build_id(FileId *id, const ElfFile *elf) {
        id->build_id_length = elf->build_id_length;
        memcpy(id->build_id, elf->build_id, elf->build_id_length);
}

/* The VMA of the file's beginning, if it is mapped. */
static const Vma *find_beginning(const MappingList *l, size_t mapping) {
        for (size_t i = l->mappings[mapping].first_vma; i < l->n_vmas; i++)
                if (l->vmas[i].mapping == mapping && l->vmas[i].offset == 0)
                        return &l->vmas[i];
        return NULL;
}

/* --- what the parent has of the same file --- */

static int read_image(Memory *memory, const MappingList *maps, size_t mapping, ElfImage *ret) {
        const Vma *beginning = find_beginning(maps, mapping);

        return beginning ? elf_image_read(memory, beginning->start, beginning->end - beginning->start, ret) : -ENODATA;
}

/* Who can write to the memory of the process can write to that of its ancestor as well. */
static bool has_same_owner(const Process *a, const Process *b) {
        struct stat x, y;

        return fstat(a->fd, &x) == 0 && fstat(b->fd, &y) == 0 && x.st_uid == y.st_uid;
}

static int read_image_of(Examination *x, const Process *p, const Mapping *m, ElfImage *ret) {
        _cleanup_close_ int fd = openat(p->fd, "mem", O_RDONLY | O_CLOEXEC);
        _cleanup_(memory_freep) Memory *memory = memory_new(fd);
        MappingList maps = {};
        ProcessGuard guard;
        int r;

        r = fd < 0 ? -errno : memory ? mapping_list_read(p, x->ctx->options.text_maps, &maps) : -ENOMEM;
        sweep_context_guard(x->ctx, x->view, p, &maps.text, &guard);
        if (memory)
                memory_guard(memory, page_guard_allows, &guard.guard);
        for (size_t i = 0; r >= 0 && i < maps.n_mappings; i++) {
                const Mapping *other = &maps.mappings[i];

                if (other->inode != m->inode || other->dev_major != m->dev_major || other->dev_minor != m->dev_minor)
                        continue;
                r = read_image(memory, &maps, i, ret);
                if (r >= 0)
                        r = 1;
                break;
        }
        x->ancestor_vmas += maps.n_vmas + 1;
        mapping_list_done(&maps);
        page_guard_done(&guard.guard);
        return r;
}

/*
 * fork(2) gives a child no page of a file before it touches it, and where the file system may not answer, only pages that
 * that are resident are read. Its parent mostly has them: it has loaded the file. Returns 1; 0: no ancestor has.
 */
static int read_image_of_ancestor(Examination *x, size_t mapping, ElfImage *ret) {
        pid_t pid = x->process->parent;

        for (unsigned n = 0; pid > 1 && n < ANCESTORS_MAX && x->ancestor_vmas < ANCESTOR_RANGES_MAX; n++) {
                _cleanup_(process_done) Process p = PROCESS_NULL;
                int r;

                if (process_open(x->ctx->scan->proc_fd, pid, &p) < 0 || !p.has_memory || !has_same_owner(&p, x->process))
                        return 0;
                r = read_image_of(x, &p, &x->maps->mappings[mapping], ret);
                if (r > 0 || r == -ENOMEM)
                        return r;
                pid = p.parent;
        }
        return 0;
}

int content_read_image(Examination *x, size_t mapping, ElfImage *ret) {
        const ElfFile *elf;
        int r;

        r = examination_read_elf(x, mapping);
        if (r < 0)
                return r;
        elf = x->observed[mapping].elf ? &x->observed[mapping].elf->elf : NULL;
        if (elf) {
                *ret = (ElfImage){ .class = elf->class, .machine = elf->machine, .build_id_length = elf->build_id_length };
                memcpy(ret->build_id, elf->build_id, elf->build_id_length);
                return 1;
        }
        if (x->loader.memory && read_image(x->loader.memory, x->maps, mapping, ret) >= 0)
                return 1;
        return read_image_of_ancestor(x, mapping, ret);
}

Evidence content_compare_known(Examination *x, size_t mapping, const FileIdentity *other, FileId *ret_other) {
        const ElfEntry *theirs = elf_cache_find(&x->ctx->scan->elfs, other, x->ctx->scan->sweep);
        ElfImage mine;

        if (!theirs || theirs->error < 0)
                return EVIDENCE_NONE;
        if (ret_other)
                set_build_id(ret_other, &theirs->elf);
        if (content_read_image(x, mapping, &mine) <= 0 || (mine.build_id_length == 0 && theirs->elf.build_id_length == 0))
                return EVIDENCE_NONE;
        return mine.build_id_length == theirs->elf.build_id_length &&
                memcmp(mine.build_id, theirs->elf.build_id, mine.build_id_length) == 0 ?
                EVIDENCE_AGREES : EVIDENCE_DIFFERS;
}

Evidence content_compare(Examination *x, size_t mapping, const FileIdentity *other, int other_fd, FileId *ret_other) {
        const Observation *j = &x->observed[mapping];
        _cleanup_close_ int fd = -EBADF;
        Evidence e;

        if (!elf_cache_find(&x->ctx->scan->elfs, other, x->ctx->scan->sweep))
                elf_cache_add(&x->ctx->scan->elfs, other, other_fd, x->ctx->scan->sweep);
        e = content_compare_known(x, mapping, other, ret_other);
        if (e != EVIDENCE_NONE || !j->mapped_known)
                return e;
        fd = examination_open_mapped(x, mapping);
        if (fd < 0)
                return EVIDENCE_NONE;
        return j->mapped.size != other->size ? EVIDENCE_DIFFERS : compare_bytes(fd, other_fd, other->size);
}
