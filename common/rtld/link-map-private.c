/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What dlclose() goes by (glibc elf/dl-close.c), entry by entry, once the layout of the
 * struct is known. All of it is checked again for each entry: what does not fit is not
 * known, and no guess is made.
 */

#include <elf.h>

#include "rtld/link-map-layout.h"

/* Counts above are no counts. */
#define COUNT_MAX 1000000u

/* l_type is the first bit-field of its word, two bits wide. */
static LinkType get_type(const LinkReader *r, size_t i) {
        uint64_t byte = link_reader_get(r, i, r->layout.opencount + 4, 1);

        return (LinkType) (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? byte & 3 : byte >> 6);
}

static bool read_counts(LinkReader *r, size_t i) {
        const uint64_t opencount = link_reader_get(r, i, r->layout.opencount, 4);
        const LinkType type = get_type(r, i);
        LinkMap *m = &r->list->maps[i];

        if (type == LINK_TYPE_UNKNOWN || opencount > COUNT_MAX)
                return false;
        m->anchored = true;
        m->type = type;
        m->type_address = m->address + r->layout.opencount + 4;
        m->opencount = (int64_t) opencount;
        return true;
}

/* The fourth bit of these: l_relocated since glibc 2.36, and before l_init_called, which is set after that. */
bool link_map_is_relocated(Memory *memory, const LinkMap *m) {
        uint64_t byte;

        if (m->type != LINK_LOADED)
                return true;
        memory_forget_at(memory, m->type_address, 1);
        return memory_read_word(memory, m->type_address, 1, &byte) >= 0 &&
                byte & (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 1u << 3 : 1u << 4);
}

/* Of itself, the loader does not fill in l_entry, and since 2.35 not l_flags_1 either. */
static bool is_loader(const LinkReader *r, size_t i) {
        return link_reader_word(r, i, r->layout.phnum - r->word) == 0;
}

/* Could the loader have copied this from a GNU hash section? */
static bool hash_is_sane(const LinkReader *r, size_t i) {
        const LinkHash hash = link_reader_hash(r, i, &r->layout);

        return hash.nbuckets > 0 && (hash.maskwords & (hash.maskwords - 1)) == 0 && hash.shift < 64 &&
               hash.bitmask >= link_reader_word(r, i, r->layout.map_start) &&
               hash.bitmask < link_reader_word(r, i, r->layout.map_start + r->word);
}

/* Does l_file_id name another file than the one that is compared? Some entry must show that it is l_file_id. */
static bool is_other_file(const LinkReader *r, size_t i) {
        const size_t at = r->layout.file_id + 8; /* st_ino */
        const uint64_t inode = link_reader_get(r, i, at, 8);
        bool seen = false;

        for (size_t s = 0; s < r->n_samples && !seen; s++) {
                const LinkMapFile *f = &r->files[r->samples[s]];

                seen = f->inode != 0 && link_reader_get(r, r->samples[s], at, 8) == f->inode;
        }
        return seen && r->files[i].inode != 0 && inode != 0 && inode != r->files[i].inode;
}

static bool agrees_with_file(const LinkReader *r, size_t i) {
        const LinkLayout *y = &r->layout;

        return link_reader_hash_matches(r, i, y) &&
               (is_loader(r, i) || link_reader_header_matches(r, i, y->phnum));
}

/* What was read anew is of the entry that the list was read of, and that entry is still in it: else its memory is free. */
static bool is_still_listed(LinkReader *r, size_t i) {
        const LinkMap *m = &r->list->maps[i], *previous = m - 1;
        uint64_t address, next;

        if (link_reader_word(r, i, 0) != m->l_addr || link_reader_word(r, i, 2 * r->word) != m->l_ld)
                return false;
        if (i == 0 || previous->namespace != m->namespace)
                return true;
        address = previous->address + 3 * r->word; /* l_next */
        memory_forget_at(r->memory, address, r->word);
        return memory_read_word(r->memory, address, r->word, &next) >= 0 && next == m->address;
}

/*
 * "Differs" is an alarm: so it must be this file at this place, the loader's copy must be
 * one of some GNU hash header, and a second read must give the same for what is still loaded.
 */
static int compare_with_file(LinkReader *r, size_t i) {
        if (!link_reader_comparable(r, i) || r->files[i].image)
                return -1;
        if (agrees_with_file(r, i))
                return 0;
        if (r->files[i].map_start != link_reader_word(r, i, r->layout.map_start) || !hash_is_sane(r, i))
                return -1;
        if (r->layout.file_id != 0 && is_other_file(r, i))
                return -1;
        memory_forget_at(r->memory, r->list->maps[i].address, LINK_BLOCK_SIZE);
        link_reader_read_block(r, i);
        if (!link_reader_proven(r, i) || !hash_is_sane(r, i) || !is_still_listed(r, i))
                return -1;
        return !agrees_with_file(r, i);
}

/* --- l_nodelete_active --- */

/* The dynamic section of a file that was written to may be the new one, and proves nothing. */
static bool has_flags(const LinkReader *r, size_t i) {
        const LinkMap *m = &r->list->maps[i];

        return m->anchored && r->layout.flags_1 != 0 && r->layout.flags_1 + 4 <= r->blocks[i].size &&
               (m->differs_from_file == 1 || is_loader(r, i) || link_reader_flags_agree(r, i, r->layout.flags_1));
}

/*
 * glibc 2.31 and later have l_nodelete_active, before there is a bit of l_flags_1 (and the
 * byte is 0). Since 2.31 that bit is as in the file, where it means the same for what is
 * loaded: so either will do, if they do not contradict each other.
 */
static void read_nodelete(LinkReader *r) {
        bool active = false, contradicted = false;

        for (int take = 0; take < 2; take++) {
                for (size_t i = 0; i < r->list->n_maps; i++) {
                        LinkMap *m = &r->list->maps[i];
                        uint64_t byte = link_reader_get(r, i, r->layout.opencount + 7, 1);
                        bool flag = link_reader_get(r, i, r->layout.flags_1, 4) & DF_1_NODELETE;

                        if (m->type != LINK_LOADED || !has_flags(r, i))
                                continue;
                        active = active || byte != 0;
                        contradicted = contradicted || byte > 1 || (flag && byte == 0);
                        if (take)
                                m->nodelete = byte || flag;
                }
                if (active && contradicted)
                        return;
        }
}

/* --- l_tls_dtor_count --- */

/* Is this a module id that an entry can have? 0 where there is no thread-local storage, and nowhere else. */
static bool is_modid(const LinkReader *r, size_t i, uint64_t id) {
        if (!link_reader_comparable(r, i) || r->files[i].elf->cut || r->list->maps[i].differs_from_file != 0)
                return id <= COUNT_MAX;
        return id <= COUNT_MAX && (id != 0) == (link_reader_tls(r, i) != NULL);
}

/* Found by PT_TLS, and published by libc since 2.34: where both are known, they must agree. */
static void read_tls(LinkReader *r, uint32_t published) {
        const size_t modid = published != 0 ? published : r->layout.modid;

        if (modid == 0 || (r->layout.modid != 0 && modid != r->layout.modid))
                return;
        for (int take = 0; take < 2; take++)
                for (size_t i = 0; i < r->list->n_maps; i++) {
                        LinkMap *m = &r->list->maps[i];
                        const uint64_t id = link_reader_word(r, i, modid);
                        const uint64_t count = link_reader_word(r, i, modid + r->word);

                        if (!m->anchored || modid + 2 * r->word > r->blocks[i].size)
                                continue;
                        if (count > COUNT_MAX || !is_modid(r, i, id))
                                return;
                        if (take)
                                m->tls_dtors = (int64_t) count;
                }
}

/* --- l_initfini and l_reldeps --- */

/* n addresses of entries, as indices. Returns 1, 0 where one is no entry, -ENOMEM. */
static int read_members(LinkReader *r, uint64_t array, size_t n, size_t **ret) {
        _cleanup_free_ size_t *members = NULL;

        members = malloc((n + 1) * sizeof(*members));
        if (!members)
                return -ENOMEM;
        for (size_t k = 0; k < n; k++) {
                uint64_t member;
                ssize_t index;

                if (r->n_members++ >= LINK_MEMBERS_MAX ||
                    memory_read_word(r->memory, array + k * r->word, r->word, &member) < 0)
                        return 0;
                index = link_reader_find(r, member);
                if (index < 0)
                        return 0;
                members[k] = (size_t) index;
        }
        *ret = TAKE_PTR(members);
        return 1;
}

/*
 * The global scope is the search list of the program, to which dlopen() appends what it loads RTLD_GLOBAL
 * (_ns_main_searchlist; elf/dl-open.c, add_to_global_update()).
 */
static int read_global_scope(LinkReader *r) {
        LinkMap *maps = r->list->maps;
        const uint64_t array = link_reader_word(r, 0, r->layout.searchlist);
        const uint64_t n = link_reader_get(r, 0, r->layout.searchlist + r->word, 4);
        _cleanup_free_ size_t *members = NULL;
        int q;

        if (!maps[0].anchored || n == 0 || n > r->list->n_maps)
                return 0;
        q = read_members(r, array, (size_t) n, &members);
        if (q <= 0 || members[0] != 0)
                return q;
        for (size_t i = 0; i < r->list->n_maps; i++)
                if (maps[i].anchored && maps[i].namespace == 0)
                        maps[i].global = 0;
        for (size_t k = 0; k < n; k++)
                if (maps[members[k]].global == 0)
                        maps[members[k]].global = 1;
        return 0;
}

static int read_initfini(LinkReader *r, size_t i) {
        LinkMap *m = &r->list->maps[i];
        uint64_t array = link_reader_word(r, i, r->layout.initfini);
        size_t n = link_reader_count_initfini(r, i, array);
        int q;

        if (array != 0 && n == 0)
                return 0;
        if (n > 1) {
                q = read_members(r, array + r->word, n - 1, &m->initfini);
                if (q <= 0)
                        return q;
                m->n_initfini = n - 1;
        }
        m->initfini_known = true;
        return 0;
}

/* struct link_map_reldeps: an unsigned, padded to a word, and as many pointers; NULL where there are none. */
static int read_reldeps(LinkReader *r, size_t i) {
        LinkMap *m = &r->list->maps[i];
        uint64_t deps = link_reader_word(r, i, r->layout.reldeps), n = 0;
        int q;

        if (deps != 0 && (memory_read_word(r->memory, deps, 4, &n) < 0 || n > r->list->n_maps))
                return 0;
        if (n > 0) {
                q = read_members(r, deps + r->word, (size_t) n, &m->reldeps);
                if (q <= 0)
                        return q;
                m->n_reldeps = (size_t) n;
        }
        m->reldeps_known = true;
        return 0;
}

static int read_arrays(LinkReader *r) {
        int p = read_global_scope(r);

        if (p < 0)
                return p;
        for (size_t i = 0; i < r->list->n_maps; i++) {
                int q = 0;

                if (!r->list->maps[i].anchored)
                        continue;
                if (r->layout.initfini != 0 && r->layout.initfini + r->word <= r->blocks[i].size)
                        q = read_initfini(r, i);
                if (q >= 0 && has_flags(r, i))
                        q = read_reldeps(r, i);
                if (q < 0)
                        return q;
        }
        return 0;
}

int link_map_list_read_private(Memory *memory, LinkMapList *list, const LinkMapFile *files,
                               uint32_t tls_modid_offset) {
        _cleanup_(link_reader_done) LinkReader r = {
                .memory = memory,
                .list = list,
                .files = files,
                .word = list->class / 8,
        };
        int q;

        if (list->n_maps == 0)
                return 0;
        q = link_reader_init(&r);
        if (q < 0)
                return q;
        link_layout_find(&r);
        for (size_t i = 0; i < list->n_maps; i++) {
                if (!link_reader_proven(&r, i) || !read_counts(&r, i))
                        continue;
                list->maps[i].differs_from_file = compare_with_file(&r, i);
        }
        read_nodelete(&r);
        read_tls(&r, tls_modid_offset);
        return read_arrays(&r);
}
