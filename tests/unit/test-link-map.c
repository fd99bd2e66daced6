/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <elf.h>

#include "fake-memory.h"
#include "rtld/link-map.h"
#include "unit.h"

static const uint8_t classes[] = { 64, 32 };

static FakeMemory *fake;
static Memory *memory;
static uint8_t class;
static LinkMapList list;

/* Each test of the loop runs for one class after the other: even rows 64, odd rows 32. */
static void begin(uint8_t c) {
        class = c;
        fake = fake_memory_new(class);
        memory = memory_new_reader(fake_memory_read, fake);
        ck_assert_ptr_nonnull(memory);
        list = (LinkMapList){};
}

static void teardown(void) {
        link_map_list_done(&list);
        memory = memory_free(memory);
        free(fake);
        fake = NULL;
}

/* --- from the auxiliary vector to r_debug --- */

enum {
        PROGRAM_FIXED = 1 << 0,       /* ET_EXEC: no load bias */
        PROGRAM_NO_PHDR = 1 << 1,     /* no PT_PHDR */
        PROGRAM_NO_HEADER = 1 << 2,   /* and no ELF header before the program headers */
        PROGRAM_NO_DYNAMIC = 1 << 3,
        PROGRAM_DYNAMIC_NOWHERE = 1 << 4,
        PROGRAM_NO_DEBUG = 1 << 5,    /* no DT_DEBUG */
        PROGRAM_DEBUG_ZERO = 1 << 6,
        PROGRAM_DYNAMIC_ENDLESS = 1 << 7,
        PROGRAM_DYNAMIC_CUT = 1 << 8, /* PT_DYNAMIC ends before DT_DEBUG */
        AUXV_EMPTY = 1 << 9,
        AUXV_CUT = 1 << 10,           /* ends within AT_PHNUM, the last one */
        AUXV_NULL_FIRST = 1 << 11,
        AUXV_PHENT = 1 << 12,         /* another AT_PHENT */
        AUXV_PHNUM = 1 << 13,         /* absurdly many */
        AUXV_NOWHERE = 1 << 14,
};

#define R_DEBUG UINT64_C(0x40001230)

static void put_phdr(uint64_t address, uint32_t type, uint64_t offset, uint64_t vaddr, uint64_t size) {
        if (class == 64) {
                Elf64_Phdr p = { .p_type = type, .p_offset = offset, .p_vaddr = vaddr, .p_filesz = size, .p_memsz = size };

                fake_memory_poke(fake, address, &p, sizeof(p));
        } else {
                Elf32_Phdr p = { .p_type = type, .p_offset = (uint32_t) offset, .p_vaddr = (uint32_t) vaddr,
                                 .p_filesz = (uint32_t) size, .p_memsz = (uint32_t) size };

                fake_memory_poke(fake, address, &p, sizeof(p));
        }
}

/* One program in memory: ELF header, four program headers, a dynamic section. Returns its auxiliary vector. */
static size_t put_program(unsigned options, uint8_t *auxv) {
        const size_t word = fake->word, phent = class == 64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
        const size_t phoff = class == 64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
        const uint64_t bias = options & PROGRAM_FIXED ? 0 : FAKE_BASE, phdr = FAKE_BASE + phoff;
        const uint64_t dynamic = FAKE_BASE + 0x2000, base = FAKE_BASE - bias;
        const uint64_t tags[][2] = {
                { DT_NEEDED, 1 }, { DT_STRTAB, 0x300 },
                { options & PROGRAM_NO_DEBUG ? DT_TEXTREL : DT_DEBUG, options & PROGRAM_DEBUG_ZERO ? 0 : R_DEBUG },
                { DT_NULL, 0 }, { DT_DEBUG, 0x666 },
        };
        const uint64_t aux[][2] = {
                { options & AUXV_NULL_FIRST ? AT_NULL : AT_PAGESZ, 4096 },
                { AT_PHDR, options & AUXV_NOWHERE ? 0x1000 : phdr },
                { AT_PHENT, options & AUXV_PHENT ? phent + 8 : phent },
                { AT_PHNUM, options & AUXV_PHNUM ? UINT32_MAX : 4 },
        };
        size_t size = 0;

        if (!(options & PROGRAM_NO_HEADER)) {
                fake_memory_poke(fake, FAKE_BASE, ELFMAG, SELFMAG);
                fake_memory_set_word(fake, FAKE_BASE + (class == 64 ? 32 : 28), phoff);
        }
        put_phdr(phdr, options & PROGRAM_NO_PHDR ? PT_NOTE : PT_PHDR, phoff, base + phoff, 4 * phent);
        put_phdr(phdr + phent, PT_LOAD, 0, base, 0x1000);
        put_phdr(phdr + 2 * phent, PT_LOAD, 0x2000, base + 0x2000, 0x1000);
        put_phdr(phdr + 3 * phent, options & PROGRAM_NO_DYNAMIC ? PT_NOTE : PT_DYNAMIC, 0x2000,
                 options & PROGRAM_DYNAMIC_NOWHERE ? base + FAKE_SIZE : dynamic - bias,
                 options & PROGRAM_DYNAMIC_CUT ? 4 * word : 10 * word);
        if (options & PROGRAM_DYNAMIC_ENDLESS) {
                put_phdr(phdr + 3 * phent, PT_DYNAMIC, 0x2000, dynamic - bias, UINT32_MAX);
                memset(fake->bytes + 0x2000, 1, FAKE_SIZE - 0x2000);
        } else
                for (size_t i = 0; i < ELEMENTSOF(tags); i++) {
                        fake_memory_set_word(fake, dynamic + 2 * i * word, tags[i][0]);
                        fake_memory_set_word(fake, dynamic + (2 * i + 1) * word, tags[i][1]);
                }
        for (size_t i = 0; i < 2 * ELEMENTSOF(aux); i++) {
                const uint64_t value = aux[i / 2][i % 2];
                const uint32_t u32 = (uint32_t) value;

                memcpy(auxv + size, word == 8 ? (const void *) &value : &u32, word);
                size += word;
        }
        return options & AUXV_EMPTY ? 0 : options & AUXV_CUT ? size - 1 : size;
}

static const struct {
        const char *name;
        unsigned options;
        int result;
} programs[] = {
        { "position-independent", 0, 0 },
        { "at a fixed address", PROGRAM_FIXED, 0 },
        { "without PT_PHDR", PROGRAM_NO_PHDR, 0 },
        { "without PT_PHDR, at a fixed address", PROGRAM_NO_PHDR | PROGRAM_FIXED, 0 },
        { "without PT_PHDR and header", PROGRAM_NO_PHDR | PROGRAM_NO_HEADER, -ENODATA },
        { "static", PROGRAM_NO_DYNAMIC, -ENODATA },
        { "dynamic section nowhere", PROGRAM_DYNAMIC_NOWHERE, -EIO },
        { "a shared object: the loader, started by its name", PROGRAM_NO_DEBUG, -ENODATA },
        { "the loader has not begun", PROGRAM_DEBUG_ZERO, -ENODATA },
        { "a dynamic section without end", PROGRAM_DYNAMIC_ENDLESS, -ENODATA },
        { "a dynamic section that ends early", PROGRAM_DYNAMIC_CUT, -ENODATA },
        { "no auxiliary vector", AUXV_EMPTY, -ENODATA },
        { "an auxiliary vector cut short", AUXV_CUT, -ENODATA },
        { "an auxiliary vector that ends at once", AUXV_NULL_FIRST, -ENODATA },
        { "program headers of another size", AUXV_PHENT, -ENODATA },
        { "program headers without end", AUXV_PHNUM, 0 },
        { "program headers nowhere", AUXV_NOWHERE, -EIO },
};

START_TEST(r_debug_is_found_by_the_auxiliary_vector) {
        uint8_t auxv[256];
        uint64_t r_debug = 42;
        size_t size;

        begin(classes[_i % 2]);
        size = put_program(programs[_i / 2].options, auxv);
        ck_assert_int_eq(link_map_find_debug(memory, auxv, size, class, &r_debug), programs[_i / 2].result);
        ck_assert_uint_eq(r_debug, programs[_i / 2].result == 0 ? R_DEBUG : 42);
}
END_TEST

/* --- the list --- */

static uint64_t put_debug(uint32_t version, uint64_t map) {
        uint64_t address = fake_memory_alloc(fake, 6 * fake->word, 8);

        fake_memory_set(fake, address, 4, version);
        fake_memory_set_word(fake, address + fake->word, map);
        return address;
}

static void set_state(uint64_t r_debug, uint32_t state) {
        fake_memory_set(fake, r_debug + 3 * fake->word, 4, state);
}

static void set_next_debug(uint64_t r_debug, uint64_t next) {
        fake_memory_set_word(fake, r_debug + 5 * fake->word, next);
}

enum { L_ADDR, L_NAME, L_LD, L_NEXT, L_PREV };

static void set_field(uint64_t map, unsigned field, uint64_t value) {
        fake_memory_set_word(fake, map + field * fake->word, value);
}

static uint64_t put_map(uint64_t previous, const char *name, uint64_t l_addr) {
        uint64_t address = fake_memory_alloc(fake, 5 * fake->word, 16);

        set_field(address, L_ADDR, l_addr);
        set_field(address, L_NAME, fake_memory_string(fake, name));
        set_field(address, L_LD, l_addr + 0x800);
        set_field(address, L_PREV, previous);
        if (previous != 0)
                set_field(previous, L_NEXT, address);
        return address;
}

/* The usual process: a program and two libraries. */
static uint64_t maps[3], debug;

static void put_usual(void) {
        maps[0] = put_map(0, "", 0x10000);
        maps[1] = put_map(maps[0], "/usr/lib/liba.so", 0x20000);
        maps[2] = put_map(maps[1], "./b c.so", 0x30000);
        debug = put_debug(1, maps[0]);
}

static void read_list(size_t n, bool complete) {
        ck_assert_int_eq(link_map_list_read(memory, debug, class, 0, &list), 0);
        ck_assert_uint_eq(list.n_maps, n);
        ck_assert_int_eq(list.complete, complete);
}

START_TEST(the_public_part_is_read_as_it_is) {
        begin(classes[_i]);
        put_usual();
        read_list(3, true);
        ck_assert_uint_eq(list.class, class);
        ck_assert_uint_eq(list.version, 1);
        ck_assert_str_eq(list.maps[0].l_name, "");
        ck_assert_str_eq(list.maps[1].l_name, "/usr/lib/liba.so");
        ck_assert_str_eq(list.maps[2].l_name, "./b c.so");
        for (size_t i = 0; i < 3; i++) {
                ck_assert_uint_eq(list.maps[i].address, maps[i]);
                ck_assert_uint_eq(list.maps[i].l_addr, (i + 1) * 0x10000);
                ck_assert_uint_eq(list.maps[i].l_ld, (i + 1) * 0x10000 + 0x800);
                ck_assert_uint_eq(list.maps[i].namespace, 0);
        }
}
END_TEST

START_TEST(the_kernels_own_is_not_asked_for_its_name) {
        begin(classes[_i]);
        put_usual();
        set_field(maps[1], L_NAME, 8); /* nowhere */
        read_list(3, false);
        link_map_list_done(&list);
        ck_assert_int_eq(link_map_list_read(memory, debug, class, 0x20000, &list), 0);
        ck_assert_uint_eq(list.n_maps, 3);
        ck_assert(list.complete);
        ck_assert_str_eq(list.maps[1].l_name, "");
        ck_assert_str_eq(list.maps[2].l_name, "./b c.so");
}
END_TEST

START_TEST(the_private_part_is_not_known_at_first) {
        begin(classes[_i]);
        put_usual();
        read_list(3, true);
        for (size_t i = 0; i < 3; i++) {
                const LinkMap *m = &list.maps[i];

                ck_assert(!m->dynamic_read && !m->anchored && !m->initfini_known && !m->reldeps_known);
                ck_assert_int_eq(m->type, LINK_TYPE_UNKNOWN);
                ck_assert(m->opencount == -1 && m->nodelete == -1 && m->tls_dtors == -1 && m->differs_from_file == -1);
        }
}
END_TEST

START_TEST(an_entry_is_found_by_its_dynamic_section) {
        begin(classes[_i]);
        put_usual();
        read_list(3, true);
        ck_assert_ptr_eq(link_map_list_find(&list, 0x20000, 0x21000), &list.maps[1]);
        ck_assert_ptr_eq(link_map_list_find(&list, 0x20800, 0x20801), &list.maps[1]);
        ck_assert_ptr_null(link_map_list_find(&list, 0x20000, 0x20800));
        ck_assert_ptr_null(link_map_list_find(&list, 0x20801, 0x30000));
}
END_TEST

START_TEST(namespaces_are_numbered) {
        uint64_t second, third;

        begin(classes[_i]);
        put_usual();
        fake_memory_set(fake, debug, 4, 2);
        second = put_debug(2, 0); /* was used once, and is empty now */
        third = put_debug(2, put_map(0, "/audit.so", 0x40000));
        set_next_debug(debug, second);
        set_next_debug(second, third);
        read_list(4, true);
        ck_assert_uint_eq(list.version, 2);
        ck_assert_uint_eq(list.maps[2].namespace, 0);
        ck_assert_uint_eq(list.maps[3].namespace, 2);
        ck_assert_str_eq(list.maps[3].l_name, "/audit.so");
}
END_TEST

START_TEST(version_1_knows_no_namespaces) {
        begin(classes[_i]);
        put_usual();
        set_next_debug(debug, 0x1234);
        read_list(3, true);
}
END_TEST

/* What goes wrong, and how much of the list is left. */
static void ruin_self_loop(void) { set_field(maps[2], L_NEXT, maps[2]); }
static void ruin_loop_to_head(void) { set_field(maps[2], L_NEXT, maps[0]); }
static void ruin_loop_to_middle(void) { set_field(maps[2], L_NEXT, maps[1]); }
static void ruin_next_nowhere(void) { set_field(maps[1], L_NEXT, 0x1000); }
static void ruin_next_high(void) { set_field(maps[1], L_NEXT, UINT64_MAX - 7); }
static void ruin_next_at_the_end(void) { set_field(maps[1], L_NEXT, FAKE_BASE + FAKE_SIZE - 8); }
static void ruin_prev(void) { set_field(maps[2], L_PREV, maps[0]); }
static void ruin_head_prev(void) { set_field(maps[0], L_PREV, maps[2]); }
static void ruin_name_nowhere(void) { set_field(maps[1], L_NAME, 0x1000); }
static void ruin_name_long(void) {
        uint64_t name = fake_memory_alloc(fake, LINK_NAME_MAX + 1, 1);

        memset(fake->bytes + (name - FAKE_BASE), 'n', LINK_NAME_MAX + 1);
        set_field(maps[1], L_NAME, name);
}
static void ruin_adding(void) { set_state(debug, 1); }
static void ruin_deleting(void) { set_state(debug, 2); }
static void ruin_version(void) { fake_memory_set(fake, debug, 4, 0); }
static void ruin_no_map(void) { fake_memory_set_word(fake, debug + fake->word, 0); }
static void ruin_debug_loop(void) {
        fake_memory_set(fake, debug, 4, 2);
        set_next_debug(debug, debug);
}
static void ruin_debug_nowhere(void) {
        fake_memory_set(fake, debug, 4, 2);
        set_next_debug(debug, 0x1000);
}
static void ruin_debug_many(void) {
        uint64_t last = debug;

        fake_memory_set(fake, debug, 4, 2);
        for (size_t i = 0; i < 2 * LINK_NAMESPACES_MAX; i++) {
                uint64_t next = put_debug(2, 0);

                set_next_debug(last, next);
                last = next;
        }
}
static void ruin_second_adding(void) {
        uint64_t second = put_debug(2, put_map(0, "/audit.so", 0x40000));

        fake_memory_set(fake, debug, 4, 2);
        set_next_debug(debug, second);
        set_state(second, 1);
}
static void ruin_shared_head(void) {
        fake_memory_set(fake, debug, 4, 2);
        set_next_debug(debug, put_debug(2, maps[1]));
}

static const struct {
        const char *name;
        void (*ruin)(void);
        size_t n;
} ruins[] = {
        { "an entry is its own next", ruin_self_loop, 3 },
        { "the last leads to the first", ruin_loop_to_head, 3 },
        { "the last leads to the second", ruin_loop_to_middle, 3 },
        { "an entry leads nowhere", ruin_next_nowhere, 2 },
        { "an entry leads to the end of the address space", ruin_next_high, 2 },
        { "an entry leads over the end of what is mapped", ruin_next_at_the_end, 2 },
        { "an entry names another before it", ruin_prev, 2 },
        { "the first names one before it", ruin_head_prev, 0 },
        { "a name is nowhere", ruin_name_nowhere, 3 },
        { "a name is too long", ruin_name_long, 3 },
        { "an object is being added", ruin_adding, 3 },
        { "an object is being removed", ruin_deleting, 3 },
        { "no version yet", ruin_version, 3 },
        { "no list yet", ruin_no_map, 0 },
        { "a namespace is its own next", ruin_debug_loop, 3 },
        { "a namespace leads nowhere", ruin_debug_nowhere, 3 },
        { "too many namespaces", ruin_debug_many, 3 },
        { "an object is being added to a namespace", ruin_second_adding, 4 },
        { "a namespace begins inside of another", ruin_shared_head, 3 },
};

START_TEST(a_broken_list_is_cut_and_not_complete) {
        begin(classes[_i % 2]);
        put_usual();
        ruins[_i / 2].ruin();
        read_list(ruins[_i / 2].n, false);
}
END_TEST

START_TEST(the_first_read_must_succeed) {
        begin(classes[_i]);
        ck_assert_int_eq(link_map_list_read(memory, 0x1000, class, 0, &list), -EIO);
        ck_assert_int_eq(link_map_list_read(memory, FAKE_BASE + FAKE_SIZE - 8, class, 0, &list), -EIO);
        ck_assert_int_eq(link_map_list_read(memory, 0, class, 0, &list), -EFAULT);
        ck_assert_ptr_null(list.maps);
}
END_TEST

/* A process that goes on while it is read. */
static unsigned change_after;
static void (*change)(void);

static ssize_t read_changing(void *userdata, uint64_t address, void *buffer, size_t n) {
        ssize_t k = fake_memory_read(userdata, address, buffer, n);

        if (fake->n_reads == change_after)
                change();
        return k;
}

static void change_state(void) { set_state(debug, 1); }
static void change_head(void) { fake_memory_set_word(fake, debug + fake->word, maps[1]); }
static void change_nothing(void) {}

static const struct {
        const char *name;
        void (*change)(void);
        bool complete;
} changes[] = {
        { "none", change_nothing, true },
        { "dlopen() has begun", change_state, false },
        { "another head", change_head, false },
};

START_TEST(a_list_that_changes_while_it_is_read_is_not_complete) {
        begin(classes[_i % 2]);
        put_usual();
        memory_free(memory);
        memory = memory_new_reader(read_changing, fake);
        ck_assert_ptr_nonnull(memory);
        change_after = 1;
        change = changes[_i / 2].change;
        read_list(3, changes[_i / 2].complete);
        ck_assert_uint_ge(fake->n_reads, 2);
}
END_TEST

/* A list without end, in which every entry is in order. */
static ssize_t read_endless(void *userdata, uint64_t address, void *buffer, size_t n) {
        const uint64_t start = UINT64_C(1) << 32;
        (void) userdata;

        memset(buffer, 0, n);
        if (address < start) {
                uint64_t head[] = { 1, start };

                memcpy(buffer, head, sizeof(head));
                return (ssize_t) n;
        }
        for (size_t i = 0; i + 64 <= n; i += 64) {
                uint64_t here = address + i;
                uint64_t entry[] = { 0, 0, 0, here + 64, here == start ? 0 : here - 64 };

                memcpy((uint8_t *) buffer + i, entry, sizeof(entry));
        }
        return (ssize_t) n;
}

START_TEST(a_list_without_end_is_cut) {
        begin(64);
        memory_free(memory);
        memory = memory_new_reader(read_endless, NULL);
        ck_assert_ptr_nonnull(memory);
        debug = 0x1000;
        read_list(LINK_MAPS_MAX, false);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("link-map");
        TCase *debugs = tcase_create("r_debug"), *lists = tcase_create("list");

        tcase_add_checked_fixture(debugs, NULL, teardown);
        tcase_add_loop_test(debugs, r_debug_is_found_by_the_auxiliary_vector, 0, 2 * ELEMENTSOF(programs));
        suite_add_tcase(suite, debugs);

        tcase_add_checked_fixture(lists, NULL, teardown);
        tcase_set_timeout(lists, 30);
        tcase_add_loop_test(lists, the_public_part_is_read_as_it_is, 0, ELEMENTSOF(classes));
        tcase_add_loop_test(lists, the_kernels_own_is_not_asked_for_its_name, 0, ELEMENTSOF(classes));
        tcase_add_loop_test(lists, the_private_part_is_not_known_at_first, 0, ELEMENTSOF(classes));
        tcase_add_loop_test(lists, an_entry_is_found_by_its_dynamic_section, 0, ELEMENTSOF(classes));
        tcase_add_loop_test(lists, namespaces_are_numbered, 0, ELEMENTSOF(classes));
        tcase_add_loop_test(lists, version_1_knows_no_namespaces, 0, ELEMENTSOF(classes));
        tcase_add_loop_test(lists, a_broken_list_is_cut_and_not_complete, 0, 2 * ELEMENTSOF(ruins));
        tcase_add_loop_test(lists, the_first_read_must_succeed, 0, ELEMENTSOF(classes));
        tcase_add_loop_test(lists, a_list_that_changes_while_it_is_read_is_not_complete, 0, 2 * ELEMENTSOF(changes));
        tcase_add_test(lists, a_list_without_end_is_cut);
        suite_add_tcase(suite, lists);
        return unit_run(suite);
}
