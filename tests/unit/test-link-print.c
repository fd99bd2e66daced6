/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fake-memory.h"
#include "link-print.h"
#include "unit.h"

#define ENTRY 1160u
#define FILE_ID 940u /* not on a multiple of 8, as on 32-bit machines */
#define DEVICE UINT64_C(0xfe01)
#define INODE UINT64_C(5250054)

static const HashKey key = { 1, 2 };
static const uint8_t classes[] = { 64, 32 };

static FakeMemory *fake;
static Loader loader;
static MapsText text;
static uint64_t maps[4], names[4];

/* What the kernel maps has no numbers of a file: it was not the loader that opened it. */
static uint64_t put_map(uint64_t previous, uint64_t l_addr, const char *name, bool opened, uint64_t *ret_name) {
        uint64_t address = fake_memory_alloc(fake, ENTRY, 16);
        const uint64_t id[2] = { DEVICE, INODE };

        *ret_name = fake_memory_string(fake, name);
        fake_memory_set_word(fake, address, l_addr);
        fake_memory_set_word(fake, address + fake->word, *ret_name);
        fake_memory_set_word(fake, address + 4 * fake->word, previous);
        if (previous != 0)
                fake_memory_set_word(fake, previous + 3 * fake->word, address);
        if (opened)
                fake_memory_poke(fake, address + FILE_ID, id, sizeof(id));
        return address;
}

/* A program, the vdso, a library, and ld.so, whose name is in the program, where nobody can write to it. */
static void begin(uint8_t class) {
        static const char lines[] = "40000000-40003000 rw-p 0 fe:1 7 /heap\n40003000-40004000 r--p 0 fe:1 8 /program\n";
        uint64_t debug;

        fake = fake_memory_new(class);
        loader = LOADER_NULL;
        loader.class = class;
        loader.memory = memory_new_reader(fake_memory_read, fake);
        ck_assert_ptr_nonnull(loader.memory);
        loader.random = fake_memory_alloc(fake, 16, 1);
        loader.vdso = 0x20000;
        loader.base = 0x40000;
        maps[0] = put_map(0, 0x10000, "", false, &names[0]);
        maps[1] = put_map(maps[0], loader.vdso, "", false, &names[1]);
        maps[2] = put_map(maps[1], 0x30000, "/usr/lib/liba.so", true, &names[2]);
        fake->end = FAKE_BASE + 8192;
        maps[3] = put_map(maps[2], loader.base, "", false, &names[3]);
        names[3] = FAKE_BASE + 3 * 4096;
        fake_memory_poke(fake, names[3], "/lib/ld.so", 11);
        fake_memory_set_word(fake, maps[3] + fake->word, names[3]);
        debug = fake_memory_alloc(fake, 6 * fake->word, 8);
        fake_memory_set(fake, debug, 4, 1);
        fake_memory_set_word(fake, debug + fake->word, maps[0]);
        ck_assert_int_eq(maps_text_parse(lines, &text), 0);
        ck_assert_int_eq(link_map_list_read(loader.memory, debug, class, loader.vdso, &loader.list), 0);
        ck_assert_uint_eq(loader.list.n_maps, 4);
}

static void teardown(void) {
        Memory *memory = loader.memory;

        loader_done(&loader);
        maps_text_done(&text);
        memory_free(memory);
        free(fake);
        fake = NULL;
}

static int take(LinkPrint *ret) {
        static const LinkMapFile files[4] = { [0] = { .dev = DEVICE, .inode = 1 }, [2] = { .dev = DEVICE, .inode = INODE },
                                              [3] = { .dev = DEVICE, .inode = 3 } };

        return link_print_take(&loader, &key, files, &text, ret);
}

static void change(uint64_t address) {
        fake->bytes[address - FAKE_BASE] ^= 1;
        memory_forget(loader.memory);
}

enum { RANDOM, HEAD, PROGRAM, VDSO, LIBRARY, LIBRARY_NAME, INTERPRETER, INTERPRETER_NAME };

static uint64_t place(int where) {
        switch (where) {
        case RANDOM:
                return loader.random;
        case HEAD:
                return loader.list.r_debug;
        case LIBRARY_NAME:
                return names[2];
        case INTERPRETER_NAME:
                return names[3];
        default:
                return maps[where == PROGRAM ? 0 : where == VDSO ? 1 : where == LIBRARY ? 2 : 3];
        }
}

static const struct {
        const char *name;
        int where;
        unsigned word, byte; /* the offset: words and bytes */
        bool same;
} changes[] = {
        { "another execve(2)", RANDOM, 0, 0, false },
        { "another execve(2), the last byte", RANDOM, 0, 15, false },
        { "another entry behind the library", LIBRARY, 3, 0, false },
        { "another place of the library", LIBRARY, 0, 1, false },
        { "another name", LIBRARY_NAME, 0, 5, false },
        { "a longer name", LIBRARY_NAME, 0, 16, false },
        { "another device", LIBRARY, 0, FILE_ID, false },
        { "another inode", LIBRARY, 0, FILE_ID + 8, false },
        { "a count that the loader keeps", LIBRARY, 0, 700, true },
        { "the same of the program", PROGRAM, 0, 700, true },
        { "another entry behind the program", PROGRAM, 3, 0, false },
        { "another entry behind the vdso", VDSO, 3, 0, false },
        { "an entry behind the last one", INTERPRETER, 3, 0, false },
        { "a name that cannot be written to", INTERPRETER_NAME, 0, 5, true },
        { "another first entry", HEAD, 1, 0, false },
        { "a loader at work", HEAD, 3, 0, false },
        { "another namespace: a later version", HEAD, 0, 1, false },
};

START_TEST(what_was_loaded_since_is_seen) {
        _cleanup_(link_print_done) LinkPrint print = {};
        const int row = _i / 2;
        uint64_t address;

        begin(classes[_i % 2]);
        address = place(changes[row].where) + changes[row].word * fake->word + changes[row].byte;
        ck_assert_int_eq(take(&print), 1);
        memory_forget(loader.memory);
        ck_assert(link_print_matches(loader.memory, &print));
        change(address);
        ck_assert_msg(link_print_matches(loader.memory, &print) == changes[row].same, "%s", changes[row].name);
        change(address);
        ck_assert(link_print_matches(loader.memory, &print));
}
END_TEST

static void no_random(void) { loader.random = 0; }
static void random_nowhere(void) { loader.random = 0x1000; }
static void more_namespaces(void) { loader.list.version = 2; }
static void entry_nowhere(void) { loader.list.maps[2].address = 0x1000; }
static void another_file(void) { change(maps[2] + FILE_ID + 8); }
static void program_nowhere(void) { loader.list.maps[0].address = 0x1000; }
static void vdso_is_a_library(void) { loader.vdso = 0; }
static void interpreter_is_a_library(void) { loader.base = 0; }

static void (*const lacks[])(void) = {
        no_random, random_nowhere, more_namespaces, entry_nowhere, another_file, program_nowhere, vdso_is_a_library,
        interpreter_is_a_library,
};

/* Rather none than one that does not tell what it is there to tell. */
START_TEST(what_is_not_known_makes_no_print) {
        _cleanup_(link_print_done) LinkPrint print = {};

        begin(classes[_i % 2]);
        lacks[_i / 2]();
        ck_assert_int_eq(take(&print), 0);
        ck_assert_uint_eq(print.n_spans, 0);
}
END_TEST

static ssize_t read_nothing(_unused_ void *userdata, _unused_ uint64_t address, _unused_ void *buffer, _unused_ size_t n) {
        return -EIO;
}

START_TEST(another_memory_does_not_match) {
        _cleanup_(memory_freep) Memory *other = memory_new_reader(read_nothing, NULL);
        _cleanup_(link_print_done) LinkPrint print = {};

        begin(classes[_i]);
        ck_assert_int_eq(take(&print), 1);
        ck_assert_ptr_nonnull(other);
        ck_assert(!link_print_matches(other, &print));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("link-print");
        TCase *tcase = tcase_create("link-print");

        tcase_add_checked_fixture(tcase, NULL, teardown);
        tcase_add_loop_test(tcase, what_was_loaded_since_is_seen, 0, 2 * ELEMENTSOF(changes));
        tcase_add_loop_test(tcase, what_is_not_known_makes_no_print, 0, 2 * ELEMENTSOF(lacks));
        tcase_add_loop_test(tcase, another_memory_does_not_match, 0, ELEMENTSOF(classes));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
