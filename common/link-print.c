/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "link-map-layout.h"
#include "link-print.h"

#define PAGE 4096u
/* So many pages are read at once. */
#define RUN_MAX 32u
/* Of <link.h>: struct link_map, and struct r_debug. */
#define PUBLIC_WORDS 5u
/* AT_RANDOM, getauxval(3). */
#define RANDOM_SIZE 16u

void link_print_done(LinkPrint *p) {
        free(p->spans);
        *p = (LinkPrint){};
}

static int add(LinkPrint *p, uint64_t address, size_t size) {
        if (!GROW(p->spans, p->allocated, p->n_spans + 1))
                return -ENOMEM;
        p->spans[p->n_spans++] = (LinkSpan){ .address = address, .size = (uint32_t) size };
        return 0;
}

/* Where in the entry the two numbers of its file are; 0: nowhere. */
static size_t find_file(Memory *memory, const LinkMap *map, const LinkMapFile *file) {
        const uint64_t id[2] = { file->dev, file->inode };
        LinkBlock entry;

        if (file->inode == 0)
                return 0;
        link_block_read(memory, map->address, &entry);
        for (size_t at = PUBLIC_WORDS * 4; at + sizeof(id) <= entry.size; at += 4)
                if (memcmp(entry.bytes + at, id, sizeof(id)) == 0)
                        return at;
        return 0;
}

static bool is_mapped_by_kernel(const Loader *l, size_t i) {
        const uint64_t l_addr = l->list.maps[i].l_addr;

        return i == 0 || (l->base != 0 && l_addr == l->base) || (l->vdso != 0 && l_addr == l->vdso);
}

static bool is_constant(const MapsText *t, uint64_t address) {
        MapsLine line;

        return maps_text_find(t, address, &line) > 0 && line.start <= address && maps_line_is_of_file(&line) &&
                !(line.flags & RANGE_WRITE);
}

static int add_entry(const Loader *l, size_t i, const LinkMapFile *file, const MapsText *text, LinkPrint *p) {
        const size_t word = l->class / 8;
        const LinkMap *map = &l->list.maps[i];
        size_t id = 0;
        uint64_t name;
        int r;

        if (!is_mapped_by_kernel(l, i)) {
                id = find_file(l->memory, map, file);
                if (id == 0)
                        return 0;
        }
        if (memory_read_word(l->memory, map->address + word, word, &name) < 0)
                return 0;
        r = add(p, map->address, PUBLIC_WORDS * word);
        if (r >= 0 && id > 0)
                r = add(p, map->address + id, 2 * sizeof(uint64_t));
        if (r >= 0 && map->l_name[0] != '\0' && !is_constant(text, name))
                r = add(p, name, strlen(map->l_name) + 1);
        return r < 0 ? r : 1;
}

static int compare(const void *a, const void *b) {
        const LinkSpan *x = a, *y = b;

        return x->address != y->address ? (x->address < y->address ? -1 : 1) : x->size < y->size ? -1 : x->size > y->size;
}

/* How many pages from that of a span on are all of use. */
static size_t run_of(const LinkPrint *p, size_t span) {
        const uint64_t first = p->spans[span].address / PAGE;
        uint64_t last = first;

        for (size_t i = span; i < p->n_spans && p->spans[i].address / PAGE <= last + 1 && last - first < RUN_MAX; i++) {
                const uint64_t end = (p->spans[i].address + p->spans[i].size - 1) / PAGE;

                if (end > last)
                        last = end;
        }
        return (size_t) (last - first) + 1;
}

static int sum_of(Memory *memory, const LinkPrint *p, uint64_t *ret) {
        uint8_t bytes[LINK_NAME_MAX];
        HashKey key = p->key;

        for (size_t i = 0; i < p->n_spans; i++) {
                const LinkSpan *s = &p->spans[i];
                int r;

                if (!memory_has_page(memory, s->address))
                        memory_read_ahead(memory, s->address, run_of(p, i));
                r = memory_read(memory, s->address, bytes, s->size);
                if (r < 0)
                        return r;
                key.k0 = hash_bytes(&key, bytes, s->size);
        }
        *ret = key.k0;
        return 0;
}

int link_print_take(const Loader *l, const HashKey *key, const LinkMapFile *files, const MapsText *text, LinkPrint *ret) {
        _cleanup_(link_print_done) LinkPrint p = { .key = *key };
        int r;

        /* Version 2: there are more namespaces than the main one. */
        if (l->random == 0 || l->list.version != 1)
                return 0;
        r = add(&p, l->random, RANDOM_SIZE);
        if (r >= 0)
                r = add(&p, l->list.r_debug, PUBLIC_WORDS * l->class / 8);
        r = r < 0 ? r : 1;
        for (size_t i = 0; r > 0 && i < l->list.n_maps; i++)
                r = add_entry(l, i, &files[i], text, &p);
        if (r <= 0)
                return r;
        qsort(p.spans, p.n_spans, sizeof(*p.spans), compare);
        r = sum_of(l->memory, &p, &p.sum);
        if (r < 0)
                return 0;
        *ret = p;
        p = (LinkPrint){};
        return 1;
}

bool link_print_matches(Memory *memory, const LinkPrint *p) {
        uint64_t sum;

        return sum_of(memory, p, &sum) >= 0 && sum == p->sum;
}
