/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elf-builder.h"
#include "elf/elf-file.h"
#include "elf/elf-symbols.h"
#include "elf/elf-hash.h"
#include "elf/elf-symtab.h"
#include "unit.h"

/* How the corpus of fuzz-elf-file was made: ELF_CORPUS=DIRECTORY test-elf-file */
static void corpus_add(const ElfImage *m, const char *name) {
        const char *directory = getenv("ELF_CORPUS");
        _cleanup_free_ char *path = NULL;
        FILE *f;

        if (!directory)
                return;
        ck_assert_int_gt(asprintf(&path, "%s/%s", directory, name), 0);
        for (char *p = path + strlen(directory) + 1; *p; p++)
                if (*p == ' ' || *p == ',')
                        *p = '-';
        f = fopen(path, "we");
        ck_assert_ptr_nonnull(f);
        ck_assert_uint_eq(fwrite(m->bytes, 1, m->size, f), m->size);
        ck_assert_int_eq(fclose(f), 0);
}

static const struct {
        const char *name;
        uint8_t class;
        bool big_endian;
} shapes[] = {
        { "64 bits, little endian", 64, false },
        { "64 bits, big endian", 64, true },
        { "32 bits, little endian", 32, false },
        { "32 bits, big endian", 32, true },
};

static ElfRecipe whole_recipe(int shape) {
        return (ElfRecipe){
                .class = shapes[shape].class,
                .big_endian = shapes[shape].big_endian,
                .interpreter = "/lib/ld.so",
                .soname = "libx.so.1",
                .rpath = "/old",
                .runpath = "$ORIGIN/y",
                .audit = "libaudit.so",
                .needed = { "libc.so.6", "libm.so.6" },
                .filter = "libfilter.so",
                .auxiliary = "libauxiliary.so",
                .flags = DF_STATIC_TLS,
                .flags_1 = DF_1_NODELETE | DF_1_NOW,
                .build_id_length = 20,
                .tls = true,
                .symbols = {
                        { "imported", STB_GLOBAL, .undefined = true, .relocated = true },
                        { "zeta", STB_GLOBAL },
                        { "alpha", STB_WEAK },
                        { "single", STB_GNU_UNIQUE, .relocated = true },
                        { "alone", STB_GNU_UNIQUE },
                        { "hidden", STB_GLOBAL, .visibility = STV_HIDDEN },
                        { "protected", STB_GLOBAL, .visibility = STV_PROTECTED },
                        { "local", STB_LOCAL },
                        { "zeta", STB_GLOBAL },
                },
        };
}

START_TEST(facts_are_read_in_every_shape) {
        _cleanup_(elf_file_done) ElfFile e = {};
        _cleanup_close_ int fd = -EBADF;
        ElfRecipe recipe = whole_recipe(_i);
        ElfImage m;
        uint64_t offset;

        image_build(&m, &recipe, 0);
        corpus_add(&m, shapes[_i].name);
        fd = image_open(&m);
        ck_assert_int_eq(elf_file_read(fd, &e), 0);
        ck_assert_uint_eq(e.class, shapes[_i].class);
        ck_assert_int_eq(e.big_endian, shapes[_i].big_endian);
        ck_assert_uint_eq(e.type, ET_DYN);
        ck_assert_uint_eq(e.machine, EM_X86_64);
        ck_assert_uint_eq(e.entry, 0x1234);
        ck_assert_uint_eq(e.phoff, m.phdrs);
        ck_assert_uint_eq(e.phnum, m.n_phdrs);
        ck_assert_mem_eq(e.header, m.bytes, m.phdrs);
        ck_assert_str_eq(e.interpreter, "/lib/ld.so");
        ck_assert_str_eq(e.soname, "libx.so.1");
        ck_assert_str_eq(e.runpath, "$ORIGIN/y");
        ck_assert_str_eq(e.audit, "libaudit.so");
        ck_assert_uint_eq(e.n_needed, 3);
        ck_assert_str_eq(e.needed[0], "libc.so.6");
        ck_assert_str_eq(e.needed[1], "libm.so.6");
        ck_assert_str_eq(e.needed[2], "libfilter.so");
        ck_assert_ptr_null(e.needed[3]);
        ck_assert_uint_eq(e.n_auxiliary, 1);
        ck_assert_str_eq(e.auxiliary[0], "libauxiliary.so");
        ck_assert_ptr_null(e.auxiliary[1]);
        ck_assert_uint_eq(e.flags, DF_STATIC_TLS);
        ck_assert(elf_file_nodelete(&e));
        ck_assert(e.dynamic && e.tls && e.gnu_hash);
        ck_assert(!e.go && !e.cut && !e.text_relocations);
        ck_assert_uint_eq(e.gnu_hash_nbuckets, 1);
        ck_assert_uint_eq(e.gnu_hash_symoffset, 2);
        ck_assert_uint_eq(e.gnu_hash_shift, 6);
        ck_assert_uint_eq(e.gnu_hash_address, m.hash + BUILDER_BIAS);
        ck_assert_uint_eq(e.build_id_length, 20);
        ck_assert_uint_eq(e.build_id[19], 0xa0 + 19);
        ck_assert(elf_file_offset(&e, e.build_id_address, &offset));
        ck_assert_mem_eq(m.bytes + offset, e.build_id, 20);
        ck_assert(!elf_file_offset(&e, 0, &offset));
        ck_assert(!elf_file_offset(&e, UINT64_MAX, &offset));
}
END_TEST

static void assert_names(const char *const *names, size_t n, const char *expected) {
        char joined[256] = "";

        for (size_t i = 0; i < n; i++)
                strcat(strcat(joined, i > 0 ? " " : ""), names[i]);
        ck_assert_str_eq(joined, expected);
}

START_TEST(symbols_are_read_in_every_shape_and_hash) {
        _cleanup_(elf_symbols_done) ElfSymbols s = {};
        _cleanup_(elf_file_done) ElfFile e = {};
        _cleanup_close_ int fd = -EBADF;
        int n_shapes = ELEMENTSOF(shapes);
        ElfRecipe recipe = whole_recipe(_i % n_shapes);
        BuilderHash hash = (BuilderHash) (_i / n_shapes);
        uint64_t value = 0, size = 0;
        ElfImage m;

        recipe.hash = hash;
        recipe.rel = hash == BUILDER_SYSV_HASH;
        image_build(&m, &recipe, 0);
        fd = image_open(&m);
        ck_assert_int_eq(elf_file_read(fd, &e), 0);
        ck_assert_int_eq(elf_symbols_read(fd, &e, &s), 0);
        ck_assert(!s.cut);
        assert_names(s.imports, s.n_imports, "imported");
        assert_names(s.unique_bound, s.n_unique_bound, "single");
        assert_names(s.bound, s.n_bound, "imported single");
        ck_assert(!s.versioned);
        if (hash == BUILDER_NO_HASH) { /* only what relocations reach */
                assert_names(s.exports, s.n_exports, "alpha single zeta");
                ck_assert_int_eq(elf_symbol_find(fd, &e, "zeta", &value, &size), -ENOENT);
                return;
        }
        assert_names(s.exports, s.n_exports, "alone alpha protected single zeta");
        assert_names(s.weak_exports, s.n_weak_exports, "alpha");
        assert_names(s.unique, s.n_unique, "alone single");
        ck_assert_int_eq(elf_symbol_find(fd, &e, "single", &value, &size), 0);
        ck_assert_uint_eq(value, 0x4004);
        ck_assert_uint_eq(size, 12);
        ck_assert_int_eq(elf_symbol_find(fd, &e, "imported", &value, &size), -ENOENT);
        ck_assert_int_eq(elf_symbol_find(fd, &e, "sing", &value, &size), -ENOENT);
        ck_assert_int_eq(elf_symbol_find(fd, &e, "", &value, &size), -ENOENT);
}
END_TEST

START_TEST(imports_are_read_where_nothing_is_hashed) {
        _cleanup_(elf_symbols_done) ElfSymbols s = {};
        _cleanup_(elf_file_done) ElfFile e = {};
        _cleanup_close_ int fd = -EBADF;
        ElfRecipe recipe = { .symbols = { { "a", STB_GLOBAL, true, true }, { "b", STB_WEAK, true, true }, { "c", STB_GLOBAL, true } } };
        ElfImage m;

        image_build(&m, &recipe, 0);
        fd = image_open(&m);
        ck_assert_int_eq(elf_file_read(fd, &e), 0);
        ck_assert_int_eq(elf_symbols_read(fd, &e, &s), 0);
        assert_names(s.imports, s.n_imports, "a b");
        ck_assert_uint_eq(s.n_exports, 0);
}
END_TEST

static const struct {
        const char *name;
        BuilderGo go;
        bool sections, expected;
} go_rows[] = {
        { "none", BUILDER_NO_GO, false, false },
        { "none, with section headers", BUILDER_NO_GO, true, false },
        { "note", BUILDER_GO_NOTE, false, true },
        { "section", BUILDER_GO_SECTION, true, true },
        { "data alone", BUILDER_GO_DATA, false, true },
};

START_TEST(go_is_told_by_note_section_or_data) {
        for (size_t shape = 0; shape < ELEMENTSOF(shapes); shape++) {
                _cleanup_(elf_file_done) ElfFile e = {};
                _cleanup_close_ int fd = -EBADF;
                ElfRecipe recipe = { .class = shapes[shape].class, .big_endian = shapes[shape].big_endian,
                                     .go = go_rows[_i].go, .sections = go_rows[_i].sections };
                ElfImage m;

                image_build(&m, &recipe, 0);
                fd = image_open(&m);
                ck_assert_int_eq(elf_file_read(fd, &e), 0);
                ck_assert_int_eq(e.go, go_rows[_i].expected);
                ck_assert(!e.cut);
        }
}
END_TEST

static const struct {
        const char *comment;
        bool expected;
} rust_rows[] = {
        { NULL, false },
        { "rustc version 1.95.0 (59807616e 2026-04-14)", true },
        { "rustc versio", false },
        { "not rustc version 1.95.0", false },
};

START_TEST(rust_is_told_by_the_comment_of_its_compiler) {
        for (size_t shape = 0; shape < ELEMENTSOF(shapes); shape++) {
                _cleanup_(elf_file_done) ElfFile e = {};
                _cleanup_close_ int fd = -EBADF;
                ElfRecipe recipe = { .class = shapes[shape].class, .big_endian = shapes[shape].big_endian,
                                     .comment = rust_rows[_i].comment, .sections = true };
                ElfImage m;

                image_build(&m, &recipe, 0);
                fd = image_open(&m);
                ck_assert_int_eq(elf_file_read(fd, &e), 0);
                ck_assert_int_eq(e.rust, rust_rows[_i].expected);
                ck_assert(!e.cut && !e.go);
        }
}
END_TEST

static const struct {
        const char *name;
        uint8_t class;
        bool big_endian;
        uint16_t machine;
        uint32_t type;
        bool rel, relr;
        unsigned count;
        size_t expected;
} relative_rows[] = {
        { "x86-64", 64, false, EM_X86_64, R_X86_64_RELATIVE, .count = 5, .expected = 5 },
        { "x86-64, eight of a page", 64, false, EM_X86_64, R_X86_64_RELATIVE, .count = 40, .expected = 8 },
        { "x86-64, RELR", 64, false, EM_X86_64, 0, .relr = true, .count = 7, .expected = 7 },
        { "i386, REL", 32, false, EM_386, R_386_RELATIVE, .rel = true, .count = 5, .expected = 5 },
        { "i386, RELR", 32, false, EM_386, 0, .relr = true, .count = 7, .expected = 7 },
        { "aarch64", 64, false, EM_AARCH64, R_AARCH64_RELATIVE, .count = 5, .expected = 5 },
        { "arm, REL", 32, false, EM_ARM, R_ARM_RELATIVE, .rel = true, .count = 5, .expected = 5 },
        { "ppc64, big endian", 64, true, EM_PPC64, R_PPC64_RELATIVE, .count = 5, .expected = 5 },
        { "riscv", 64, false, EM_RISCV, R_RISCV_RELATIVE, .count = 5, .expected = 5 },
        { "s390x", 64, true, EM_S390, R_390_RELATIVE, .count = 5, .expected = 5 },
        { "another type", 64, false, EM_X86_64, R_X86_64_GLOB_DAT, .count = 5, .expected = 0 },
        { "unknown machine", 64, false, EM_VAX, 8, .count = 5, .expected = 0 },
};

START_TEST(relative_relocations_are_sampled) {
        _cleanup_(elf_file_done) ElfFile e = {};
        _cleanup_close_ int fd = -EBADF;
        ElfRecipe recipe = { .class = relative_rows[_i].class, .big_endian = relative_rows[_i].big_endian,
                             .machine = relative_rows[_i].machine, .rel = relative_rows[_i].rel,
                             .relr = relative_rows[_i].relr, .relatives = relative_rows[_i].count };
        bool addend = !recipe.rel && !recipe.relr;
        ElfImage m;

        image_build(&m, &recipe, relative_rows[_i].type);
        corpus_add(&m, relative_rows[_i].name);
        fd = image_open(&m);
        ck_assert_int_eq(elf_file_read(fd, &e), 0);
        ck_assert(!e.cut);
        ck_assert_uint_eq(e.n_relatives, relative_rows[_i].expected);
        for (size_t i = 0; i < e.n_relatives; i++) {
                ck_assert_uint_eq(e.relatives[i].target, BUILDER_BIAS + m.data + i * image_word(&m));
                ck_assert_uint_eq(e.relatives[i].in_file, 0x6000 + i);
                ck_assert_uint_eq(e.relatives[i].value, addend ? 0x5000 + i : 0x6000 + i);
                ck_assert(e.relatives[i].relro);
        }
}
END_TEST

/* --- files that lie --- */

static void not_elf(ElfImage *m) {
        m->bytes[1] = 'F';
}

static void empty(ElfImage *m) {
        m->size = 0;
}

static void no_class(ElfImage *m) {
        m->bytes[EI_CLASS] = 3;
}

static void no_byte_order(ElfImage *m) {
        m->bytes[EI_DATA] = 0;
}

static void half_a_header(ElfImage *m) {
        m->size = 40;
}

static void phentsize(ElfImage *m) {
        image_put(m, 54, 57, 2);
}

static void phnum_beyond_the_file(ElfImage *m) {
        image_put(m, 56, 65535, 2);
}

static void phoff_overflows(ElfImage *m) {
        image_put(m, 32, UINT64_MAX - 8, 8);
}

static void phoff_at_the_end(ElfImage *m) {
        image_put(m, 32, m->size - 8, 8);
}

static void no_phdrs(ElfImage *m) {
        image_put(m, 56, 0, 2);
}

static void many_phdrs(ElfImage *m) {
        image_put(m, 56, 300, 2);
        m->size = m->size > 64 + 300 * 56 ? m->size : 64 + 300 * 56;
}

static void segment_overflows(ElfImage *m) {
        image_phdr_field(m, 1, 5, UINT64_MAX);
        image_phdr_field(m, 1, 6, UINT64_MAX);
}

static void segment_offset_overflows(ElfImage *m) {
        image_phdr_field(m, 0, 2, UINT64_MAX - 16);
}

static void overlapping_segments(ElfImage *m) {
        image_phdr_field(m, 1, 2, 0);
        image_phdr_field(m, 1, 3, BUILDER_BIAS);
        image_phdr_field(m, 1, 5, m->size);
        image_phdr_field(m, 1, 6, m->size);
}

static void dynamic_outside(ElfImage *m) {
        image_phdr_field(m, 3, 2, UINT64_MAX / 2);
        image_phdr_field(m, 3, 3, UINT64_MAX / 2);
}

static void dynamic_without_end(ElfImage *m) {
        image_phdr_field(m, 3, 5, (m->n_dynamic - 1) * 16);
}

static void dynamic_of_the_whole_file(ElfImage *m) {
        image_phdr_field(m, 3, 2, 0);
        image_phdr_field(m, 3, 3, BUILDER_BIAS);
        image_phdr_field(m, 3, 5, UINT32_MAX);
}

static void truncated_in_dynamic(ElfImage *m) {
        m->size = m->dynamic + 20;
}

static void no_strings(ElfImage *m) {
        image_dynamic_set(m, DT_STRTAB, 0);
}

static void strings_overflow(ElfImage *m) {
        image_dynamic_set(m, DT_SONAME, UINT64_MAX - 2);
        image_dynamic_set(m, DT_NEEDED, UINT64_MAX);
}

static void string_without_end(ElfImage *m) {
        image_dynamic_set(m, DT_SONAME, m->size - m->strings - 5);
        image_phdr_field(m, 0, 5, m->size);
        image_phdr_field(m, 0, 6, m->size);
        memset(m->bytes + m->size - 5, 'x', 5);
}

static void string_of_many_pages(ElfImage *m) {
        size_t at = m->size;

        image_take(m, 8192, 1);
        memset(m->bytes + at, 'y', 8191);
        image_phdr_field(m, 0, 5, m->size);
        image_phdr_field(m, 0, 6, m->size);
        image_dynamic_set(m, DT_SONAME, at - m->strings);
}

static void interpreter_without_end(ElfImage *m) {
        image_phdr(m, m->n_phdrs, PT_INTERP, PF_R, m->size - 1, 1);
        m->bytes[m->size - 1] = 'z';
}

static void note_sizes(ElfImage *m) {
        image_put(m, m->notes, UINT32_MAX, 4);
        image_put(m, m->notes + 4, UINT32_MAX, 4);
}

static void note_segment_size(ElfImage *m) {
        image_phdr_field(m, 2, 5, UINT64_MAX / 4);
        image_phdr_field(m, 2, 6, UINT64_MAX / 4);
        image_put(m, m->notes, 4000, 4);
}

static void hash_outside(ElfImage *m) {
        image_dynamic_set(m, DT_GNU_HASH, BUILDER_BIAS + m->size * 2);
}

static void hash_at_the_end(ElfImage *m) {
        image_dynamic_set(m, DT_GNU_HASH, BUILDER_BIAS + m->size - 8);
}

static void hash_buckets(ElfImage *m) {
        image_put(m, m->hash, UINT32_MAX, 4);
}

static void hash_bloom(ElfImage *m) {
        image_put(m, m->hash + 8, UINT32_MAX, 4);
}

static void hash_bucket_beyond(ElfImage *m) {
        image_put(m, m->hash + 24, UINT32_MAX, 4);
}

static void hash_chain_without_end(ElfImage *m) {
        for (size_t at = m->hash + 28; at < m->data; at += 4)
                m->bytes[at] &= 0xfe;
}

static void symbols_outside(ElfImage *m) {
        image_dynamic_set(m, DT_SYMTAB, 0);
}

static void symbol_names_beyond(ElfImage *m) {
        for (size_t i = 1; i < 8; i++)
                image_put(m, m->symbols + i * 24, UINT32_MAX - i, 4);
}

static void relocations_size(ElfImage *m) {
        image_dynamic_set(m, DT_RELASZ, UINT64_MAX);
}

static void relocations_targets(ElfImage *m) {
        image_put(m, m->relocations, UINT64_MAX, 8);
        image_put(m, m->relocations + 8, (uint64_t) UINT32_MAX << 32 | R_X86_64_RELATIVE, 8);
}

static void section_headers(ElfImage *m) {
        image_put(m, 40, m->size - 4, 8);
        image_put(m, 58, 64, 2);
        image_put(m, 60, 200, 2);
        image_put(m, 62, 199, 2);
}

static const struct {
        const char *name;
        void (*damage)(ElfImage *m);
        int expected;
        bool cut, symbols_cut;
} hostile_rows[] = {
        { "not ELF", not_elf, -ENOEXEC },
        { "empty", empty, -ENOEXEC },
        { "no class", no_class, -EBADMSG },
        { "no byte order", no_byte_order, -EBADMSG },
        { "half a header", half_a_header, -EBADMSG },
        { "e_phentsize", phentsize, -EBADMSG },
        { "e_phnum beyond the file", phnum_beyond_the_file, -EBADMSG },
        { "e_phoff overflows", phoff_overflows, -EBADMSG },
        { "e_phoff at the end", phoff_at_the_end, -EBADMSG },
        { "no program headers", no_phdrs, 0, false, false },
        { "more program headers than are read", many_phdrs, 0, true, false },
        { "segment overflows", segment_overflows, 0, true, false },
        { "segment offset overflows", segment_offset_overflows, 0, true, true },
        { "overlapping segments", overlapping_segments, 0, false, false },
        { "dynamic section outside the file", dynamic_outside, 0, true, false },
        { "dynamic section without DT_NULL", dynamic_without_end, 0, true, false },
        { "dynamic section is the whole file", dynamic_of_the_whole_file, 0, false, false },
        { "truncated in the dynamic section", truncated_in_dynamic, 0, true, false },
        { "no string table", no_strings, 0, true, true },
        { "string offsets overflow", strings_overflow, 0, true, false },
        { "string without end", string_without_end, 0, true, false },
        { "string of many pages", string_of_many_pages, 0, true, false },
        { "interpreter without end", interpreter_without_end, 0, true, false },
        { "note sizes", note_sizes, 0, false, false },
        { "note segment size", note_segment_size, 0, true, false },
        { "hash table outside", hash_outside, 0, true, false },
        { "hash table at the end", hash_at_the_end, 0, true, false },
        { "number of buckets", hash_buckets, 0, false, true },
        { "number of bloom words", hash_bloom, 0, false, true },
        { "bucket beyond", hash_bucket_beyond, 0, false, true },
        { "chain without end", hash_chain_without_end, 0, false, true },
        { "symbol table outside", symbols_outside, 0, false, true },
        { "symbol names beyond", symbol_names_beyond, 0, false, true },
        { "size of relocations", relocations_size, 0, true, true },
        { "targets of relocations", relocations_targets, 0, false, false },
        { "section headers outside", section_headers, 0, false, false },
};

START_TEST(hostile_files_are_survived) {
        _cleanup_(elf_symbols_done) ElfSymbols s = {};
        _cleanup_(elf_file_done) ElfFile e = {};
        _cleanup_close_ int fd = -EBADF;
        ElfRecipe recipe = whole_recipe(0);
        uint64_t value, size;
        ElfImage m;

        recipe.interpreter = NULL;
        image_build(&m, &recipe, 0);
        hostile_rows[_i].damage(&m);
        corpus_add(&m, hostile_rows[_i].name);
        fd = image_open(&m);
        ck_assert_int_eq(elf_file_read(fd, &e), hostile_rows[_i].expected);
        if (hostile_rows[_i].expected < 0) {
                ck_assert_ptr_null(e.needed);
                return;
        }
        ck_assert_int_eq(e.cut, hostile_rows[_i].cut);
        ck_assert_int_eq(elf_symbols_read(fd, &e, &s), 0);
        ck_assert_int_eq(s.cut, hostile_rows[_i].symbols_cut);
        ck_assert_int_le(elf_symbol_find(fd, &e, "zeta", &value, &size), 0);
}
END_TEST

/* Elf_Symndx has 8 bytes on s390x, and 4 on 31-bit s390 (bits/elfclass.h of glibc). */
START_TEST(words_of_a_hash_table_are_as_wide_as_the_abi_has_them) {
        _cleanup_(elf_symbols_done) ElfSymbols s = {};
        _cleanup_(elf_file_done) ElfFile e = {};
        _cleanup_close_ int fd = -EBADF;
        ElfRecipe recipe = whole_recipe(0);
        uint64_t value = 0, size = 0;
        ElfImage m;

        recipe.class = _i ? 64 : 32;
        recipe.big_endian = true;
        recipe.machine = EM_S390;
        recipe.hash = BUILDER_SYSV_HASH;
        image_build(&m, &recipe, 0);
        fd = image_open(&m);
        ck_assert_int_eq(elf_file_read(fd, &e), 0);
        ck_assert_uint_eq(elf_file_hash_word(&e), _i ? 8 : 4);
        ck_assert_int_eq(elf_symbols_read(fd, &e, &s), 0);
        ck_assert(!s.cut);
        assert_names(s.exports, s.n_exports, "alone alpha protected single zeta");
        ck_assert_int_eq(elf_symbol_find(fd, &e, "zeta", &value, &size), 0);
        ck_assert_uint_eq(size, 12);
}
END_TEST

/* Names that share their ends, an undefined symbol of that name, and one that is none. */
START_TEST(symbols_of_symtab_are_found_by_reading_it) {
        for (size_t shape = 0; shape < ELEMENTSOF(shapes); shape++) {
                _cleanup_(elf_file_done) ElfFile e = {};
                _cleanup_close_ int fd = -EBADF;
                ElfRecipe recipe = { .class = shapes[shape].class, .big_endian = shapes[shape].big_endian, .no_dynamic = true,
                                     .sections = true, .symtab = _i == 0,
                                     .symbols = { { "imported", STB_GLOBAL, .undefined = true }, { "my_r_debug", STB_GLOBAL },
                                                  { "_r_debug", STB_GLOBAL } } };
                uint64_t value = 0, size = 0;
                ElfImage m;

                image_build(&m, &recipe, 0);
                fd = image_open(&m);
                ck_assert_int_eq(elf_file_read(fd, &e), 0);
                if (_i > 0) {
                        ck_assert_int_eq(elf_symtab_find(fd, &e, "_r_debug", &value, &size), -ENODATA);
                        continue;
                }
                ck_assert_int_eq(elf_symtab_find(fd, &e, "_r_debug", &value, &size), 0);
                ck_assert_uint_eq(value, 0x4003);
                ck_assert_uint_eq(size, 12);
                ck_assert_int_eq(elf_symtab_find(fd, &e, "imported", &value, &size), -ENOENT);
                ck_assert_int_eq(elf_symtab_find(fd, &e, "r_debu", &value, &size), -ENOENT);
                ck_assert_int_eq(elf_symtab_find(fd, &e, "none", &value, &size), -ENOENT);
        }
}
END_TEST

/* DT_HASH links indices, so that it can go round in circles. */
START_TEST(cyclic_hash_chains_end) {
        _cleanup_(elf_file_done) ElfFile e = {};
        _cleanup_close_ int fd = -EBADF;
        ElfRecipe recipe = whole_recipe(0);
        uint64_t value, size;
        ElfImage m;

        recipe.hash = BUILDER_SYSV_HASH;
        image_build(&m, &recipe, 0);
        for (size_t i = 0; i < 10; i++)
                image_put(&m, m.hash + 12 + 4 * i, 1, 4);
        image_put(&m, m.hash + 8, 1, 4);
        corpus_add(&m, "cyclic hash chains");
        fd = image_open(&m);
        ck_assert_int_eq(elf_file_read(fd, &e), 0);
        ck_assert_int_eq(elf_symbol_find(fd, &e, "zeta", &value, &size), -ENOENT);
}
END_TEST

START_TEST(every_length_of_a_file_is_survived) {
        ElfRecipe recipe = whole_recipe(_i);
        ElfImage m;
        size_t whole;

        recipe.relatives = 9;
        image_build(&m, &recipe, R_X86_64_RELATIVE);
        whole = m.size;
        for (m.size = 0; m.size < whole; m.size += m.size < 600 ? 1 : 13) {
                _cleanup_(elf_symbols_done) ElfSymbols s = {};
                _cleanup_(elf_file_done) ElfFile e = {};
                _cleanup_close_ int fd = image_open(&m);
                int r = elf_file_read(fd, &e);

                ck_assert(r == 0 || r == -ENOEXEC || r == -EBADMSG);
                if (r == 0)
                        ck_assert_int_eq(elf_symbols_read(fd, &e, &s), 0);
        }
}
END_TEST

START_TEST(what_is_no_regular_file_is_not_read) {
        _cleanup_close_ int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
        _cleanup_(elf_file_done) ElfFile e = {};

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(elf_file_read(fd, &e), -ENOEXEC);
        ck_assert_int_eq(elf_file_read(-EBADF, &e), -EBADF);
}
END_TEST

START_TEST(tables_of_names_are_compared) {
        static const char *const a[] = { "b", "d", "f" }, *const b[] = { "a", "c", "d", "f" }, *const c[] = { "a", "e" };

        ck_assert(elf_symbols_contain(a, 3, "d"));
        ck_assert(!elf_symbols_contain(a, 3, "e"));
        ck_assert(!elf_symbols_contain(NULL, 0, "e"));
        ck_assert_str_eq(elf_symbols_common(a, 3, b, 4), "d");
        ck_assert_ptr_null(elf_symbols_common(a, 3, c, 2));
        ck_assert_ptr_null(elf_symbols_common(a, 3, NULL, 0));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("elf-file");
        TCase *tcase = tcase_create("elf-file");

        tcase_set_timeout(tcase, 60);
        tcase_add_loop_test(tcase, facts_are_read_in_every_shape, 0, ELEMENTSOF(shapes));
        tcase_add_loop_test(tcase, symbols_are_read_in_every_shape_and_hash, 0, 3 * ELEMENTSOF(shapes));
        tcase_add_test(tcase, imports_are_read_where_nothing_is_hashed);
        tcase_add_loop_test(tcase, go_is_told_by_note_section_or_data, 0, ELEMENTSOF(go_rows));
        tcase_add_loop_test(tcase, rust_is_told_by_the_comment_of_its_compiler, 0, ELEMENTSOF(rust_rows));
        tcase_add_loop_test(tcase, relative_relocations_are_sampled, 0, ELEMENTSOF(relative_rows));
        tcase_add_loop_test(tcase, hostile_files_are_survived, 0, ELEMENTSOF(hostile_rows));
        tcase_add_loop_test(tcase, words_of_a_hash_table_are_as_wide_as_the_abi_has_them, 0, 2);
        tcase_add_loop_test(tcase, symbols_of_symtab_are_found_by_reading_it, 0, 2);
        tcase_add_test(tcase, cyclic_hash_chains_end);
        tcase_add_loop_test(tcase, every_length_of_a_file_is_survived, 0, ELEMENTSOF(shapes));
        tcase_add_test(tcase, what_is_no_regular_file_is_not_read);
        tcase_add_test(tcase, tables_of_names_are_compared);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
