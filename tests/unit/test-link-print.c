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
static Memory *memory;
static LinkMapList list;
static MapsText text;
static uint64_t debug, maps[3], names[3];

static uint64_t put_map(uint64_t previous, const char *name, uint64_t *ret_name) {
        uint64_t address = fake_memory_alloc(fake, ENTRY, 16);
        const uint64_t id[2] = { DEVICE, INODE };

        *ret_name = fake_memory_string(fake, name);
        fake_memory_set_word(fake, address, 0x10000);
        fake_memory_set_word(fake, address + fake->word, *ret_name);
        fake_memory_set_word(fake, address + 4 * fake->word, previous);
        if (previous != 0)
                fake_memory_set_word(fake, previous + 3 * fake->word, address);
        fake_memory_poke(fake, address + FILE_ID, id, sizeof(id));
        return address;
}

/* A program and two libraries; the name of the last is in what cannot be written to, as that of ld.so is in the program. */
static void begin(uint8_t class) {
        static const char lines[] = "40000000-40003000 rw-p 0 fe:1 7 /heap\n40003000-40004000 r--p 0 fe:1 8 /program\n";

        fake = fake_memory_new(class);
        memory = memory_new_reader(fake_memory_read, fake);
        ck_assert_ptr_nonnull(memory);
        maps[0] = put_map(0, "", &names[0]);
        maps[1] = put_map(maps[0], "/usr/lib/liba.so", &names[1]);
        fake->end = FAKE_BASE + 8192;
        maps[2] = put_map(maps[1], "", &names[2]);
        names[2] = FAKE_BASE + 3 * 4096;
        fake_memory_poke(fake, names[2], "/lib/ld.so", 11);
        fake_memory_set_word(fake, maps[2] + fake->word, names[2]);
        debug = fake_memory_alloc(fake, 6 * fake->word, 8);
        fake_memory_set(fake, debug, 4, 2);
        fake_memory_set_word(fake, debug + fake->word, maps[0]);
        ck_assert_int_eq(maps_text_parse(lines, &text), 0);
        ck_assert_int_eq(link_map_list_read(memory, debug, class, 0, &list), 0);
        ck_assert_uint_eq(list.n_maps, 3);
}

static void teardown(void) {
        link_map_list_done(&list);
        maps_text_done(&text);
        memory = memory_free(memory);
        free(fake);
        fake = NULL;
}

static void change(uint64_t address) {
        fake->bytes[address - FAKE_BASE] ^= 1;
        memory_forget(memory);
}

enum { HEAD, ENTRY_1, NAME_1, NAME_2 };

static const struct {
        const char *name;
        int where;
        unsigned word, byte;     /* the offset: words and bytes */
        bool same, same_by_file; /* where its file's numbers are not found in the entry, and where they are */
} changes[] = {
        { "another entry behind it", ENTRY_1, 3, 0, false, false },
        { "another place of the library", ENTRY_1, 0, 1, false, false },
        { "another name", NAME_1, 0, 5, false, false },
        { "a longer name", NAME_1, 0, 16, false, false },
        { "another device", ENTRY_1, 0, FILE_ID, false, false },
        { "another inode", ENTRY_1, 0, FILE_ID + 8, false, false },
        { "a count that the loader keeps", ENTRY_1, 0, 700, false, true },
        { "the last byte that may belong to it", ENTRY_1, 0, ENTRY - 1, false, true },
        { "a name that cannot be written to", NAME_2, 0, 5, true, true },
        { "another first entry", HEAD, 1, 0, false, false },
        { "a loader at work", HEAD, 3, 0, false, false },
        { "another namespace", HEAD, 5, 0, false, false },
};

START_TEST(what_was_loaded_since_is_seen) {
        const bool by_file = _i % 2;
        const int row = _i / 4;
        const uint64_t *const bases[] = { [HEAD] = &debug, [ENTRY_1] = &maps[1], [NAME_1] = &names[1], [NAME_2] = &names[2] };
        const LinkMapFile file = { .dev = DEVICE, .inode = by_file ? INODE : INODE + 1 }, files[3] = { file, file, file };
        _cleanup_(link_print_done) LinkPrint print = {};
        uint64_t address;

        begin(classes[_i / 2 % 2]);
        address = *bases[changes[row].where] + changes[row].word * fake->word + changes[row].byte;
        ck_assert_int_eq(link_print_take(memory, &key, &list, files, &text, &print), 1);
        memory_forget(memory);
        ck_assert(link_print_matches(memory, &print));
        change(address);
        ck_assert_msg(link_print_matches(memory, &print) == (by_file ? changes[row].same_by_file : changes[row].same), "%s",
                      changes[row].name);
        change(address);
        ck_assert(link_print_matches(memory, &print));
}
END_TEST

/* The vdso: no file was opened for it, and nothing of it is looked for. */
START_TEST(an_entry_without_a_file_is_its_public_part) {
        const LinkMapFile files[3] = {};
        _cleanup_(link_print_done) LinkPrint print = {};

        begin(classes[_i]);
        ck_assert_int_eq(link_print_take(memory, &key, &list, files, &text, &print), 1);
        change(maps[1] + 700);
        ck_assert(link_print_matches(memory, &print));
        change(maps[1] + 4 * fake->word);
        ck_assert(!link_print_matches(memory, &print));
}
END_TEST

START_TEST(an_entry_that_cannot_be_read_makes_no_print) {
        const LinkMapFile files[3] = {};
        _cleanup_(link_print_done) LinkPrint print = {};

        begin(classes[_i]);
        list.maps[2].address = FAKE_BASE + FAKE_SIZE - 100;
        ck_assert_int_eq(link_print_take(memory, &key, &list, files, &text, &print), 0);
        ck_assert_uint_eq(print.n_spans, 0);
}
END_TEST

static ssize_t read_nothing(_unused_ void *userdata, _unused_ uint64_t address, _unused_ void *buffer, _unused_ size_t n) {
        return -EIO;
}

START_TEST(another_memory_does_not_match) {
        _cleanup_(memory_freep) Memory *other = memory_new_reader(read_nothing, NULL);
        const LinkMapFile files[3] = {};
        _cleanup_(link_print_done) LinkPrint print = {};

        begin(classes[_i]);
        ck_assert_int_eq(link_print_take(memory, &key, &list, files, &text, &print), 1);
        ck_assert_ptr_nonnull(other);
        ck_assert(!link_print_matches(other, &print));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("link-print");
        TCase *tcase = tcase_create("link-print");

        tcase_add_checked_fixture(tcase, NULL, teardown);
        tcase_add_loop_test(tcase, what_was_loaded_since_is_seen, 0, 4 * ELEMENTSOF(changes));
        tcase_add_loop_test(tcase, an_entry_without_a_file_is_its_public_part, 0, ELEMENTSOF(classes));
        tcase_add_loop_test(tcase, an_entry_that_cannot_be_read_makes_no_print, 0, ELEMENTSOF(classes));
        tcase_add_loop_test(tcase, another_memory_does_not_match, 0, ELEMENTSOF(classes));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
