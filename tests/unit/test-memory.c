/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/mman.h>

#include "fake-memory.h"
#include "unit.h"

static FakeMemory *fake;
static Memory *memory;

static void setup(void) {
        fake = fake_memory_new(64);
        for (size_t i = 0; i < FAKE_SIZE; i++)
                fake->bytes[i] = (uint8_t) (i * 7 + i / 256);
        memory = memory_new_reader(fake_memory_read, fake);
        ck_assert_ptr_nonnull(memory);
}

static void teardown(void) {
        memory = memory_free(memory);
        free(fake);
}

static const struct {
        const char *name;
        uint64_t address;
        size_t n;
        int result;
} reads[] = {
        { "nothing", FAKE_BASE, 0, 0 },
        { "one byte", FAKE_BASE, 1, 0 },
        { "the end of a page", FAKE_BASE + 4090, 6, 0 },
        { "over the end of a page", FAKE_BASE + 4090, 7, 0 },
        { "many pages", FAKE_BASE + 1, 20000, 0 },
        { "all of it", FAKE_BASE, FAKE_SIZE, 0 },
        { "the last byte", FAKE_BASE + FAKE_SIZE - 1, 1, 0 },
        { "over the end", FAKE_BASE + FAKE_SIZE - 1, 2, -EIO },
        { "before the beginning", FAKE_BASE - 1, 2, -EIO },
        { "the null pointer", 0, 8, -EIO },
        { "the end of the world", UINT64_MAX - 3, 4, -EFAULT },
        { "over the end of the world", UINT64_MAX - 3, 5, -EFAULT },
        { "the last page", UINT64_MAX - 4095, 8, -EIO },
};

START_TEST(bytes_come_as_they_are) {
        uint8_t buffer[FAKE_SIZE];

        for (int again = 0; again < 2; again++) {
                ck_assert_int_eq(memory_read(memory, reads[_i].address, buffer, reads[_i].n), reads[_i].result);
                if (reads[_i].result == 0 && reads[_i].n > 0)
                        ck_assert_mem_eq(buffer, fake->bytes + (reads[_i].address - FAKE_BASE), reads[_i].n);
        }
}
END_TEST

/* A reader that must not be asked for a byte of the third page: its server would not answer. */
static ssize_t read_what_is_allowed(void *userdata, uint64_t address, void *buffer, size_t n) {
        ck_assert(address + n <= FAKE_BASE + 2 * 4096 || address >= FAKE_BASE + 3 * 4096);
        return fake_memory_read(userdata, address, buffer, n);
}

static bool refuse_third_page(void *userdata, uint64_t address) {
        (void) userdata;
        return address != FAKE_BASE + 2 * 4096;
}

START_TEST(what_the_guard_refuses_is_not_read) {
        _cleanup_(memory_freep) Memory *m = memory_new_reader(read_what_is_allowed, fake);
        uint8_t byte;

        ck_assert_ptr_nonnull(m);
        memory_guard(m, refuse_third_page, NULL);
        for (uint64_t page = 0; page < 6; page++)
                ck_assert_int_eq(memory_read(m, FAKE_BASE + page * 4096, &byte, 1), page == 2 ? -EREMOTE : 0);
}
END_TEST

START_TEST(words_have_the_host_byte_order) {
        static const uint64_t value = 0x1122334455667788;
        static const size_t sizes[] = { 1, 2, 4, 8 };

        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                uint64_t word = 0, mask = sizes[i] == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * sizes[i]) - 1;

                fake_memory_set(fake, FAKE_BASE + 4093, sizes[i], value);
                memory_forget(memory);
                ck_assert_int_eq(memory_read_word(memory, FAKE_BASE + 4093, sizes[i], &word), 0);
                ck_assert_uint_eq(word, value & mask);
        }
}
END_TEST

START_TEST(a_word_that_cannot_be_read_is_not_set) {
        uint64_t word = 42;

        ck_assert_int_eq(memory_read_word(memory, FAKE_BASE + FAKE_SIZE - 3, 4, &word), -EIO);
        ck_assert_uint_eq(word, 42);
}
END_TEST

static const struct {
        const char *name;
        size_t at, length, max;
        int result;
} strings[] = {
        { "empty", 0, 0, 1, 0 },
        { "no room for the NUL", 0, 0, 0, -ENAMETOOLONG },
        { "short", 10, 5, 100, 0 },
        { "just fits", 10, 5, 6, 0 },
        { "one too long", 10, 5, 5, -ENAMETOOLONG },
        { "over a page's end", 4090, 20, 100, 0 },
        { "NUL first on the next page", 4090, 6, 100, 0 },
        { "over pages", 100, 10000, 16384, 0 },
        { "cut behind a page's end", 4090, 10000, 8192, -ENAMETOOLONG },
        { "to the last byte", FAKE_SIZE - 6, 5, 100, 0 },
        { "no end before the end", FAKE_SIZE - 5, 5, 100, -EIO },
        { "nowhere", FAKE_SIZE, 0, 100, -EIO },
};

START_TEST(strings_end_within_their_bounds) {
        _cleanup_free_ char *s = NULL;

        memset(fake->bytes, 'x', FAKE_SIZE);
        if (strings[_i].at + strings[_i].length < FAKE_SIZE)
                fake->bytes[strings[_i].at + strings[_i].length] = '\0';
        ck_assert_int_eq(memory_read_string(memory, FAKE_BASE + strings[_i].at, strings[_i].max, &s), strings[_i].result);
        if (strings[_i].result < 0)
                ck_assert_ptr_null(s);
        else {
                ck_assert_uint_eq(strlen(s), strings[_i].length);
                ck_assert_uint_eq(strspn(s, "x"), strings[_i].length);
        }
}
END_TEST

START_TEST(a_page_is_asked_for_once) {
        uint64_t word;

        for (uint64_t i = 0; i < 4096 / 8; i++)
                ck_assert_int_eq(memory_read_word(memory, FAKE_BASE + i * 8, 8, &word), 0);
        ck_assert_uint_eq(fake->n_reads, 1);
}
END_TEST

START_TEST(what_was_forgotten_is_read_anew) {
        uint64_t word;

        fake_memory_set(fake, FAKE_BASE, 8, 1);
        ck_assert_int_eq(memory_read_word(memory, FAKE_BASE, 8, &word), 0);
        fake_memory_set(fake, FAKE_BASE, 8, 2);
        ck_assert_int_eq(memory_read_word(memory, FAKE_BASE, 8, &word), 0);
        ck_assert_uint_eq(word, 1);
        memory_forget(memory);
        ck_assert_int_eq(memory_read_word(memory, FAKE_BASE, 8, &word), 0);
        ck_assert_uint_eq(word, 2);
}
END_TEST

START_TEST(only_what_was_forgotten_is_read_anew) {
        const uint64_t boundary = FAKE_BASE + 3 * 4096;
        uint64_t words[2];

        for (unsigned i = 0; i < 5; i++)
                ck_assert_int_eq(memory_read_word(memory, FAKE_BASE + i * 4096, 8, &words[0]), 0);
        fake_memory_set(fake, FAKE_BASE, 8, 1);
        fake_memory_set(fake, boundary - 8, 8, 2);
        fake_memory_set(fake, boundary, 8, 3);
        memory_forget_at(memory, boundary - 8, 16);
        ck_assert_int_eq(memory_read(memory, boundary - 8, words, sizeof(words)), 0);
        ck_assert_uint_eq(words[0], 2);
        ck_assert_uint_eq(words[1], 3);
        ck_assert_int_eq(memory_read_word(memory, FAKE_BASE, 8, &words[0]), 0);
        ck_assert_uint_ne(words[0], 1);
}
END_TEST

START_TEST(what_is_not_there_is_asked_for_once) {
        uint64_t word;
        size_t before;

        ck_assert_int_eq(memory_read_word(memory, FAKE_BASE - 8, 8, &word), -EIO);
        before = fake->n_reads;
        ck_assert_int_eq(memory_read_word(memory, FAKE_BASE - 16, 8, &word), -EIO);
        ck_assert_uint_eq(fake->n_reads, before);
        ck_assert_int_eq(memory_read_word(memory, FAKE_BASE, 8, &word), 0);
        memory_forget(memory);
        ck_assert_int_eq(memory_read_word(memory, FAKE_BASE - 8, 8, &word), -EIO);
        ck_assert_uint_eq(fake->n_reads, before + 2);
}
END_TEST

/* --- is other memory the same? --- */

/* What is looked at, and a byte that differs then. */
static const struct {
        const char *name;
        uint64_t at;
        size_t n;
        uint64_t other;
        bool same;
} traces[] = {
        { "nothing differs", 100, 8, UINT64_MAX, true },
        { "the byte itself", 100, 8, 100, false },
        { "the last byte", 100, 8, 107, false },
        { "the same 16 bytes", 100, 8, 96, false },
        { "the next 16 bytes", 100, 8, 112, true },
        { "those before", 100, 8, 95, true },
        { "the first of 64 blocks", 0, 1024, 0, false },
        { "the last of 64 blocks", 0, 1024, 1023, false },
        { "behind 64 blocks", 0, 1024, 1024, true },
        { "the 65th block", 1000, 100, 1030, false },
        { "the last block of a page", 4000, 96, 4095, false },
        { "another page", 100, 8, 4096, true },
        { "the second of two pages", 4090, 12, 4096, false },
        { "the first of two pages", 4090, 12, 4090, false },
        { "the middle of many pages", 1, 20000, 9000, false },
        { "behind many pages", 1, 20000, 20480, true },
        { "the last block of all", FAKE_SIZE - 1, 1, FAKE_SIZE - 16, false },
};

START_TEST(memory_is_the_same_where_it_was_looked_at) {
        _cleanup_(memory_trace_done) MemoryTrace trace = {};
        uint8_t buffer[FAKE_SIZE];

        ck_assert_int_eq(memory_read(memory, FAKE_BASE + traces[_i].at, buffer, traces[_i].n), 0);
        ck_assert_int_eq(memory_take_trace(memory, &trace), 1);
        ck_assert(memory_matches(memory, &trace));
        if (traces[_i].other != UINT64_MAX)
                fake->bytes[traces[_i].other] ^= 0x10;
        ck_assert_int_eq(memory_matches(memory, &trace), traces[_i].same);
}
END_TEST

/* No look twice, no order, no length of reads makes a difference. */
START_TEST(a_trace_goes_by_places_alone) {
        _cleanup_(memory_trace_done) MemoryTrace first = {}, second = {};
        uint8_t buffer[300];
        uint64_t word;

        ck_assert_int_eq(memory_read(memory, FAKE_BASE, buffer, sizeof(buffer)), 0);
        ck_assert_int_eq(memory_take_trace(memory, &first), 1);
        for (uint64_t i = 0; i < 40; i++)
                ck_assert_int_eq(memory_read_word(memory, FAKE_BASE + i % 38 * 8, 8, &word), 0);
        ck_assert_int_eq(memory_take_trace(memory, &second), 1);
        ck_assert_uint_eq(first.n_pages, 1);
        ck_assert_uint_eq(first.pages[0].sum, second.pages[0].sum);
        ck_assert_mem_eq(first.pages[0].blocks, second.pages[0].blocks, sizeof(first.pages[0].blocks));
}
END_TEST

START_TEST(bytes_that_change_places_are_not_the_same) {
        _cleanup_(memory_trace_done) MemoryTrace trace = {};
        uint8_t buffer[128], left[64];

        ck_assert_int_eq(memory_read(memory, FAKE_BASE, buffer, sizeof(buffer)), 0);
        ck_assert_int_eq(memory_take_trace(memory, &trace), 1);
        memcpy(left, fake->bytes, 64);
        memcpy(fake->bytes, fake->bytes + 64, 64);
        memcpy(fake->bytes + 64, left, 64);
        ck_assert(!memory_matches(memory, &trace));
}
END_TEST

START_TEST(what_could_not_be_read_must_not_be_there) {
        _cleanup_(memory_trace_done) MemoryTrace trace = {};
        _cleanup_close_ int without = memfd_create("without", MFD_CLOEXEC), with = memfd_create("with", MFD_CLOEXEC);
        _cleanup_(memory_freep) Memory *own = memory_new(without);
        uint64_t word;

        ck_assert_ptr_nonnull(own);
        ck_assert_int_eq(ftruncate(without, 4096), 0);
        ck_assert_int_eq(ftruncate(with, 8192), 0);
        ck_assert_int_eq(memory_read_word(own, 4096, 8, &word), -EIO);
        ck_assert_int_eq(memory_take_trace(own, &trace), 1);
        ck_assert(memory_matches(own, &trace));
        memory_attach(own, with);
        ck_assert(!memory_matches(own, &trace));
}
END_TEST

START_TEST(a_page_after_one_that_could_not_be_read_counts) {
        _cleanup_(memory_trace_done) MemoryTrace trace = {};
        uint64_t word;

        ck_assert_int_eq(memory_read_word(memory, FAKE_BASE - 4096, 8, &word), -EIO);
        ck_assert_int_eq(memory_read_word(memory, FAKE_BASE, 8, &word), 0);
        ck_assert_int_eq(memory_take_trace(memory, &trace), 1);
        ck_assert(memory_matches(memory, &trace));
        fake->bytes[0] ^= 1;
        ck_assert(!memory_matches(memory, &trace));
}
END_TEST

START_TEST(there_is_no_trace_of_nothing_and_none_of_too_much) {
        _cleanup_(memory_trace_done) MemoryTrace trace = {};
        _cleanup_close_ int fd = memfd_create("large", MFD_CLOEXEC);
        _cleanup_(memory_freep) Memory *own = memory_new(fd);
        uint64_t word;

        ck_assert_ptr_nonnull(own);
        ck_assert_int_eq(ftruncate(fd, 1000 * 4096), 0);
        ck_assert_int_eq(memory_take_trace(own, &trace), 0);
        for (uint64_t page = 0; page < 1000; page++)
                ck_assert_int_eq(memory_read_word(own, page * 4096, 8, &word), 0);
        ck_assert_int_eq(memory_take_trace(own, &trace), 0);
        memory_attach(own, fd);
        ck_assert_int_eq(memory_take_trace(own, &trace), 0);
}
END_TEST

START_TEST(the_sum_of_all_reads_is_bounded) {
        uint64_t word;
        int r = 0;

        for (uint64_t i = 0; i <= MEMORY_BYTES_MAX / 4096 && r >= 0; i++) {
                memory_forget(memory);
                r = memory_read_word(memory, FAKE_BASE, 8, &word);
        }
        ck_assert_int_eq(r, -EFBIG);
        ck_assert_uint_le(fake->n_reads, MEMORY_BYTES_MAX / 4096);
}
END_TEST

/* Any file will do for the memory of a process. */
static int file_of(uint64_t word) {
        int fd = memfd_create("memory", MFD_CLOEXEC);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(pwrite(fd, &word, sizeof(word), 4096), sizeof(word));
        return fd;
}

START_TEST(nothing_of_one_process_is_left_for_the_next) {
        _cleanup_close_ int first = file_of(1), second = file_of(2);
        _cleanup_(memory_freep) Memory *own = memory_new(first);
        uint64_t word;

        ck_assert_ptr_nonnull(own);
        ck_assert_int_eq(memory_read_word(own, 4096, 8, &word), 0);
        ck_assert_uint_eq(word, 1);
        memory_attach(own, second);
        ck_assert_int_eq(memory_read_word(own, 4096, 8, &word), 0);
        ck_assert_uint_eq(word, 2);
}
END_TEST

START_TEST(each_process_may_be_read_to_the_bound) {
        _cleanup_close_ int fd = file_of(1);
        _cleanup_(memory_freep) Memory *own = memory_new(fd);
        uint64_t word;

        ck_assert_ptr_nonnull(own);
        for (uint64_t i = 0; i < MEMORY_BYTES_MAX / 4096; i++) {
                memory_forget(own);
                ck_assert_int_eq(memory_read_word(own, 4096, 8, &word), 0);
        }
        memory_forget(own);
        ck_assert_int_eq(memory_read_word(own, 4096, 8, &word), -EFBIG);
        memory_attach(own, fd);
        ck_assert_int_eq(memory_read_word(own, 4096, 8, &word), 0);
}
END_TEST

/* This very process, as any other is read. */
START_TEST(a_process_is_read_by_its_mem) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_(memory_freep) Memory *own = NULL;
        const size_t page = (size_t) sysconf(_SC_PAGESIZE);
        uint8_t buffer[16];
        uint8_t *p;

        fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
        ck_assert_int_ge(fd, 0);
        own = memory_new(fd);
        ck_assert_ptr_nonnull(own);
        p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ck_assert_ptr_ne(p, MAP_FAILED);
        ck_assert_int_eq(munmap(p + page, page), 0);
        memset(p, 0xa5, page);

        ck_assert_int_eq(memory_read(own, (uintptr_t) p + page - 16, buffer, 16), 0);
        for (size_t i = 0; i < 16; i++)
                ck_assert_uint_eq(buffer[i], 0xa5);
        ck_assert_int_eq(memory_read(own, (uintptr_t) p + page - 15, buffer, 16), -EIO);
        ck_assert_int_eq(memory_read(own, UINT64_C(0xffffffffff600000), buffer, 16), -EFAULT);
        ck_assert_int_eq(munmap(p, page), 0);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("memory");
        TCase *tcase = tcase_create("memory");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_set_timeout(tcase, 30);
        tcase_add_loop_test(tcase, bytes_come_as_they_are, 0, ELEMENTSOF(reads));
        tcase_add_test(tcase, what_the_guard_refuses_is_not_read);
        tcase_add_test(tcase, words_have_the_host_byte_order);
        tcase_add_test(tcase, a_word_that_cannot_be_read_is_not_set);
        tcase_add_loop_test(tcase, strings_end_within_their_bounds, 0, ELEMENTSOF(strings));
        tcase_add_test(tcase, a_page_is_asked_for_once);
        tcase_add_test(tcase, what_was_forgotten_is_read_anew);
        tcase_add_test(tcase, only_what_was_forgotten_is_read_anew);
        tcase_add_test(tcase, what_is_not_there_is_asked_for_once);
        tcase_add_loop_test(tcase, memory_is_the_same_where_it_was_looked_at, 0, ELEMENTSOF(traces));
        tcase_add_test(tcase, a_trace_goes_by_places_alone);
        tcase_add_test(tcase, bytes_that_change_places_are_not_the_same);
        tcase_add_test(tcase, what_could_not_be_read_must_not_be_there);
        tcase_add_test(tcase, a_page_after_one_that_could_not_be_read_counts);
        tcase_add_test(tcase, there_is_no_trace_of_nothing_and_none_of_too_much);
        tcase_add_test(tcase, the_sum_of_all_reads_is_bounded);
        tcase_add_test(tcase, nothing_of_one_process_is_left_for_the_next);
        tcase_add_test(tcase, each_process_may_be_read_to_the_bound);
        tcase_add_test(tcase, a_process_is_read_by_its_mem);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
