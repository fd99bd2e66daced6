/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <elf.h>

#include "fake-memory.h"
#include "rtld/link-map-image.h"
#include "unit.h"

/* A library at FAKE_BASE, linked for address 0: its headers, strings, hash header and dynamic section. */
#define STRINGS 0x400u
#define HASH 0x300u
#define DYNAMIC 0x1000u
#define SIZE 0x2000u

static const char strings[] = "\0libx.so.1\0libdep.so\0libaux.so\0libfil.so\0/lib/ld.so";
enum { SONAME = 1, DEP = 11, AUX = 21, FIL = 31, INTERP = 41 };

static FakeMemory *fake;
static Memory *memory;
static LinkMap map;
static uint64_t n_entries;

static void put(uint64_t tag, uint64_t value) {
        const uint64_t at = FAKE_BASE + DYNAMIC + n_entries++ * 2 * fake->word;

        fake_memory_set_word(fake, at, tag);
        fake_memory_set_word(fake, at + fake->word, value);
}

static void put_headers(uint8_t class) {
        const Elf64_Ehdr wide = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64 }, .e_type = ET_DYN,
                                  .e_machine = EM_X86_64, .e_entry = 0x500, .e_phoff = sizeof(wide),
                                  .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 3 };
        const Elf32_Ehdr narrow = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32 }, .e_type = ET_DYN,
                                    .e_machine = EM_386, .e_entry = 0x500, .e_phoff = sizeof(narrow),
                                    .e_phentsize = sizeof(Elf32_Phdr), .e_phnum = 3 };
        const Elf64_Phdr wides[] = { { .p_type = PT_LOAD, .p_filesz = SIZE, .p_memsz = SIZE },
                                     { .p_type = PT_DYNAMIC, .p_vaddr = DYNAMIC, .p_memsz = 0x100 },
                                     { .p_type = PT_INTERP, .p_vaddr = STRINGS + INTERP, .p_memsz = 11 } };
        const Elf32_Phdr narrows[] = { { .p_type = PT_LOAD, .p_filesz = SIZE, .p_memsz = SIZE },
                                       { .p_type = PT_DYNAMIC, .p_vaddr = DYNAMIC, .p_memsz = 0x100 },
                                       { .p_type = PT_INTERP, .p_vaddr = STRINGS + INTERP, .p_memsz = 11 } };

        if (class == 64) {
                fake_memory_poke(fake, FAKE_BASE, &wide, sizeof(wide));
                fake_memory_poke(fake, FAKE_BASE + sizeof(wide), wides, sizeof(wides));
        } else {
                fake_memory_poke(fake, FAKE_BASE, &narrow, sizeof(narrow));
                fake_memory_poke(fake, FAKE_BASE + sizeof(narrow), narrows, sizeof(narrows));
        }
        fake_memory_set(fake, FAKE_BASE + EI_DATA, 1,
                        __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB);
}

/* bias: what the loader has added to the addresses in the dynamic section. */
static void begin(uint8_t class, uint64_t bias) {
        fake = fake_memory_new(class);
        memory = memory_new_reader(fake_memory_read, fake);
        ck_assert_ptr_nonnull(memory);
        map = (LinkMap){ .l_addr = FAKE_BASE, .l_ld = FAKE_BASE + DYNAMIC };
        n_entries = 0;
        put_headers(class);
        fake_memory_poke(fake, FAKE_BASE + STRINGS, strings, sizeof(strings));
        for (unsigned i = 0; i < 4; i++)
                fake_memory_set(fake, FAKE_BASE + HASH + i * 4, 4, i + 1);
        put(DT_NEEDED, DEP);
        put(DT_SONAME, SONAME);
        put(DT_FILTER, FIL);
        put(DT_AUXILIARY, AUX);
        put(DT_FLAGS_1, DF_1_NODELETE);
        put(DT_GNU_HASH, bias + HASH);
        put(DT_STRTAB, bias + STRINGS);
}

static void end(ElfFile *e) {
        elf_file_done(e);
        memory = memory_free(memory);
        free(fake);
}

static const struct Case {
        uint8_t class;
        uint64_t bias;
        bool header;
} cases[] = {
        { 64, FAKE_BASE, true }, { 64, 0, true }, { 64, FAKE_BASE, false }, { 64, 0, false },
        { 32, FAKE_BASE, true }, { 32, 0, true }, { 32, FAKE_BASE, false }, { 32, 0, false },
};

/* MIPS and RISC-V leave the addresses as they are linked, all others add the load bias. */
START_TEST(an_object_tells_what_its_file_would) {
        const struct Case *c = &cases[_i];
        ElfFile e;

        begin(c->class, c->bias);
        ck_assert_int_eq(link_map_read_image(memory, &map, c->class, c->header ? FAKE_BASE : 0, &e), 0);
        ck_assert(e.dynamic && !e.cut);
        ck_assert_str_eq(e.soname, "libx.so.1");
        ck_assert_uint_eq(e.n_needed, 2);
        ck_assert_str_eq(e.needed[0], "libdep.so");
        ck_assert_str_eq(e.needed[1], "libfil.so");
        ck_assert_uint_eq(e.n_auxiliary, 1);
        ck_assert_str_eq(e.auxiliary[0], "libaux.so");
        ck_assert(elf_file_nodelete(&e));
        ck_assert_int_eq(e.gnu_hash, c->header);
        if (c->header) {
                ck_assert_str_eq(e.interpreter, "/lib/ld.so");
                ck_assert_uint_eq(e.entry, 0x500);
                ck_assert_uint_eq(e.phnum, 3);
                ck_assert_uint_eq(e.gnu_hash_address, HASH);
                ck_assert_uint_eq(e.gnu_hash_nbuckets, 1);
                ck_assert_uint_eq(e.gnu_hash_shift, 4);
        }
        end(&e);
}
END_TEST

START_TEST(names_that_cannot_be_read_are_missing_and_that_is_said) {
        ElfFile e;

        begin(64, FAKE_BASE);
        put(DT_NEEDED, 0x100000);
        ck_assert_int_eq(link_map_read_image(memory, &map, 64, FAKE_BASE, &e), 0);
        ck_assert(e.cut);
        ck_assert_uint_eq(e.n_needed, 2);
        ck_assert_str_eq(e.soname, "libx.so.1");
        end(&e);
}
END_TEST

START_TEST(strings_outside_of_the_object_are_not_read) {
        ElfFile e;

        begin(64, FAKE_BASE);
        put(DT_STRTAB, FAKE_BASE + SIZE + 0x100); /* the last one wins */
        ck_assert_int_eq(link_map_read_image(memory, &map, 64, FAKE_BASE, &e), 0);
        ck_assert(e.cut);
        ck_assert_ptr_null(e.soname);
        ck_assert_uint_eq(e.n_needed, 0);
        end(&e);
}
END_TEST

START_TEST(a_section_without_an_end_is_none) {
        ElfFile e = {};

        begin(64, FAKE_BASE);
        while (n_entries < ELF_DYNAMIC_MAX)
                put(DT_NEEDED, DEP);
        ck_assert_int_eq(link_map_read_image(memory, &map, 64, FAKE_BASE, &e), -ENODATA);
        map.l_ld = 0x1000;
        ck_assert_int_eq(link_map_read_image(memory, &map, 64, FAKE_BASE, &e), -ENODATA);
        end(&e);
}
END_TEST

START_TEST(a_header_of_another_kind_is_none) {
        ElfFile e;

        begin(64, FAKE_BASE);
        fake_memory_set(fake, FAKE_BASE + EI_CLASS, 1, ELFCLASS32);
        ck_assert_int_eq(link_map_read_image(memory, &map, 64, FAKE_BASE, &e), 0);
        ck_assert(!e.gnu_hash && e.n_segments == 0);
        ck_assert_str_eq(e.soname, "libx.so.1");
        end(&e);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("link-map-image");
        TCase *tcase = tcase_create("link-map-image");

        tcase_add_loop_test(tcase, an_object_tells_what_its_file_would, 0, ELEMENTSOF(cases));
        tcase_add_test(tcase, names_that_cannot_be_read_are_missing_and_that_is_said);
        tcase_add_test(tcase, strings_outside_of_the_object_are_not_read);
        tcase_add_test(tcase, a_section_without_an_end_is_none);
        tcase_add_test(tcase, a_header_of_another_kind_is_none);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
