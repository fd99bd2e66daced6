/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The loader's memory of a process that once was, as text: what test-recorded replays
 * and tests/live/loader/record.c writes. One thing a line:
 *
 *         class 64
 *         r_debug ADDRESS
 *         modid OFFSET                  what _thread_db_link_map_l_tls_modid says, 0: nothing
 *         file INDEX MAP-START INODE ENTRY PHNUM NBUCKETS MASKWORDS SHIFT HASH TLS…
 *                                       the last three: address, size in the file and in memory
 *         memory ADDRESS BYTES          64 bytes; what is not said of a page is zero
 *         map …                         what must be found, as recorded_render() says it
 */

#include <elf.h>
#include <inttypes.h>
#include <stdio.h>

#include "rtld/link-map.h"

#define RECORDED_LINE 64u
#define RECORDED_MAPS_MAX 64u

typedef struct RecordedLine {
        uint64_t address;
        uint8_t bytes[RECORDED_LINE];
        bool left_out;
} RecordedLine;

typedef struct Recorded {
        uint8_t class;
        uint64_t r_debug;
        uint32_t modid;
        RecordedLine *lines;
        size_t n_lines, allocated;
        LinkMapFile files[RECORDED_MAPS_MAX];
        ElfFile elfs[RECORDED_MAPS_MAX];
        ElfSegment tls[RECORDED_MAPS_MAX];
} Recorded;

static inline ssize_t recorded_read(void *userdata, uint64_t address, void *buffer, size_t n) {
        const Recorded *r = userdata;
        size_t to_end = 4096 - address % 4096;
        bool found = false;

        if (n > to_end)
                n = to_end;
        memset(buffer, 0, n);
        for (size_t i = 0; i < r->n_lines; i++) {
                const RecordedLine *l = &r->lines[i];

                if (l->left_out || l->address / 4096 != address / 4096)
                        continue;
                found = true;
                if (l->address >= address && l->address - address + RECORDED_LINE <= n)
                        memcpy((uint8_t *) buffer + (l->address - address), l->bytes, RECORDED_LINE);
        }
        return found ? (ssize_t) n : -EIO;
}

/* Reads the list as any other. Returns 0 or -errno. */
static inline int recorded_list_read(Recorded *r, LinkMapList *ret) {
        _cleanup_(link_map_list_done) LinkMapList list = {};
        _cleanup_(memory_freep) Memory *memory = memory_new_reader(recorded_read, r);
        int q;

        if (!memory)
                return -ENOMEM;
        q = link_map_list_read(memory, r->r_debug, r->class, 0, &list);
        if (q >= 0 && list.n_maps > RECORDED_MAPS_MAX)
                q = -E2BIG;
        if (q >= 0)
                q = link_map_list_read_private(memory, &list, r->files, r->modid);
        if (q < 0)
                return q;
        *ret = list;
        list = (LinkMapList){};
        return 0;
}

static inline void recorded_render_members(FILE *f, bool known, const size_t *members, size_t n) {
        fputs(known ? " [" : " ?", f);
        for (size_t i = 0; i < n; i++)
                fprintf(f, "%s%zu", i > 0 ? " " : "", members[i]);
        if (known)
                fputs("]", f);
}

/* Says all that is known of one entry, in one line. */
static inline void recorded_render(FILE *f, const LinkMapList *l, size_t i) {
        const LinkMap *m = &l->maps[i];

        fprintf(f, "map %zu namespace %u type %d opencount %" PRId64 " nodelete %d dtors %" PRId64 " differs %d flags ",
                i, m->namespace, (int) m->type, m->opencount, m->nodelete, m->tls_dtors, m->differs_from_file);
        fprintf(f, m->dynamic_read ? "%" PRIx64 : "?", m->flags_1);
        recorded_render_members(f, m->initfini_known, m->initfini, m->n_initfini);
        recorded_render_members(f, m->reldeps_known, m->reldeps, m->n_reldeps);
        fprintf(f, " %s\n", m->l_name);
}

static inline void recorded_done(Recorded *r) {
        free(r->lines);
}

static inline bool recorded_add_line(Recorded *r, uint64_t address, const uint8_t *bytes) {
        if (!GROW(r->lines, r->allocated, r->n_lines + 1))
                return false;
        r->lines[r->n_lines] = (RecordedLine){ .address = address };
        memcpy(r->lines[r->n_lines++].bytes, bytes, RECORDED_LINE);
        return true;
}

static inline void recorded_add_file(Recorded *r, size_t i, const LinkMapFile *file) {
        r->files[i] = *file;
        r->tls[i].type = PT_TLS;
        r->elfs[i].class = r->class;
        r->elfs[i].gnu_hash = true;
        r->elfs[i].segments = &r->tls[i];
        r->elfs[i].n_segments = 1;
        r->files[i].elf = &r->elfs[i];
}

static inline bool recorded_parse_file(Recorded *r, const char *line) {
        LinkMapFile file = {};
        ElfSegment tls = {};
        ElfFile elf = {};
        size_t i;

        if (sscanf(line, "file %zu %" SCNx64 " %" SCNu64 " %" SCNx64 " %" SCNu16 " %" SCNu32 " %" SCNu32 " %" SCNu32
                   " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64, &i, &file.map_start, &file.inode, &elf.entry,
                   &elf.phnum, &elf.gnu_hash_nbuckets, &elf.gnu_hash_maskwords, &elf.gnu_hash_shift, &elf.gnu_hash_address,
                   &tls.address, &tls.file_size, &tls.memory_size) != 12 || i >= RECORDED_MAPS_MAX)
                return false;
        r->elfs[i] = elf;
        r->tls[i] = tls;
        recorded_add_file(r, i, &file);
        return true;
}

static inline bool recorded_parse_memory(Recorded *r, const char *line) {
        uint8_t bytes[RECORDED_LINE];
        uint64_t address;
        int at = 0;

        if (sscanf(line, "memory %" SCNx64 " %n", &address, &at) != 1 || at == 0)
                return false;
        for (size_t i = 0; i < RECORDED_LINE; i++)
                if (sscanf(line + at + 2 * i, "%2" SCNx8, &bytes[i]) != 1)
                        return false;
        return recorded_add_line(r, address, bytes);
}

/* Takes one line in. false: it is broken; `map` lines are the caller's. */
static inline bool recorded_parse(Recorded *r, const char *line) {
        if (strncmp(line, "class ", 6) == 0)
                return sscanf(line, "class %" SCNu8, &r->class) == 1;
        if (strncmp(line, "r_debug ", 8) == 0)
                return sscanf(line, "r_debug %" SCNx64, &r->r_debug) == 1;
        if (strncmp(line, "modid ", 6) == 0)
                return sscanf(line, "modid %" SCNu32, &r->modid) == 1;
        if (strncmp(line, "file ", 5) == 0)
                return recorded_parse_file(r, line);
        return recorded_parse_memory(r, line);
}
