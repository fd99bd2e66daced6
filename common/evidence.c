/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>

#include "evidence.h"

#define PAGE 4096u
/* Two files without build-id are compared byte by byte up to this size. */
#define COMPARE_BYTES_MAX (64u << 20)

bool evidence_rewritten(const Examination *x, size_t mapping, uint32_t path) {
        const Record *before = x->before;
        const Trouble *trouble;

        if (!before)
                return false;
        trouble = sight_trouble(&before->sight);
        for (size_t i = 0; i < trouble->n_rewritten; i++)
                if (trouble->rewritten[i].path == path && trouble->rewritten[i].start == x->maps->mappings[mapping].start)
                        return true;
        return x->scan->paths.paths[path].rewritten > before->examined &&
                path_set_contains(&x->scan->paths, before->sight.set, path);
}

/* The address that an offset in the file is mapped at, with n bytes behind it. */
static bool address_of(const Examination *x, size_t mapping, uint64_t offset, size_t n, uint64_t *ret) {
        for (size_t i = x->maps->mappings[mapping].first_range; i < x->maps->n_ranges; i++) {
                const Range *r = &x->maps->ranges[i];

                if (r->mapping != mapping || offset < r->offset || offset - r->offset + n > r->end - r->start)
                        continue;
                *ret = r->start + (offset - r->offset);
                return true;
        }
        return false;
}

/* The build-id as it stands in memory; without one, the first page. */
static Evidence compare_memory(const Examination *x, size_t mapping, int fd) {
        const ElfFile *elf = &x->judged[mapping].elf->elf;
        uint8_t in_memory[PAGE], in_file[PAGE];
        uint64_t offset, address;
        ssize_t n;

        if (elf->build_id_length > 0 && elf_file_offset(elf, elf->build_id_address, &offset) &&
            address_of(x, mapping, offset, elf->build_id_length, &address) &&
            memory_read(x->loader.memory, address, in_memory, elf->build_id_length) >= 0)
                return memcmp(in_memory, elf->build_id, elf->build_id_length) == 0 ? EVIDENCE_AGREES : EVIDENCE_DIFFERS;

        if (!address_of(x, mapping, 0, PAGE, &address) || memory_read(x->loader.memory, address, in_memory, PAGE) < 0)
                return EVIDENCE_NONE;
        n = pread(fd, in_file, sizeof(in_file), 0);
        if (n <= 0)
                return EVIDENCE_NONE;
        return memcmp(in_memory, in_file, (size_t) n) == 0 ? EVIDENCE_AGREES : EVIDENCE_DIFFERS;
}

/*
 * The loader has added the load bias to these words, in pages that are private since.
 * Truncating the file threw such pages away: the words are as in the file again. In
 * RELRO nobody can have put them back; elsewhere a program may have written anything,
 * so that only all of them together count.
 */
static Evidence compare_words(const Examination *x, size_t mapping) {
        const Judged *j = &x->judged[mapping];
        const ElfFile *elf = &j->elf->elf;
        const LinkMap *link = &x->loader.list.maps[j->link];
        size_t relocated = 0, lost = 0, lost_in_relro = 0;

        for (size_t i = 0; i < elf->n_relatives; i++) {
                const ElfRelative *r = &elf->relatives[i];
                uint64_t word, mask = elf->class == 32 ? UINT32_MAX : UINT64_MAX;
                uint64_t should = (link->l_addr + r->value) & mask;

                if (should == (r->in_file & mask) ||
                    memory_read_word(x->loader.memory, (link->l_addr + r->target) & mask, elf->class / 8, &word) < 0)
                        continue;
                if (word == should)
                        relocated++;
                else if (word == (r->in_file & mask)) {
                        lost++;
                        lost_in_relro += r->relro;
                }
        }
        if (lost_in_relro > 0 || (lost >= 3 && relocated == 0))
                return EVIDENCE_DIFFERS;
        return relocated > 0 ? EVIDENCE_AGREES : EVIDENCE_NONE;
}

/* A dlopen() that has mapped and not yet relocated looks the same: so the loader is asked, and the words once more. */
static Evidence compare_relocations(const Examination *x, size_t mapping) {
        Evidence e = compare_words(x, mapping);

        if (e != EVIDENCE_DIFFERS)
                return e;
        if (!link_map_is_relocated(x->loader.memory, &x->loader.list.maps[x->judged[mapping].link]))
                return EVIDENCE_NONE;
        memory_forget(x->loader.memory);
        return compare_words(x, mapping);
}

int evidence_gather(Examination *x, size_t mapping, uint32_t path, VerdictFacts *facts) {
        const Judged *j = &x->judged[mapping];
        const Mapping *m = &x->maps->mappings[mapping];
        bool listed = j->link != EXAMINE_NO_INDEX;
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (evidence_rewritten(x, mapping, path))
                facts->baseline = EVIDENCE_DIFFERS;
        /* Pages behind the file's new end are gone, with all that was private in them. A program itself may map more than there is. */
        if ((listed || mapping == x->executable || mapping == x->interpreter) && j->mapped.size + PAGE <= m->file_end) {
                facts->relocations = EVIDENCE_DIFFERS;
                return 0;
        }
        if (!x->loader.memory)
                return 0;
        r = examination_read_private(x);
        if (r >= 0)
                r = examination_read_elf(x, mapping);
        if (r < 0)
                return r;
        fd = examination_open_mapped(x, mapping);
        if (fd < 0)
                return 0;
        if (!j->elf) {
                /* The loader has it, and it is no ELF file any more. */
                if (listed)
                        facts->loader_copy = EVIDENCE_DIFFERS;
                return 0;
        }
        facts->memory = compare_memory(x, mapping, fd);
        if (listed && x->loader.list.complete) {
                int differs = x->loader.list.maps[j->link].differs_from_file;

                facts->relocations = compare_relocations(x, mapping);
                facts->loader_copy = differs < 0 ? EVIDENCE_NONE : differs ? EVIDENCE_DIFFERS : EVIDENCE_AGREES;
        }
        return 0;
}

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

Evidence evidence_compare_known(Examination *x, size_t mapping, const Identity *other, FileId *ret_other) {
        const ElfEntry *mine, *theirs = elf_cache_find(&x->scan->elfs, other, x->scan->sweep);

        if (!theirs)
                return EVIDENCE_NONE;
        if (theirs->error == 0 && ret_other)
                set_build_id(ret_other, &theirs->elf);
        if (examination_read_elf(x, mapping) < 0)
                return EVIDENCE_NONE;
        mine = x->judged[mapping].elf;
        if (!mine || theirs->error < 0 || (mine->elf.build_id_length == 0 && theirs->elf.build_id_length == 0))
                return EVIDENCE_NONE;
        return mine->elf.build_id_length == theirs->elf.build_id_length &&
                memcmp(mine->elf.build_id, theirs->elf.build_id, mine->elf.build_id_length) == 0 ?
                EVIDENCE_AGREES : EVIDENCE_DIFFERS;
}

Evidence evidence_compare(Examination *x, size_t mapping, const Identity *other, int other_fd, FileId *ret_other) {
        _cleanup_close_ int fd = -EBADF;
        Evidence e;

        if (!elf_cache_find(&x->scan->elfs, other, x->scan->sweep))
                elf_cache_add(&x->scan->elfs, other, other_fd, x->scan->sweep);
        e = evidence_compare_known(x, mapping, other, ret_other);
        if (e != EVIDENCE_NONE)
                return e;
        if (!x->judged[mapping].mapped_known || x->judged[mapping].mapped.size != other->size)
                return EVIDENCE_DIFFERS;
        fd = examination_open_mapped(x, mapping);
        return fd < 0 ? EVIDENCE_NONE : compare_bytes(fd, other_fd, other->size);
}
