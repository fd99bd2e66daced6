/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>
#include <endian.h>
#include <sys/stat.h>

#include "elf/elf-reader.h"

/* The window begins on such a multiple, so that a name or word just before the last one needs no new read. */
#define WINDOW_STEP 1024u

int elf_reader_init(ElfReader *r, int fd) {
        const uint8_t *ident;
        struct stat st;
        int k;

        r->fd = fd;
        r->window_start = r->window_size = 0;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -ENOEXEC;

        r->size = (uint64_t) st.st_size;
        k = elf_reader_view(r, 0, EI_NIDENT, &ident);
        if (k < 0)
                return k == -ENODATA ? -ENOEXEC : k;
        if (memcmp(ident, ELFMAG, SELFMAG) != 0)
                return -ENOEXEC;
        if ((ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64) ||
            (ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB))
                return -EBADMSG;

        r->class = ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
        r->big_endian = ident[EI_DATA] == ELFDATA2MSB;
        return 0;
}

static int window_move(ElfReader *r, uint64_t start) {
        size_t want = ELF_WINDOW, have = 0;

        if (want > r->size - start)
                want = (size_t) (r->size - start);
        r->window_start = start;
        r->window_size = 0;
        while (have < want) {
                ssize_t n = pread(r->fd, r->window + have, want - have, (off_t) (start + have));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0) /* has been truncated since */
                        break;
                have += (size_t) n;
        }
        r->window_size = have;
        return 0;
}

int elf_reader_view(ElfReader *r, uint64_t offset, size_t n, const uint8_t **ret) {
        uint64_t end;
        int k;

        if (n > ELF_WINDOW || __builtin_add_overflow(offset, n, &end) || end > r->size)
                return -ENODATA;

        if (offset < r->window_start || end > r->window_start + r->window_size) {
                k = window_move(r, n <= ELF_WINDOW - WINDOW_STEP ? offset - offset % WINDOW_STEP : offset);
                if (k < 0)
                        return k;
                if (end > r->window_start + r->window_size)
                        return -ENODATA;
        }
        *ret = r->window + (offset - r->window_start);
        return 0;
}

int elf_reader_string(ElfReader *r, uint64_t offset, const char **ret) {
        const uint8_t *s;
        size_t n = 1;
        int k;

        for (;;) {
                k = elf_reader_view(r, offset, n, &s);
                if (k < 0)
                        return k;
                n = r->window_size - (size_t) (s - r->window);
                if (memchr(s, '\0', n)) {
                        *ret = (const char *) s;
                        return 0;
                }
                /* Once more, with the window beginning here; what is then without an end has none. */
                if (s == r->window)
                        return -ENODATA;
                k = window_move(r, offset);
                if (k < 0)
                        return k;
        }
}

uint16_t elf_u16(const ElfReader *r, const uint8_t *p) {
        uint16_t v;

        memcpy(&v, p, sizeof(v));
        return r->big_endian ? be16toh(v) : le16toh(v);
}

uint32_t elf_u32(const ElfReader *r, const uint8_t *p) {
        uint32_t v;

        memcpy(&v, p, sizeof(v));
        return r->big_endian ? be32toh(v) : le32toh(v);
}

uint64_t elf_u64(const ElfReader *r, const uint8_t *p) {
        uint64_t v;

        memcpy(&v, p, sizeof(v));
        return r->big_endian ? be64toh(v) : le64toh(v);
}

uint64_t elf_word(const ElfReader *r, const uint8_t *p) {
        return r->class == 64 ? elf_u64(r, p) : elf_u32(r, p);
}

static const ElfSegment *segment_find(const ElfFile *e, uint32_t type) {
        for (size_t i = 0; i < e->n_segments; i++)
                if (e->segments[i].type == type)
                        return &e->segments[i];
        return NULL;
}

int elf_dynamic_read(ElfReader *r, const ElfFile *e, ElfDynamic *ret) {
        const ElfSegment *s = segment_find(e, PT_DYNAMIC);
        size_t word = elf_word_size(r);
        ElfTable t = { .entry_size = 2 * word };

        ret->n = 0;
        ret->cut = false;
        if (!s || s->file_size == 0)
                return 0;
        /* The loader goes by the address; the offset is right where the two agree, or nothing is loaded there. */
        if (!elf_file_offset(e, s->address, &t.offset))
                t.offset = s->offset;
        t.n = s->file_size / t.entry_size;
        if (t.n > ELF_DYNAMIC_MAX)
                t.n = ELF_DYNAMIC_MAX;

        for (uint64_t i = 0; i < t.n; i++) {
                const uint8_t *p;
                int k;

                k = elf_table_view(r, &t, i, &p);
                if (k == -ENODATA)
                        break;
                if (k < 0)
                        return k;
                if (elf_word(r, p) == DT_NULL)
                        return 0;
                ret->entries[ret->n].tag = elf_word(r, p);
                ret->entries[ret->n].value = elf_word(r, p + word);
                ret->n++;
        }
        ret->cut = true;
        return 0;
}

bool elf_dynamic_get(const ElfDynamic *d, uint64_t tag, uint64_t *ret) {
        for (size_t i = d->n; i-- > 0;)
                if (d->entries[i].tag == tag) {
                        *ret = d->entries[i].value;
                        return true;
                }
        return false;
}

bool elf_dynamic_table(const ElfFile *e, const ElfDynamic *d, uint64_t address_tag, uint64_t size_tag,
                       size_t entry_size, ElfTable *ret) {
        uint64_t address, size, offset;

        if (!elf_dynamic_get(d, address_tag, &address) || !elf_dynamic_get(d, size_tag, &size) ||
            !elf_file_offset(e, address, &offset))
                return false;
        *ret = (ElfTable){ .offset = offset, .n = size / entry_size, .entry_size = entry_size };
        return true;
}

int elf_table_view(ElfReader *r, const ElfTable *t, uint64_t i, const uint8_t **ret) {
        uint64_t offset;

        if (i >= t->n || __builtin_mul_overflow(i, t->entry_size, &offset) ||
            __builtin_add_overflow(offset, t->offset, &offset))
                return -ENODATA;
        return elf_reader_view(r, offset, t->entry_size, ret);
}
