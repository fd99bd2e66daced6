/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <elf.h>

#include "fake-memory.h"
#include "rtld/link-map.h"
#include "unit.h"

/* Where some builds of glibc have the fields (offsetof of their struct link_map). */
static const struct Variant {
        const char *name;
        uint8_t class;
        unsigned phnum, opencount, nbuckets, map_start, initfini, reldeps, modid;
        bool nodelete_in_flags; /* up to 2.30 */
        uint16_t machine;
} variants[] = {
        { "2.36 of Debian 12", 64, 720, 816, 780, 880, 1000, 1016, 1152, false },
        { "2.41, without l_text_end", 64, 728, 824, 788, 888, 1000, 1008, 1144, false },
        { "2.28", 64, 704, 800, 764, 856, 976, 984, 1120, true },
        { "2.36, 32 bits", 32, 364, 420, 396, 456, 524, 532, 608, false },
        { "2.36, s390x", 64, 720, 824, 784, 888, 1008, 1024, 1160, false, EM_S390 },
        { "2.36, 31-bit s390", 32, 364, 420, 396, 456, 524, 532, 608, false, EM_S390 },
        { "2.28, 32 bits", 32, 352, 408, 384, 440, 508, 512, 584, true },
};

enum { MAIN, LIBC, LDSO, PLUGIN, DEP, PINNED, BOUND, N_OBJECTS };
#define NONE N_OBJECTS

/* The truth about each object. */
static const struct Object {
        const char *name;
        LinkType type;
        uint32_t opencount, flags_1;
        int nodelete;
        unsigned dtors, modid;
        unsigned initfini[4], reldeps[2]; /* up to NONE */
} objects[N_OBJECTS] = {
        [MAIN] = { "", LINK_EXECUTABLE, 1, DF_1_NOW, -1, 0, 0, { LIBC, LDSO, NONE }, { NONE } },
        [LIBC] = { "/libc.so.6", LINK_LIBRARY, 0, 0, -1, 0, 1, { LDSO, NONE }, { NONE } },
        [LDSO] = { "/ld.so", LINK_LIBRARY, 0, DF_1_NOW, -1, 0, 0, { NONE }, { NONE } },
        [PLUGIN] = { "/plugin.so", LINK_LOADED, 3, DF_1_NOW, 0, 7, 2, { DEP, LIBC, LDSO, NONE }, { PINNED, NONE } },
        [DEP] = { "/dep.so", LINK_LOADED, 0, 0, 0, 0, 0, { LIBC, NONE }, { PLUGIN, NONE } },
        [PINNED] = { "/pinned.so", LINK_LOADED, 1, DF_1_NODELETE, 1, 0, 0, { LIBC, NONE }, { NONE } },
        [BOUND] = { "/bound.so", LINK_LOADED, 1, 0, 1, 0, 0, { LIBC, NONE }, { NONE } },
};

static const struct Variant *v;
static FakeMemory *fake;
static uint64_t maps[N_OBJECTS], arrays[N_OBJECTS], reldeps[N_OBJECTS], searchlist, r_debug;
static ElfFile elfs[N_OBJECTS];
static ElfSegment segments[N_OBJECTS];
static LinkMapFile files[N_OBJECTS];
static uint32_t tls_modid_offset;
static Memory *memory;
static LinkMapList list;

static uint64_t map_start(unsigned i) {
        return FAKE_BASE + 0x9000 + i * 0x1000;
}

static void set(unsigned i, unsigned offset, size_t size, uint64_t value) {
        fake_memory_set(fake, maps[i] + offset, size, value);
}

static void set_word(unsigned i, unsigned offset, uint64_t value) {
        set(i, offset, fake->word, value);
}

static void put_file(unsigned i) {
        segments[i] = (ElfSegment){ .type = PT_TLS, .address = 0x700 + i, .file_size = 4, .memory_size = 8 + i };
        elfs[i] = (ElfFile){
                .class = v->class,
                .machine = v->machine,
                .entry = 0x1000 + i * 16,
                .phnum = (uint16_t) (9 + i),
                .segments = &segments[i],
                .n_segments = objects[i].modid != 0,
                .gnu_hash = true,
                .gnu_hash_nbuckets = 3 + i,
                .gnu_hash_maskwords = 4,
                .gnu_hash_shift = 6 + i,
                .gnu_hash_address = 0x300,
        };
        files[i] = (LinkMapFile){ .elf = &elfs[i], .map_start = map_start(i), .dev = 0xfe00, .inode = 1000 + i };
}

static void put_dynamic(unsigned i) {
        const uint64_t at = map_start(i) + 0x800;

        fake_memory_set_word(fake, at, DT_FLAGS_1);
        fake_memory_set_word(fake, at + fake->word, objects[i].flags_1);
}

/* bits/elfclass.h of glibc: 8 bytes on s390x, and on alpha. */
static unsigned symndx_size(void) {
        return v->machine == EM_S390 && v->class == 64 ? 8 : 4;
}

/* The copies that the loader makes of the file, at the place of the variant. */
static void put_anchor(unsigned i, unsigned phnum) {
        const unsigned word = (unsigned) fake->word, nbuckets = phnum + v->nbuckets - v->phnum;
        const unsigned symndx = symndx_size(); /* Elf_Symndx */

        set_word(i, phnum - 2 * word, map_start(i) + 64);
        if (i != LDSO) {
                set_word(i, phnum - word, map_start(i) + elfs[i].entry);
                set(i, phnum, 2, elfs[i].phnum);
        }
        set(i, nbuckets, symndx, elfs[i].gnu_hash_nbuckets);
        set(i, nbuckets + symndx, 4, elfs[i].gnu_hash_maskwords - 1);
        set(i, nbuckets + symndx + 4, 4, elfs[i].gnu_hash_shift);
        set_word(i, nbuckets + symndx + 8, map_start(i) + elfs[i].gnu_hash_address + 16);
}

static void put_arrays(unsigned i) {
        const size_t word = fake->word;
        const struct Object *o = &objects[i];
        unsigned n;

        for (n = 0; o->initfini[n] != NONE; n++)
                fake_memory_set_word(fake, arrays[i] + (n + 1) * word, maps[o->initfini[n]]);
        fake_memory_set_word(fake, arrays[i], maps[i]);
        set_word(i, v->initfini, arrays[i]);

        for (n = 0; o->reldeps[n] != NONE; n++)
                fake_memory_set_word(fake, reldeps[i] + (n + 1) * word, maps[o->reldeps[n]]);
        fake_memory_set(fake, reldeps[i], 4, n);
        set_word(i, v->reldeps, n > 0 ? reldeps[i] : 0);
}

/* What was loaded at startup, and what was opened RTLD_GLOBAL. */
static const unsigned globals[] = { MAIN, LIBC, LDSO, PLUGIN, BOUND };

static void put_searchlist(void) {
        for (unsigned n = 0; n < ELEMENTSOF(globals); n++)
                fake_memory_set_word(fake, searchlist + n * fake->word, maps[globals[n]]);
        set_word(MAIN, v->phnum + (unsigned) fake->word, searchlist);
        set(MAIN, v->phnum + 2 * (unsigned) fake->word, 4, ELEMENTSOF(globals));
}

static bool is_global(unsigned i) {
        for (unsigned n = 0; n < ELEMENTSOF(globals); n++)
                if (globals[n] == i)
                        return true;
        return false;
}

static void put_tls(unsigned i) {
        const unsigned word = (unsigned) fake->word, image = v->modid - 6 * word;

        if (objects[i].modid != 0) {
                set_word(i, image, map_start(i) + segments[i].address);
                set_word(i, image + word, segments[i].file_size);
                set_word(i, image + 2 * word, segments[i].memory_size);
        }
        set_word(i, v->modid, objects[i].modid);
        set_word(i, v->modid + word, objects[i].dtors);
}

static void put_entry(unsigned i) {
        const struct Object *o = &objects[i];
        const unsigned word = (unsigned) fake->word;
        const unsigned flags_1 = v->reldeps + word + 12, file_id = v->initfini - 2 * word - 16;
        const uint64_t public[] = {
                map_start(i), fake_memory_string(fake, o->name), map_start(i) + 0x800,
                i + 1 < N_OBJECTS ? maps[i + 1] : 0, i > 0 ? maps[i - 1] : 0, maps[i],
        };

        for (unsigned k = 0; k < ELEMENTSOF(public); k++)
                set_word(i, k * word, public[k]);
        put_anchor(i, v->phnum);
        set(i, v->opencount, 4, o->opencount);
        /* The first bit-field is at the low end on little-endian machines, at the high end on the others. */
        set(i, v->opencount + 4, 4,
            __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? o->type | 4u : (uint32_t) o->type << 30);
        set(i, v->opencount + 7, 1, o->nodelete == 1 && !v->nodelete_in_flags);
        set_word(i, v->map_start, map_start(i));
        set_word(i, v->map_start + word, map_start(i) + 0x1000);
        set(i, file_id, 8, files[i].dev);
        set(i, file_id + 8, 8, i == MAIN || i == LDSO ? 0 : files[i].inode);
        set(i, flags_1 - 8, 4, 1); /* l_used */
        if (i != LDSO) /* not filled in since 2.35 */
                set(i, flags_1, 4, o->flags_1 | (o->nodelete == 1 && v->nodelete_in_flags ? DF_1_NODELETE : 0));
        put_tls(i);
}

static void begin(unsigned variant) {
        v = &variants[variant];
        fake = fake_memory_new(v->class);
        for (unsigned i = 0; i < N_OBJECTS; i++) {
                maps[i] = fake_memory_alloc(fake, 1400, 16);
                arrays[i] = fake_memory_alloc(fake, 3 * N_OBJECTS * fake->word, 16);
                reldeps[i] = fake_memory_alloc(fake, 2 * N_OBJECTS * fake->word, 16);
        }
        for (unsigned i = 0; i < N_OBJECTS; i++) {
                put_file(i);
                put_dynamic(i);
                put_entry(i);
                put_arrays(i);
        }
        searchlist = fake_memory_alloc(fake, N_OBJECTS * fake->word, 16);
        put_searchlist();
        r_debug = fake_memory_alloc(fake, 6 * fake->word, 16);
        fake_memory_set(fake, r_debug, 4, 1);
        fake_memory_set_word(fake, r_debug + fake->word, maps[0]);
        ck_assert_uint_lt(fake->end, map_start(0));
        tls_modid_offset = v->modid;
        memory = memory_new_reader(fake_memory_read, fake);
        ck_assert_ptr_nonnull(memory);
        list = (LinkMapList){};
}

static void teardown(void) {
        link_map_list_done(&list);
        memory = memory_free(memory);
        free(fake);
}

static void read_private(void) {
        ck_assert_int_eq(link_map_list_read(memory, r_debug, v->class, 0, &list), 0);
        ck_assert_uint_eq(list.n_maps, N_OBJECTS);
        ck_assert_int_eq(link_map_list_read_private(memory, &list, files, tls_modid_offset), 0);
}

static void ck_members(const unsigned *expected, const size_t *members, size_t n) {
        for (size_t k = 0; k < n; k++)
                ck_assert_uint_eq(members[k], expected[k]);
        ck_assert_uint_eq(expected[n], NONE);
}

/* Which fields of an object are not known, where all others must be, and be right. */
enum {
        NOT_ANCHORED = 1 << 0, /* and so nothing below */
        NOT_NODELETE = 1 << 1,
        NOT_DTORS = 1 << 2,
        NOT_INITFINI = 1 << 3,
        NOT_RELDEPS = 1 << 4,
        NOT_DIFFERS = 1 << 5,
        DIFFERS = 1 << 6,      /* known, and 1 */
        NOT_DYNAMIC = 1 << 7,
        NOT_GLOBAL = 1 << 8,
        NOTHING = NOT_ANCHORED,
};

static void ck_object(unsigned i, unsigned unknown) {
        const struct Object *o = &objects[i];
        const LinkMap *m = &list.maps[i];

        ck_assert_int_eq(m->dynamic_read, !(unknown & NOT_DYNAMIC));
        if (m->dynamic_read)
                ck_assert_uint_eq(m->flags_1, o->flags_1);
        if (unknown & NOT_ANCHORED)
                unknown |= NOT_NODELETE | NOT_DTORS | NOT_INITFINI | NOT_RELDEPS | NOT_DIFFERS | NOT_GLOBAL;
        ck_assert_int_eq(m->anchored, !(unknown & NOT_ANCHORED));
        ck_assert_int_eq(m->type, m->anchored ? o->type : LINK_TYPE_UNKNOWN);
        ck_assert_int_eq(m->opencount, m->anchored ? (int64_t) o->opencount : -1);
        ck_assert_int_eq(m->nodelete, unknown & NOT_NODELETE ? -1 : o->nodelete);
        ck_assert_int_eq(m->tls_dtors, unknown & NOT_DTORS ? -1 : (int64_t) o->dtors);
        ck_assert_int_eq(m->differs_from_file, unknown & NOT_DIFFERS ? -1 : !!(unknown & DIFFERS));
        ck_assert_int_eq(m->global, unknown & NOT_GLOBAL ? -1 : is_global(i));
        ck_assert_int_eq(m->initfini_known, !(unknown & NOT_INITFINI));
        if (m->initfini_known)
                ck_members(o->initfini, m->initfini, m->n_initfini);
        ck_assert_int_eq(m->reldeps_known, !(unknown & NOT_RELDEPS));
        if (m->reldeps_known)
                ck_members(o->reldeps, m->reldeps, m->n_reldeps);
}

START_TEST(all_is_known_in_every_layout) {
        begin((unsigned) _i);
        read_private();
        for (unsigned i = 0; i < N_OBJECTS; i++)
                ck_object(i, 0);
}
END_TEST

static size_t n_reads;

static ssize_t read_and_count(void *userdata, uint64_t address, void *buffer, size_t n) {
        n_reads++;
        return fake_memory_read(userdata, address, buffer, n);
}

/* An older file tells what stands in the dynamic section: its page need not be read. */
START_TEST(the_dynamic_section_of_an_older_file_is_not_read) {
        size_t before;

        begin((unsigned) _i);
        memory = memory_free(memory);
        memory = memory_new_reader(read_and_count, fake);
        ck_assert_ptr_nonnull(memory);
        n_reads = 0;
        read_private();
        before = n_reads;
        link_map_list_done(&list);
        for (unsigned i = 0; i < N_OBJECTS; i++) {
                elfs[i].dynamic = true;
                elfs[i].flags_1 = objects[i].flags_1;
                files[i].older = true;
        }
        memory_forget(memory);
        n_reads = 0;
        read_private();
        for (unsigned i = 0; i < N_OBJECTS; i++)
                ck_object(i, 0);
        ck_assert_uint_lt(n_reads, before);
}
END_TEST

/* --- what is ruined, and what is not known then --- */

static unsigned flags_1_offset(void) { return v->reldeps + (unsigned) fake->word + 12; }

static void file_hash(void) { elfs[PLUGIN].gnu_hash_nbuckets++; }
static void file_hash_address(void) { elfs[PLUGIN].gnu_hash_address += 16; }
static void file_entry(void) { elfs[PLUGIN].entry++; }
static void file_phnum(void) { elfs[PLUGIN].phnum++; }
static void loader_file(void) { elfs[LDSO].gnu_hash_shift++; }
static void file_hash_and_flags(void) {
        file_hash();
        fake_memory_set_word(fake, map_start(PLUGIN) + 0x800 + fake->word, objects[PLUGIN].flags_1);
        set(PLUGIN, flags_1_offset(), 4, DF_1_GLOBAL);
}
static void file_other_inode(void) { file_hash(), files[PLUGIN].inode = 5; }
static void file_other_place(void) { file_hash(), files[PLUGIN].map_start += 0x1000; }
static void file_mapped_twice(void) { files[PLUGIN].map_start = FAKE_BASE; }
static void file_unknown(void) { files[PLUGIN] = (LinkMapFile){}; }
static void file_without_hash(void) { elfs[PLUGIN].gnu_hash = false; }
static void file_other_class(void) { elfs[PLUGIN].class ^= 32 | 64; }
static void copy_insane(void) { set(PLUGIN, v->nbuckets + symndx_size() + 4, 4, 200); }
static void copy_empty(void) { set(PLUGIN, v->nbuckets, 4, 0); }
static void copy_elsewhere(void) { set_word(PLUGIN, v->nbuckets + symndx_size() + 8, 0x1000); }
static void real_other(void) { set_word(PLUGIN, 5 * (unsigned) fake->word, maps[DEP]); }
static void map_end_early(void) { set_word(PLUGIN, v->map_start + (unsigned) fake->word, map_start(PLUGIN) + 0x800); }
static void type_impossible(void) { set(PLUGIN, v->opencount + 4, 4, UINT32_MAX); }
static void opencount_absurd(void) { set(PLUGIN, v->opencount, 4, 1000001); }
static void initfini_stranger(void) { fake_memory_set_word(fake, arrays[PLUGIN] + fake->word, map_start(0)); }
static void initfini_of_another(void) { fake_memory_set_word(fake, arrays[PLUGIN], maps[DEP]); }
static void initfini_nowhere(void) { set_word(PLUGIN, v->initfini, 0x1000); }
static void initfini_endless(void) {
        for (unsigned k = 1; k < 3 * N_OBJECTS; k++)
                fake_memory_set_word(fake, arrays[PLUGIN] + k * fake->word, maps[LIBC]);
}
static void reldeps_absurd(void) { fake_memory_set(fake, reldeps[PLUGIN], 4, N_OBJECTS + 1); }
static void reldeps_stranger(void) { fake_memory_set_word(fake, reldeps[PLUGIN] + fake->word, maps[DEP] + 8); }
static void reldeps_nowhere(void) { set_word(PLUGIN, v->reldeps, 0x1000); }
static void reldeps_empty(void) { set_word(DEP, v->reldeps, reldeps[MAIN]); }
static void scope_stranger(void) { fake_memory_set_word(fake, searchlist + fake->word, maps[DEP] + 8); }
static void scope_of_another(void) { fake_memory_set_word(fake, searchlist, maps[DEP]); }
static void scope_nowhere(void) { set_word(MAIN, v->phnum + (unsigned) fake->word, 0x1000); }
static void scope_absurd(void) { set(MAIN, v->phnum + 2 * (unsigned) fake->word, 4, N_OBJECTS + 1); }
static void flags_other(void) { set(PLUGIN, flags_1_offset(), 4, DF_1_GLOBAL); }
static void nodelete_absurd(void) { set(PLUGIN, v->opencount + 7, 1, 2); }
static void nodelete_contradicted(void) { set(PINNED, v->opencount + 7, 1, 0), set(BOUND, v->opencount + 7, 1, 1); }
static void modid_not_published(void) { tls_modid_offset = 0; }
static void modid_nowhere(void) {
        tls_modid_offset = 0;
        set_word(LIBC, v->modid - 5 * (unsigned) fake->word, 5);
}
static void modid_published_only(void) { set_word(LIBC, v->modid - 5 * (unsigned) fake->word, 5); }
static void modid_elsewhere(void) { tls_modid_offset = v->map_start; }
static void modid_far(void) { tls_modid_offset = UINT32_MAX; }
static void modid_behind(void) { tls_modid_offset = 1532; }
static void modid_missing(void) { set_word(PLUGIN, v->modid, 0); }
static void modid_too_many(void) { set_word(DEP, v->modid, 3); }
static void dtors_absurd(void) { set_word(PLUGIN, v->modid + (unsigned) fake->word, 1000001); }
static void dynamic_gone(void) { set_word(PLUGIN, 2 * (unsigned) fake->word, FAKE_BASE + FAKE_SIZE); }
static void no_file_known(void) { memset(files, 0, sizeof(files)); }
static void all_zero(void) {
        for (unsigned i = 0; i < N_OBJECTS; i++)
                memset(fake->bytes + (maps[i] - FAKE_BASE) + 6 * fake->word, 0, 1400 - 6 * fake->word);
}
static void two_layouts(void) {
        set_word(PLUGIN, v->phnum - (unsigned) fake->word, 0);
        put_anchor(PLUGIN, v->phnum - 4 * (unsigned) fake->word);
}
static void no_map_start(void) {
        for (unsigned i = 0; i < N_OBJECTS; i++)
                files[i].map_start += 16;
}
static void no_initfini(void) {
        for (unsigned i = 0; i < N_OBJECTS; i++)
                set_word(i, v->initfini, 0);
}
static void no_flags_1(void) {
        for (unsigned i = 0; i < N_OBJECTS; i++)
                set(i, flags_1_offset() - 8, 4, 0);
}

static const struct {
        const char *name;
        void (*ruin)(void);
        unsigned plugin;  /* what is not known of it */
        unsigned all;     /* of each, itself included */
        unsigned other;   /* of this one as well, */
        unsigned other_unknown;
} ruins[] = {
        { "the file has another hash", file_hash, DIFFERS, 0 },
        { "the file has its hash elsewhere", file_hash_address, DIFFERS, 0 },
        { "the file has another entry", file_entry, DIFFERS, 0 },
        { "the file has another number of program headers", file_phnum, DIFFERS, 0 },
        { "the loader's file has another hash", loader_file, 0, 0, LDSO, DIFFERS },
        { "the file has another hash, and the flags in memory changed with it", file_hash_and_flags, DIFFERS, 0 },
        { "what differs is not the file that was opened", file_other_inode, NOT_DIFFERS, 0 },
        { "what differs is not the file in that place", file_other_place, NOT_DIFFERS, 0 },
        { "the file is mapped once more, below", file_mapped_twice, 0, 0 },
        { "the file is not known", file_unknown, NOT_DIFFERS, 0 },
        { "the file has no such hash", file_without_hash, NOT_DIFFERS, 0 },
        { "the file is of the other class", file_other_class, NOT_DIFFERS, 0 },
        { "the loader's copy is none", copy_insane, NOT_DIFFERS, 0 },
        { "the loader's copy is empty", copy_empty, NOT_DIFFERS, 0 },
        { "the loader's copy is of elsewhere", copy_elsewhere, NOT_DIFFERS, 0 },
        { "l_real is another", real_other, NOT_ANCHORED, 0 },
        { "the dynamic section is not in the map", map_end_early, NOT_ANCHORED, 0 },
        { "there is no such type", type_impossible, NOT_ANCHORED, 0 },
        { "there are no so many references", opencount_absurd, NOT_ANCHORED, 0 },
        { "l_initfini has what is not in the list", initfini_stranger, NOT_INITFINI, 0 },
        { "l_initfini is another's", initfini_of_another, NOT_INITFINI, 0 },
        { "l_initfini leads nowhere", initfini_nowhere, NOT_INITFINI, 0 },
        { "l_initfini has no end", initfini_endless, NOT_INITFINI, 0 },
        { "l_reldeps has too many", reldeps_absurd, NOT_RELDEPS, 0 },
        { "l_reldeps has what is not in the list", reldeps_stranger, NOT_RELDEPS, 0 },
        { "l_reldeps leads nowhere", reldeps_nowhere, NOT_RELDEPS, 0 },
        { "the global scope has what is not in the list", scope_stranger, 0, NOT_GLOBAL },
        { "the global scope is another's", scope_of_another, 0, NOT_GLOBAL },
        { "the global scope leads nowhere", scope_nowhere, 0, NOT_GLOBAL },
        { "the global scope has too many", scope_absurd, 0, NOT_GLOBAL },
        { "l_flags_1 is not what the dynamic section says", flags_other, 0, NOT_RELDEPS | NOT_NODELETE },
        { "l_nodelete_active is no truth value", nodelete_absurd, 0, NOT_NODELETE },
        { "l_nodelete_active contradicts the flags", nodelete_contradicted, 0, NOT_NODELETE },
        { "l_tls_modid is not published", modid_not_published, 0, 0 },
        { "l_tls_modid is only published", modid_published_only, 0, 0 },
        { "l_tls_modid is neither published nor found", modid_nowhere, 0, NOT_DTORS },
        { "another offset of l_tls_modid", modid_elsewhere, 0, NOT_DTORS },
        { "l_tls_modid at the end of the world", modid_far, 0, NOT_DTORS },
        { "l_tls_modid behind what was read", modid_behind, 0, NOT_DTORS },
        { "no l_tls_modid in spite of thread-local storage", modid_missing, 0, NOT_DTORS },
        { "an l_tls_modid without thread-local storage", modid_too_many, 0, NOT_DTORS },
        { "there are no so many destructors", dtors_absurd, 0, NOT_DTORS },
        { "the dynamic section cannot be read", dynamic_gone, NOT_ANCHORED | NOT_DYNAMIC, 0 },
        { "no file is known", no_file_known, 0, NOTHING },
        { "another libc", all_zero, 0, NOTHING },
        { "two layouts at once", two_layouts, 0, NOTHING },
        { "no l_map_start", no_map_start, 0, NOTHING },
        { "no l_initfini", no_initfini, 0, NOT_INITFINI | NOT_RELDEPS | NOT_NODELETE },
        { "no l_flags_1", no_flags_1, 0, NOT_RELDEPS | NOT_NODELETE },
};

START_TEST(what_does_not_validate_is_not_known) {
        const size_t row = (size_t) _i / ELEMENTSOF(variants);

        begin((unsigned) _i % ELEMENTSOF(variants));
        ruins[row].ruin();
        read_private();
        for (unsigned i = 0; i < N_OBJECTS; i++) {
                unsigned unknown = ruins[row].all;

                if (i == PLUGIN)
                        unknown |= ruins[row].plugin;
                if (i == ruins[row].other)
                        unknown |= ruins[row].other_unknown;
                if (objects[i].type != LINK_LOADED)
                        unknown &= ~(unsigned) NOT_NODELETE;
                ck_object(i, unknown);
        }
}
END_TEST

START_TEST(an_empty_list_of_reldeps_is_known) {
        begin((unsigned) _i);
        reldeps_empty();
        read_private();
        ck_assert(list.maps[DEP].reldeps_known);
        ck_assert_uint_eq(list.maps[DEP].n_reldeps, 0);
}
END_TEST

/* The file is being written to while it is looked at: the loader's copy was only misread. */
static ssize_t read_then_repair(void *userdata, uint64_t address, void *buffer, size_t n) {
        ssize_t k = fake_memory_read(userdata, address, buffer, n);

        if (address <= maps[PLUGIN] + v->nbuckets && maps[PLUGIN] + v->nbuckets < address + n)
                set(PLUGIN, v->nbuckets, 4, elfs[PLUGIN].gnu_hash_nbuckets);
        return k;
}

START_TEST(a_difference_must_be_seen_twice) {
        _cleanup_(memory_freep) Memory *repairing = NULL;

        begin((unsigned) _i);
        ck_assert_int_eq(link_map_list_read(memory, r_debug, v->class, 0, &list), 0);
        set(PLUGIN, v->nbuckets, 4, 1);
        repairing = memory_new_reader(read_then_repair, fake);
        ck_assert_ptr_nonnull(repairing);
        ck_assert_int_eq(link_map_list_read_private(repairing, &list, files, tls_modid_offset), 0);
        ck_assert_int_eq(list.maps[PLUGIN].differs_from_file, 0);
}
END_TEST

/* The list was read, and then: */
static void stays(void) { }
static void is_unloaded(void) { set_word(PLUGIN - 1, 3 * (unsigned) fake->word, 0); }
static void is_another_by_now(void) { set_word(PLUGIN, 0, map_start(PLUGIN) + 0x1000); }
static void has_another_section(void) { set_word(PLUGIN, 2 * (unsigned) fake->word, map_start(PLUGIN) + 0x900); }

static const struct {
        void (*what)(void);
        int differs;
} meanwhile[] = {
        { stays, 1 },
        { is_unloaded, -1 },
        { is_another_by_now, -1 },
        { has_another_section, -1 },
};

START_TEST(a_difference_is_of_what_is_still_loaded) {
        const size_t row = (size_t) _i / ELEMENTSOF(variants);
        _cleanup_(memory_freep) Memory *later = NULL;

        begin((unsigned) _i % ELEMENTSOF(variants));
        ck_assert_int_eq(link_map_list_read(memory, r_debug, v->class, 0, &list), 0);
        set(PLUGIN, v->nbuckets, 4, 1);
        meanwhile[row].what();
        later = memory_new_reader(fake_memory_read, fake);
        ck_assert_ptr_nonnull(later);
        ck_assert_int_eq(link_map_list_read_private(later, &list, files, tls_modid_offset), 0);
        ck_assert_int_eq(list.maps[PLUGIN].differs_from_file, meanwhile[row].differs);
}
END_TEST

START_TEST(the_loader_tells_when_it_has_relocated) {
        const unsigned done = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 1u << 3 : 1u << 28;

        begin((unsigned) _i);
        read_private();
        for (unsigned i = 0; i < N_OBJECTS; i++) {
                const unsigned type = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? objects[i].type : (unsigned) objects[i].type << 30;

                ck_assert_int_eq(link_map_is_relocated(memory, &list.maps[i]), objects[i].type != LINK_LOADED);
                set(i, v->opencount + 4, 4, type | done);
                ck_assert(link_map_is_relocated(memory, &list.maps[i]));
        }
}
END_TEST

START_TEST(an_empty_list_has_no_private_part) {
        LinkMapList empty = { .class = 64 };

        begin(0);
        ck_assert_int_eq(link_map_list_read_private(memory, &empty, NULL, 8), 0);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("link-map-private");
        TCase *tcase = tcase_create("link-map-private");

        tcase_add_checked_fixture(tcase, NULL, teardown);
        tcase_add_loop_test(tcase, all_is_known_in_every_layout, 0, ELEMENTSOF(variants));
        tcase_add_loop_test(tcase, the_dynamic_section_of_an_older_file_is_not_read, 0, ELEMENTSOF(variants));
        tcase_add_loop_test(tcase, what_does_not_validate_is_not_known, 0, ELEMENTSOF(ruins) * ELEMENTSOF(variants));
        tcase_add_loop_test(tcase, an_empty_list_of_reldeps_is_known, 0, ELEMENTSOF(variants));
        tcase_add_loop_test(tcase, a_difference_must_be_seen_twice, 0, ELEMENTSOF(variants));
        tcase_add_loop_test(tcase, a_difference_is_of_what_is_still_loaded, 0, ELEMENTSOF(meanwhile) * ELEMENTSOF(variants));
        tcase_add_loop_test(tcase, the_loader_tells_when_it_has_relocated, 0, ELEMENTSOF(variants));
        tcase_add_test(tcase, an_empty_list_has_no_private_part);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
