/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>
#include <fcntl.h>
#include <link.h>

#include "elf/elf-file.h"
#include "rtld/elf-image.h"
#include "unit.h"

/* An image in a buffer, "mapped" at BASE. */
#define BASE UINT64_C(0x7f0000000000)
#define SIZE 8192

static uint8_t image[SIZE];
static size_t mapped; /* bytes of it that can be read */

static ssize_t read_image(void *userdata, uint64_t address, void *buffer, size_t n) {
        (void) userdata;
        if (address < BASE || address - BASE >= mapped)
                return -EIO;
        if (n > mapped - (address - BASE))
                n = mapped - (address - BASE);
        memcpy(buffer, image + (address - BASE), n);
        return (ssize_t) n;
}

static void make_image64(void) {
        static const struct {
                Elf64_Nhdr n;
                char name[4];
                uint8_t id[20];
        } note = { { 4, 20, NT_GNU_BUILD_ID }, "GNU", { 0xde, 0xad, [19] = 0x0a } };
        Elf64_Ehdr *e = (Elf64_Ehdr *) image;
        Elf64_Phdr *p = (Elf64_Phdr *) (image + 64);

        memset(image, 0, sizeof(image));
        memcpy(e->e_ident, ELFMAG, SELFMAG);
        e->e_ident[EI_CLASS] = ELFCLASS64;
        e->e_ident[EI_DATA] = __BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB;
        e->e_machine = EM_X86_64;
        e->e_phoff = 64;
        e->e_phnum = 2;
        e->e_phentsize = sizeof(*p);
        p[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_filesz = SIZE };
        p[1] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = 512, .p_filesz = sizeof(note), .p_align = 4 };
        memcpy(image + 512, &note, sizeof(note));
        mapped = SIZE;
}

static void other_byte_order(void) {
        image[EI_DATA] = image[EI_DATA] == ELFDATA2LSB ? ELFDATA2MSB : ELFDATA2LSB;
}
static void no_magic(void) {
        image[0] = 0;
}
static void class_unknown(void) {
        image[EI_CLASS] = 3;
}
static void headers_behind_the_end(void) {
        ((Elf64_Ehdr *) image)->e_phoff = SIZE - 60;
}
static void headers_far_away(void) {
        ((Elf64_Ehdr *) image)->e_phoff = UINT64_MAX - 60;
}
static void too_many_headers(void) {
        ((Elf64_Ehdr *) image)->e_phnum = UINT16_MAX;
}
static void entry_size_of_another_class(void) {
        ((Elf64_Ehdr *) image)->e_phentsize = sizeof(Elf32_Phdr);
}
static void note_behind_the_end(void) {
        ((Elf64_Phdr *) (image + 64))[1].p_offset = SIZE - 4;
}
static void note_of_another_size(void) {
        ((Elf64_Nhdr *) (image + 512))->n_descsz = UINT32_MAX;
}
static void note_of_a_name_without_end(void) {
        ((Elf64_Nhdr *) (image + 512))->n_namesz = UINT32_MAX - 2;
}
static void second_page_missing(void) {
        ((Elf64_Phdr *) (image + 64))[1].p_offset = 4096;
        mapped = 4096;
}
static void nothing(void) {
}

static const struct {
        const char *name;
        void (*spoil)(void);
        int r;
        uint8_t length;
} rows[] = {
        { "as it should be", nothing, 0, 20 },
        { "another byte order", other_byte_order, -ENOEXEC, 0 },
        { "no magic", no_magic, -ENOEXEC, 0 },
        { "no known class", class_unknown, -ENOEXEC, 0 },
        { "program headers behind the end", headers_behind_the_end, -ENOEXEC, 0 },
        { "program headers far away", headers_far_away, -ENOEXEC, 0 },
        { "too many program headers", too_many_headers, -ENOEXEC, 0 },
        { "program headers of another class", entry_size_of_another_class, -ENOEXEC, 0 },
        { "a note behind the end", note_behind_the_end, 0, 0 },
        { "a note longer than its segment", note_of_another_size, 0, 0 },
        { "a note whose name has no end", note_of_a_name_without_end, 0, 0 },
        { "a note that is not mapped", second_page_missing, -EIO, 0 },
};

START_TEST(image_is_read_within_bounds) {
        _cleanup_(memory_freep) Memory *m = memory_new_reader(read_image, NULL);
        ElfImage got = {};

        make_image64();
        rows[_i].spoil();
        ck_assert_msg(elf_image_read(m, BASE, SIZE, &got) == rows[_i].r, "%s", rows[_i].name);
        ck_assert_msg(got.build_id_length == rows[_i].length, "%s", rows[_i].name);
        if (rows[_i].length > 0) {
                ck_assert_uint_eq(got.class, 64);
                ck_assert_uint_eq(got.machine, EM_X86_64);
                ck_assert_uint_eq(got.build_id[0], 0xde);
                ck_assert_uint_eq(got.build_id[19], 0x0a);
        }
}
END_TEST

/* What dl_iterate_phdr(3) calls with each object of this very program. */
static int compare_with_file(struct dl_phdr_info *info, size_t size _unused_, void *userdata) {
        Memory *m = userdata;
        ElfImage got = {};
        ElfFile file;
        int fd;

        if (info->dlpi_name[0] != '/')
                return 0;
        fd = open(info->dlpi_name, O_RDONLY | O_CLOEXEC);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(elf_file_read(fd, &file), 0);
        close(fd);
        ck_assert_int_eq(elf_image_read(m, info->dlpi_addr, 4096, &got), 0);
        ck_assert_uint_eq(got.class, file.class);
        ck_assert_uint_eq(got.machine, file.machine);
        ck_assert_uint_eq(got.build_id_length, file.build_id_length);
        ck_assert_int_eq(memcmp(got.build_id, file.build_id, file.build_id_length), 0);
        elf_file_done(&file);
        return 0;
}

START_TEST(images_of_this_process_have_the_build_ids_of_their_files) {
        int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
        _cleanup_(memory_freep) Memory *m = memory_new(fd);

        ck_assert_int_ge(fd, 0);
        dl_iterate_phdr(compare_with_file, m);
        close(fd);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("elf-image");
        TCase *tcase = tcase_create("elf-image");

        tcase_add_loop_test(tcase, image_is_read_within_bounds, 0, ELEMENTSOF(rows));
        tcase_add_test(tcase, images_of_this_process_have_the_build_ids_of_their_files);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
