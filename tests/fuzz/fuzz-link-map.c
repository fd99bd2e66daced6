/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Input: one byte, whose lowest bit says 32 or 64 bits; one byte, the offset of l_tls_modid
 * in words; then memory as it stands from BASE on. An r_debug is its first thing, the
 * auxiliary vector its second. What is "on disk" of an object stands in this memory, too,
 * where the object begins (l_addr), so that an input can be right in all its parts.
 */

#include <string.h>

#include "fuzz.h"
#include "rtld/link-map-image.h"
#include "util/base.h"

#define BASE 0x10000u
#define AUXV 0x40u
#define AUXV_SIZE 0x60u

typedef struct Input {
        const uint8_t *bytes;
        size_t size;
} Input;

/* The file of an object, as an input has it. */
typedef struct Facts {
        uint32_t entry, nbuckets, maskwords, shift, hash_address, inode;
        uint32_t tls_address, tls_file_size, tls_memory_size;
        uint16_t phnum;
        uint8_t gnu_hash, cut;
} Facts;

static ssize_t read_input(void *userdata, uint64_t address, void *buffer, size_t n) {
        const Input *input = userdata;
        uint64_t offset = address - BASE;

        if (address < BASE || offset >= input->size)
                return -EIO;
        if (n > input->size - offset)
                n = input->size - offset;
        memcpy(buffer, input->bytes + offset, n);
        return (ssize_t) n;
}

static void make_file(Memory *memory, const LinkMap *m, uint8_t class, ElfFile *elf, ElfSegment *tls, LinkMapFile *ret) {
        Facts f;

        if (memory_read(memory, m->l_addr, &f, sizeof(f)) < 0)
                return;
        *tls = (ElfSegment){
                .type = 7, /* PT_TLS */
                .address = f.tls_address,
                .file_size = f.tls_file_size,
                .memory_size = f.tls_memory_size,
        };
        *elf = (ElfFile){
                .class = class,
                .entry = f.entry,
                .phnum = f.phnum,
                .segments = tls,
                .n_segments = 1,
                .cut = f.cut,
                .gnu_hash = f.gnu_hash,
                .gnu_hash_nbuckets = f.nbuckets,
                .gnu_hash_maskwords = f.maskwords,
                .gnu_hash_shift = f.shift,
                .gnu_hash_address = f.hash_address,
        };
        *ret = (LinkMapFile){ .elf = elf, .map_start = m->l_addr, .inode = f.inode };
}

static void check_members(const LinkMapList *l, bool known, const size_t *members, size_t n) {
        FUZZ_CHECK(known || n == 0);
        for (size_t i = 0; i < n; i++)
                FUZZ_CHECK(members[i] < l->n_maps);
}

static void check_list(const LinkMapList *l) {
        FUZZ_CHECK(l->n_maps <= LINK_MAPS_MAX);
        for (size_t i = 0; i < l->n_maps; i++) {
                const LinkMap *m = &l->maps[i];

                FUZZ_CHECK(m->l_name && strlen(m->l_name) < LINK_NAME_MAX);
                FUZZ_CHECK(m->namespace < LINK_NAMESPACES_MAX);
                FUZZ_CHECK(m->anchored == (m->type != LINK_TYPE_UNKNOWN) && m->type <= LINK_TYPE_UNKNOWN);
                FUZZ_CHECK(m->anchored == (m->opencount >= 0) && m->opencount >= -1);
                FUZZ_CHECK(m->nodelete >= -1 && m->nodelete <= 1 && (m->nodelete < 0 || m->type == LINK_LOADED));
                FUZZ_CHECK(m->tls_dtors >= -1 && (m->tls_dtors < 0 || m->anchored));
                FUZZ_CHECK(m->differs_from_file >= -1 && m->differs_from_file <= 1);
                FUZZ_CHECK(m->anchored || m->differs_from_file == -1);
                check_members(l, m->initfini_known, m->initfini, m->n_initfini);
                check_members(l, m->reldeps_known, m->reldeps, m->n_reldeps);
        }
}

/* Its facts as its own memory tells them. */
static void check_image(Memory *memory, const LinkMap *m, uint8_t class) {
        _cleanup_(elf_file_done) ElfFile elf = {};

        if (link_map_read_image(memory, m, class, m->l_addr, &elf) < 0)
                return;
        FUZZ_CHECK(elf.dynamic && elf.class == class);
        FUZZ_CHECK(elf.needed && !elf.needed[elf.n_needed] && elf.auxiliary && !elf.auxiliary[elf.n_auxiliary]);
        FUZZ_CHECK(elf.n_segments <= elf.phnum && (!elf.gnu_hash || elf.n_segments > 0));
        FUZZ_CHECK(!elf.soname || strlen(elf.soname) < ELF_STRING_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(link_map_list_done) LinkMapList list = {};
        _cleanup_(memory_freep) Memory *memory = NULL;
        _cleanup_free_ LinkMapFile *files = NULL;
        _cleanup_free_ ElfSegment *segments = NULL;
        _cleanup_free_ ElfFile *elfs = NULL;
        const uint8_t class = size > 0 && data[0] & 1 ? 64 : 32;
        Input input = { data + 2, size - 2 };
        uint64_t r_debug;

        if (size < 2 + AUXV + AUXV_SIZE)
                return 0;
        memory = memory_new_reader(read_input, &input);
        FUZZ_CHECK(memory);
        (void) link_map_find_debug(memory, input.bytes + AUXV, AUXV_SIZE, class, &r_debug);
        if (link_map_list_read(memory, BASE, class, 0, &list) < 0)
                return 0;
        check_list(&list);

        files = calloc(list.n_maps + 1, sizeof(*files));
        elfs = calloc(list.n_maps + 1, sizeof(*elfs));
        segments = calloc(list.n_maps + 1, sizeof(*segments));
        FUZZ_CHECK(files && elfs && segments);
        for (size_t i = 0; i < list.n_maps; i++)
                check_image(memory, &list.maps[i], class);
        for (size_t i = 0; i < list.n_maps; i++)
                make_file(memory, &list.maps[i], class, &elfs[i], &segments[i], &files[i]);
        FUZZ_CHECK(link_map_list_read_private(memory, &list, files, data[1] * (class / 8u)) == 0);
        check_list(&list);
        return 0;
}
