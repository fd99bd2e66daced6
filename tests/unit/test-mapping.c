/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/stat.h>

#include "child.h"
#include "proc/mapping.h"

#define PAGE 4096u

static int proc_fd = -EBADF;

static void open_proc(void) {
        proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        ck_assert_int_ge(proc_fd, 0);
}

static void close_proc(void) {
        proc_fd = fd_close(proc_fd);
}

/* --- a line --- */

static const struct {
        const char *name, *line;
        MapsLine parsed;
} lines[] = {
        { "text of a library", "7f0000001000-7f0000003000 r-xp 00001000 fe:00 5250054                    /usr/lib/libc.so.6",
          { 0x7f0000001000, 0x7f0000003000, 0x1000, 5250054, VMA_READ | VMA_EXECUTE, 0xfe, 0, "/usr/lib/libc.so.6" } },
        { "shared, all rights", "1-2 rwxs ff 103:2a 1 /x", { 1, 2, 0xff, 1, 15, 0x103, 0x2a, "/x" } },
        { "no name", "1000-2000 ---p 00000000 00:00 0 ", { 0x1000, 0x2000, 0, 0, 0, 0, 0, "" } },
        { "no name, no space either", "1000-2000 ---p 00000000 00:00 0", { 0x1000, 0x2000, 0, 0, 0, 0, 0, "" } },
        { "name with spaces at its end", "1-2 r--p 0 0:1 7    /a b (deleted)  ", { 1, 2, 0, 7, 1, 0, 1, "/a b (deleted)  " } },
        { "name with a newline and a backslash, as the kernel leaves them", "1-2 r--p 0 0:1 7 /a\\012b\\c", { 1, 2, 0, 7, 1, 0, 1, "/a\\012b\\c" } },
        { "bytes that are no UTF-8", "1-2 r--p 0 0:1 7 /\xff\xfe\t", { 1, 2, 0, 7, 1, 0, 1, "/\xff\xfe\t" } },
        { "vsyscall, at the end of all addresses", "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]",
          { 0xffffffffff600000, 0xffffffffff601000, 0, 0, VMA_EXECUTE, 0, 0, "[vsyscall]" } },
        { "largest numbers", "fffffffffffffffe-ffffffffffffffff r--p ffffffffffffffff ffffffff:ffffffff 18446744073709551615 /x",
          { 0xfffffffffffffffe, 0xffffffffffffffff, 0xffffffffffffffff, UINT64_MAX, 1, UINT32_MAX, UINT32_MAX, "/x" } },
};

START_TEST(line_of_maps_is_read) {
        MapsLine l = {};

        ck_assert_msg(maps_parse_line(lines[_i].line, &l) == 0, "%s", lines[_i].name);
        ck_assert_uint_eq(l.start, lines[_i].parsed.start);
        ck_assert_uint_eq(l.end, lines[_i].parsed.end);
        ck_assert_uint_eq(l.offset, lines[_i].parsed.offset);
        ck_assert_uint_eq(l.inode, lines[_i].parsed.inode);
        ck_assert_uint_eq(l.flags, lines[_i].parsed.flags);
        ck_assert_uint_eq(l.dev_major, lines[_i].parsed.dev_major);
        ck_assert_uint_eq(l.dev_minor, lines[_i].parsed.dev_minor);
        ck_assert_str_eq(l.name, lines[_i].parsed.name);
}
END_TEST

static const char *const broken[] = {
        "", " ", "x", "1", "1-", "1-2", "1-2 ", "-2 r--p 0 0:0 0", "1-2 r--p", "1-2 r--p 0", "1-2 r--p 0 0", "1-2 r--p 0 0:0", "1-2 r--p 0 0:0 ",
        "2-1 r--p 0 0:0 0", "1-1 r--p 0 0:0 0", "1-2 r-- 0 0:0 0", "1-2 r--q 0 0:0 0", "1-2 R--p 0 0:0 0", "1-2 r--ps 0 0:0 0",
        "1-2  r--p 0 0:0 0", "1-2 r--p 0 0:0 x", "1-2 r--p 0 0:0 -1", "1-2 r--p 0 0:0 1x", "1-2 r--p 0 100000000:0 1", "1-2 r--p 0 0:100000000 1",
        "1-10000000000000000 r--p 0 0:0 0", "1-2 r--p 0 0:0 18446744073709551616", "0x1-2 r--p 0 0:0 0", "A-B r--p 0 0:0 0", "1-2\tr--p 0 0:0 0",
};

START_TEST(line_that_is_none_is_refused) {
        MapsLine l = { .name = "untouched" };

        ck_assert_msg(maps_parse_line(broken[_i], &l) == -EBADMSG, "%s", broken[_i]);
        ck_assert_str_eq(l.name, "untouched");
}
END_TEST

/* --- a text --- */

static char *show(const MappingList *l) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        for (size_t i = 0; i < l->n_mappings; i++) {
                const Mapping *m = &l->mappings[i];

                fprintf(f, "%s %u:%u:%" PRIu64 " %" PRIx64 "-%" PRIx64 " flags %u at", m->name, m->dev_major, m->dev_minor,
                        m->inode, m->start, m->end, m->flags);
                ck_assert_uint_eq(l->vmas[m->first_vma].mapping, i);
                for (size_t j = 0; j < l->n_vmas; j++)
                        if (l->vmas[j].mapping == i)
                                fprintf(f, " %zu", j);
                fputc('\n', f);
        }
        fclose(f);
        return text;
}

/* Which files, and where: without their vmas. A loader splits one when it protects what it has relocated. */
static char *show_files(const MappingList *l) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        for (size_t i = 0; i < l->n_mappings; i++) {
                const Mapping *m = &l->mappings[i];

                fprintf(f, "%s %u:%u:%" PRIu64 " %" PRIx64 "-%" PRIx64 "\n", m->name, m->dev_major, m->dev_minor,
                        m->inode, m->start, m->end);
        }
        fclose(f);
        return text;
}

static const struct {
        const char *name;
        const char *text, *list;
} texts[] = {
        { "nothing", "", "" },
        { "no files", "1000-2000 rw-p 0 0:0 0 [heap]\n2000-3000 r-xp 0 0:0 0 [vdso]\n", "" },
        { "segments of one library",
          "1000-2000 r--p 0 8:1 5 /l\n2000-4000 r-xp 1000 8:1 5 /l\n4000-5000 rw-p 3000 8:1 5 /l\n5000-6000 rw-p 0 0:0 0 \n",
          "/l 8:1:5 1000-5000 flags 7 at 0 1 2\n" },
        { "two files, their vmas mixed",
          "1000-2000 r--p 0 8:1 5 /a\n2000-3000 r-xp 0 8:1 6 /b\n3000-4000 rw-p 1000 8:1 5 /a\n4000-5000 r--p 1000 8:1 6 /b\n5000-6000 r--p 9000 8:1 5 /a\n",
          "/a 8:1:5 1000-6000 flags 3 at 0 2 4\n/b 8:1:6 2000-5000 flags 5 at 1 3\n" },
        { "order is that of the first range, whatever the inodes",
          "1000-2000 r--p 0 8:1 9 /c\n2000-3000 r--p 0 8:1 1 /a\n3000-4000 r--p 0 8:1 5 /b\n4000-5000 r--p 0 8:1 1 /a\n",
          "/c 8:1:9 1000-2000 flags 1 at 0\n/a 8:1:1 2000-5000 flags 1 at 1 3\n/b 8:1:5 3000-4000 flags 1 at 2\n" },
        { "inode used again: the old is gone, the new is not",
          "1000-2000 r--p 0 8:1 5 /l (deleted)\n2000-3000 r--p 0 8:1 5 /l\n",
          "/l (deleted) 8:1:5 1000-2000 flags 1 at 0\n/l 8:1:5 2000-3000 flags 1 at 1\n" },
        { "two subvolumes with the same numbers, side by side",
          "1000-2000 r--p 0 0:44 257 /s1/l\n2000-3000 r--p 1000 0:44 257 /s2/l\n",
          "/s1/l 0:68:257 1000-2000 flags 1 at 0\n/s2/l 0:68:257 2000-3000 flags 1 at 1\n" },
        { "same inode number on two devices",
          "1000-2000 r--p 0 8:1 5 /l\n2000-3000 r--p 0 8:2 5 /l\n3000-4000 r--p 0 9:1 5 /l\n",
          "/l 8:1:5 1000-2000 flags 1 at 0\n/l 8:2:5 2000-3000 flags 1 at 1\n/l 9:1:5 3000-4000 flags 1 at 2\n" },
        { "first SysV segment, whose number is 0", "1000-2000 rw-s 0 0:1 0 /SYSV00000000 (deleted)\n",
          "/SYSV00000000 (deleted) 0:1:0 1000-2000 flags 11 at 0\n" },
        { "hole between segments does not count as reach", "1000-2000 r-xp 0 8:1 5 /l\n2000-90000 ---p 1000 8:1 5 /l\n",
          "/l 8:1:5 1000-90000 flags 5 at 0 1\n" },
        { "offset beyond all files", "1000-3000 r-xp fffffffffffff000 8:1 5 /l\n", "/l 8:1:5 1000-3000 flags 5 at 0\n" },
        { "line that is not understood", "1000-2000 r-xp 0 8:1 5 /a\nnonsense\n2000-3000 r-xp 0 8:1 6 /b\n",
          "/a 8:1:5 1000-2000 flags 5 at 0\n/b 8:1:6 2000-3000 flags 5 at 1\n" },
        { "last line without its end is not whole", "1000-2000 r-xp 0 8:1 5 /a\n2000-3000 r-xp 0 8:1 6 /b",
          "/a 8:1:5 1000-2000 flags 5 at 0\n" },
        { "file without a name", "1000-2000 r-xp 0 8:1 5\n", " 8:1:5 1000-2000 flags 5 at 0\n" },
};

START_TEST(text_of_maps_becomes_a_list) {
        _cleanup_(mapping_list_done) MappingList l = {};
        _cleanup_free_ char *shown = NULL;

        ck_assert_int_eq(mapping_list_parse(texts[_i].text, &l), 0);
        shown = show(&l);
        ck_assert_msg(streq(shown, texts[_i].list), "%s:\n%s", texts[_i].name, shown);
        ck_assert(!l.cut);
}
END_TEST

START_TEST(list_is_used_again_and_has_nothing_of_before) {
        _cleanup_(mapping_list_done) MappingList l = {};
        _cleanup_free_ char *shown = NULL;

        ck_assert_int_eq(mapping_list_parse("1000-2000 r-xp 0 8:1 5 /a\n2000-3000 r-xp 0 8:1 6 /b\n", &l), 0);
        ck_assert_int_eq(mapping_list_parse("1000-2000 r-xp 0 8:1 7 /c\n", &l), 0);
        shown = show(&l);
        ck_assert_str_eq(shown, "/c 8:1:7 1000-2000 flags 5 at 0\n");
}
END_TEST

/* How the n-th range of a hostile process looks. */
static const struct {
        const char *name;
        unsigned n, files;     /* files differ by inode */
        unsigned links;        /* by name */
        size_t name_length;
        bool cut;
} masses[] = {
        { "as many files as there can be vmas", 65530, 65530, 1, 20, false },
        { "all links of one inode", 65530, 1, 65530, 20, false },
        { "two files in turn", 65530, 2, 1, 20, false },
        { "more vmas than are looked at", MAPPING_RANGES_MAX + 100, 1, 1, 20, true },
        { "more names than are kept", 8192, 8192, 1, 4000, true },
};

START_TEST(mass_of_mappings_is_read_in_a_moment_and_within_bounds) {
        _cleanup_(mapping_list_done) MappingList l = {};
        _cleanup_free_ char *text = malloc(masses[_i].n * (masses[_i].name_length + 128));
        size_t at = 0;

        for (unsigned i = 0; i < masses[_i].n; i++)
                at += (size_t) sprintf(text + at, "%" PRIx64 "-%" PRIx64 " r--p 0 8:1 %u /%0*u\n", (uint64_t) (i + 1) * PAGE, (uint64_t) (i + 2) * PAGE,
                                       i % masses[_i].files, (int) masses[_i].name_length, i % masses[_i].links);
        ck_assert_int_eq(mapping_list_parse(text, &l), 0);
        ck_assert(l.cut == masses[_i].cut);
        if (!l.cut) {
                ck_assert_uint_eq(l.n_vmas, masses[_i].n);
                ck_assert_uint_eq(l.n_mappings, masses[_i].files * masses[_i].links);
        }
        ck_assert_uint_le(l.n_vmas, MAPPING_RANGES_MAX);
        ck_assert_uint_le(l.names_size, MAPPING_NAMES_MAX + masses[_i].name_length + 2);
        mapping_list_clear(&l);
        ck_assert_uint_eq(l.n_vmas + l.n_mappings, 0);
}
END_TEST

static const struct {
        const char *name, *rest; /* of each line */
        bool cut;
} longs[] = {
        { "of no file", "rw-p 00000000 00:00 0                          [anon: named as long as they may be named]", false },
        { "of files", "rw-p 00000000 08:01 5                          /usr/lib/x86_64-linux-gnu/a-name-that-is-long.so", true },
};

/* A library is at the end. */
START_TEST(a_text_without_end_is_kept_without_what_is_of_no_file) {
        const size_t n = MAPS_TEXT_MAX / 90;
        _cleanup_free_ char *text = malloc((n + 1) * 128);
        _cleanup_(maps_text_done) MapsText t = {};
        MapsSpan span;
        size_t at = 0;

        ck_assert_ptr_nonnull(text);
        for (uint64_t i = 0; i < n; i++)
                at += (size_t) snprintf(text + at, 128, "%" PRIx64 "-%" PRIx64 " %s\n", (i + 1) * PAGE, (i + 2) * PAGE, longs[_i].rest);
        ck_assert_uint_gt(at, MAPS_TEXT_MAX);
        snprintf(text + at, 128, "7f0000000000-7f0000001000 r-xp 00000000 08:01 6 /last\n");
        ck_assert_int_eq(maps_text_parse(text, &t), 0);
        ck_assert_msg(t.cut == longs[_i].cut, "%s", longs[_i].name);
        if (!t.cut) {
                ck_assert_uint_eq(t.n_lines, 1);
                ck_assert_int_eq(maps_text_span_at(&t, 2 * PAGE, &span), 0);
                ck_assert(!span.file && span.end == UINT64_C(0x7f0000000000));
                ck_assert_int_eq(maps_text_span_at(&t, UINT64_C(0x7f0000000000), &span), 0);
                ck_assert(span.file);
        }
}
END_TEST

/* --- live --- */

/*
 * Both ways, and the first one once more, by a list that read other processes before: where
 * nothing changed meanwhile, all are equal. Returns false: never held still.
 */
static bool compare_ways(const Process *p, MappingList *knowing) {
        for (int i = 0; i < 20; i++) {
                _cleanup_(mapping_list_done) MappingList query = {}, text = {};
                _cleanup_free_ char *a = NULL, *b = NULL, *c = NULL, *d = NULL;
                int r = mapping_list_read(p, false, &query), s = mapping_list_read(p, true, &text);

                if (mapping_list_read(p, false, knowing) != r)
                        continue;
                if (r < 0 && r == s)
                        return true;
                if (r < 0 || s < 0)
                        continue;
                a = show(&query);
                b = show(&text);
                c = show_files(&query);
                d = show_files(knowing);
                if (streq(a, b) && streq(c, d))
                        return true;
                /* Did it change meanwhile? */
                if (i >= 10)
                        ck_abort_msg("%d: by query:\n%.3000s\nby text, or knowing others:\n%.3000s", (int) p->pid, streq(a, b) ? c : a, streq(a, b) ? d : b);
        }
        return false;
}

START_TEST(all_processes_of_this_machine_read_alike_both_ways) {
        _cleanup_(mapping_list_done) MappingList knowing = {};
        _cleanup_(process_list_done) ProcessList list = {};
        size_t n = 0;

        ck_assert_int_eq(process_list_read(proc_fd, &list), 0);
        for (size_t i = 0; i < list.n_pids; i++) {
                _cleanup_(process_done) Process p = PROCESS_NULL;

                if (process_open(proc_fd, list.pids[i], &p) >= 0)
                        n += compare_ways(&p, &knowing);
        }
        ck_assert_uint_gt(n, 0);
}
END_TEST

static void *map_fd(int fd, int flags) {
        void *p = mmap(NULL, PAGE, PROT_READ, flags, fd, 0);

        child_require(p != MAP_FAILED);
        return p;
}

static int make_file(const char *name) {
        int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        child_require(fd >= 0 && ftruncate(fd, 16 * PAGE) == 0);
        return fd;
}

/* A tmpfs that goes with the process. Without the right to have one, the row is left out. */
static void enter_scratch(void) {
        if (unshare(CLONE_NEWNS) < 0)
                _exit(77);
        child_require(mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0);
        child_require(mount("t", "/tmp", "tmpfs", 0, "size=64m") == 0 && chdir("/tmp") == 0);
}

static void odd_names(int fd, const void *data _unused_) {
        static const char *const names[] = {
                "plain", "new\nline", "\n", "back\\slash", "looks like \\012", "both \n and \\012", "x (deleted)", " ", "trailing  ", " leading",
                "tab\there", "\xff\xfe no UTF-8", "quote\"'", "\x01\x1b[31m", "#%s%n",
        };

        enter_scratch();
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                map_fd(make_file(names[i]), MAP_PRIVATE);
                child_require(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, make_file(names[i]), PAGE) != MAP_FAILED);
        }
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                char name[64];

                snprintf(name, sizeof(name), "%s.gone", names[i]);
                map_fd(make_file(name), MAP_PRIVATE);
                child_require(unlink(name) == 0);
        }
        child_ready(fd);
}

static void long_names(int fd, const void *data _unused_) {
        char component[201] = "";

        enter_scratch();
        memset(component, 'd', sizeof(component) - 1);
        for (int i = 0; i < 40; i++) { /* 8040 bytes: twice PATH_MAX */
                map_fd(make_file("f"), MAP_PRIVATE);
                child_require(mkdir(component, 0700) == 0 && chdir(component) == 0);
        }
        map_fd(make_file("gone"), MAP_PRIVATE);
        child_require(unlink("gone") == 0);
        child_ready(fd);
}

/* Every name that is still short enough for the query, and those around the size it is first asked with. */
static void names_of_all_lengths(int fd, const void *data _unused_) {
        char component[251] = "";

        enter_scratch();
        for (int i = 0; i < 250; i++) {
                component[i] = 'd';
                map_fd(make_file(component), MAP_PRIVATE);
        }
        for (int i = 0; i < 15; i++) {
                component[0] = 'e';
                child_require(mkdir(component, 0700) == 0 && chdir(component) == 0);
                component[0] = 'd';
                map_fd(make_file(component), MAP_PRIVATE);
        }
        child_ready(fd);
}

static void thousands_of_ranges(int fd, const void *data _unused_) {
        char *p = mmap(NULL, 16000 * PAGE, PROT_READ, MAP_PRIVATE, open("/proc/self/exe", O_RDONLY | O_CLOEXEC), 0);

        child_require(p != MAP_FAILED);
        for (size_t i = 0; i < 16000; i += 2)
                child_require(mprotect(p + i * PAGE, PAGE, PROT_READ | (i % 4 ? PROT_WRITE : PROT_EXEC)) == 0);
        child_ready(fd);
}

static void thousands_of_files(int fd, const void *data _unused_) {
        int first;

        enter_scratch();
        first = make_file("first");
        for (int i = 0; i < 3000; i++) {
                char name[32];
                int file;

                snprintf(name, sizeof(name), "%d", i);
                file = make_file(name);
                map_fd(file, MAP_PRIVATE);
                close(file);
                if (i % 3 == 0)
                        map_fd(first, MAP_SHARED);
                if (i % 5 == 0) {
                        char other[32];

                        snprintf(other, sizeof(other), "%d.link", i);
                        child_require(link(name, other) == 0);
                        file = make_file(other);
                        map_fd(file, MAP_PRIVATE);
                        close(file);
                }
                if (i % 7 == 0)
                        child_require(unlink(name) == 0);
        }
        child_ready(fd);
}

static void no_files(int fd, const void *data _unused_) {
        int memory, segment;

        if (unshare(CLONE_NEWIPC) < 0)
                _exit(77);
        for (int i = 0; i < 2; i++) { /* numbers 0 and 1 */
                segment = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600);
                child_require(segment == i && shmat(segment, NULL, 0) != (void *) -1);
                child_require(shmctl(segment, IPC_RMID, NULL) == 0);
        }
        memory = memfd_create("a \n b", MFD_CLOEXEC);
        child_require(memory >= 0 && ftruncate(memory, PAGE) == 0);
        map_fd(memory, MAP_SHARED);
        map_fd(memory, MAP_PRIVATE);
        map_fd(open("/dev/zero", O_RDWR | O_CLOEXEC), MAP_SHARED);
        map_fd(open("/dev/zero", O_RDWR | O_CLOEXEC), MAP_PRIVATE);
        map_fd(-1, MAP_SHARED | MAP_ANONYMOUS);
        map_fd(-1, MAP_PRIVATE | MAP_ANONYMOUS);
#ifdef PR_SET_VMA /* where the kernel can name it */
        prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, map_fd(-1, MAP_SHARED | MAP_ANONYMOUS), PAGE, "named");
        prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, map_fd(-1, MAP_PRIVATE | MAP_ANONYMOUS), PAGE, "named");
#endif
        child_ready(fd);
}

static const struct {
        const char *name;
        void (*body)(int fd, const void *data);
        size_t mappings; /* at least */
} odd[] = {
        { "odd names", odd_names, 30 },
        { "names longer than PATH_MAX", long_names, 41 },
        { "names of all lengths up to PATH_MAX", names_of_all_lengths, 265 },
        { "thousands of vmas", thousands_of_ranges, 2 },
        { "thousands of files", thousands_of_files, 3600 },
        { "what is no file", no_files, 7 },
};

START_TEST(odd_process_reads_alike_both_ways) {
        _cleanup_(mapping_list_done) MappingList l = {}, knowing = {};
        _cleanup_(process_done) Process p = PROCESS_NULL;
        pid_t child = child_start(odd[_i].body, NULL);

        if (child == 0) /* needs root */
                return;
        ck_assert_int_eq(process_open(proc_fd, child, &p), 0);
        ck_assert_int_eq(mapping_list_read(&p, false, &l), 0);
        ck_assert_msg(l.n_mappings >= odd[_i].mappings, "%s: %zu", odd[_i].name, l.n_mappings);
        ck_assert(compare_ways(&p, &knowing));
        child_end(child);
}
END_TEST

static void check_span(int maps_fd, const MapsText *t, uint64_t address) {
        MapsSpan a, b;

        ck_assert_int_eq(maps_span_at(maps_fd, address, &a), 0);
        ck_assert_int_eq(maps_text_span_at(t, address, &b), 0);
        ck_assert_msg(a.file == b.file && b.start <= address && b.end > address, "%" PRIx64, address);
        if (a.file)
                ck_assert(a.start == b.start && a.end == b.end && a.dev_major == b.dev_major && a.dev_minor == b.dev_minor);
        else /* The kernel tells all that lies before the next file as one. */
                ck_assert_uint_le(b.end, a.end);
}

static void check_line(int maps_fd, uint64_t *address, const MapsLine *line) {
        MapsLine l;

        ck_assert_int_eq(maps_next(maps_fd, /* executable= */ true, address, NULL, &l), 1);
        ck_assert(l.start == line->start && l.end == line->end && l.offset == line->offset && l.flags == line->flags &&
                  l.inode == line->inode && l.dev_major == line->dev_major && l.dev_minor == line->dev_minor);
}

START_TEST(text_tells_what_queries_tell) {
        _cleanup_(process_done) Process p = PROCESS_NULL;
        _cleanup_(maps_text_done) MapsText t = {};
        _cleanup_close_ int maps_fd = -EBADF;
        pid_t child = child_start(odd[_i].body, NULL);
        uint64_t address = 0;
        MapsSpan span;

        if (child == 0)
                return;
        ck_assert_int_eq(process_open(proc_fd, child, &p), 0);
        ck_assert_int_eq(maps_text_span_at(&t, 0, &span), -ENODATA);
        ck_assert_int_eq(maps_text_read(&p, &t), 0);
        maps_fd = openat(p.fd, "maps", O_RDONLY | O_CLOEXEC);
        for (size_t i = 0; i < t.n_lines && maps_span_at(maps_fd, 0, &span) >= 0 /* since Linux 6.11 */; i++) {
                MapsLine line;

                ck_assert_int_eq(maps_text_line(&t, i, &line), 0);
                if (line.start >> 63) /* the vsyscall page is told in the text alone */
                        break;
                check_span(maps_fd, &t, line.start - 1);
                check_span(maps_fd, &t, line.start);
                check_span(maps_fd, &t, line.end - 1);
                check_span(maps_fd, &t, line.end);
                if (maps_text_is_executable(&t, i) && maps_line_is_of_file(&line))
                        check_line(maps_fd, &address, &line);
        }
        child_end(child);
}
END_TEST

START_TEST(text_that_was_read_already_becomes_the_list_once) {
        _cleanup_(mapping_list_done) MappingList l = {};
        _cleanup_(process_done) Process p = PROCESS_NULL;

        ck_assert_int_eq(process_open(proc_fd, getpid(), &p), 0);
        ck_assert_int_eq(maps_text_parse("1000-2000 r-xp 0 8:1 5 /a\n", &l.text), 0);
        l.text.pid = p.pid;
        ck_assert_int_eq(mapping_list_read(&p, _i, &l), 0);
        ck_assert_uint_eq(l.n_mappings, 1);
        ck_assert_int_eq(mapping_list_read(&p, _i, &l), 0);
        ck_assert_uint_gt(l.n_mappings, 1);
        /* Not that of another process. */
        ck_assert_int_eq(maps_text_parse("1000-2000 r-xp 0 8:1 5 /a\n", &l.text), 0);
        l.text.pid = p.pid + 1;
        ck_assert_int_eq(mapping_list_read(&p, _i, &l), 0);
        ck_assert_uint_gt(l.n_mappings, 1);
}
END_TEST

/* --- a list that read another process before --- */

enum { WHOLE, TORN, REPLACED, ELSEWHERE };

/* A file of 16 pages, mapped as a loader does: in one piece, then each segment over it. */
static char *load(const char *name, size_t first) {
        int file = make_file(name);
        char *p = mmap(NULL, 16 * PAGE, PROT_READ, MAP_PRIVATE, file, 0);

        child_require(p != MAP_FAILED && mprotect(p + first * PAGE, 8 * PAGE, PROT_READ | PROT_EXEC) == 0 &&
                      mprotect(p + (first + 8) * PAGE, PAGE, PROT_READ | PROT_WRITE) == 0);
        close(file);
        return p;
}

static void load_as_told(int fd, const void *data) {
        int how = *(const int *) data;
        char *p;

        p = load("library", how == REPLACED ? 5 : 4);
        if (how == TORN) {
                child_require(munmap(p + 4 * PAGE, 8 * PAGE) == 0);
                child_require(mmap(p + 5 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, make_file("other"), 0) != MAP_FAILED);
        }
        if (how == ELSEWHERE)
                map_fd(make_file("library"), MAP_PRIVATE);
        child_ready(fd);
}

static const struct {
        const char *name;
        int how;
} layouts[] = {
        { "the same", WHOLE },
        { "other segments: another library under an inode number used again", REPLACED },
        { "the same, and mapped once more as data", ELSEWHERE },
        { "parts of it unmapped, another file between them", TORN },
};

static void in_scratch(int fd, const void *data _unused_) {
        enter_scratch();
        child_ready(fd);
}

START_TEST(library_seen_in_one_process_is_read_anew_in_the_next) {
        _cleanup_(mapping_list_done) MappingList knowing = {}, fresh = {};
        _cleanup_(process_done) Process first = PROCESS_NULL, second = PROCESS_NULL;
        _cleanup_free_ char *a = NULL, *b = NULL, *c = NULL;
        _cleanup_close_ int namespace = -EBADF;
        static const int whole = WHOLE;
        char path[64];
        pid_t scratch = child_start(in_scratch, NULL), children[2];

        if (scratch == 0)
                return;
        snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int) scratch);
        namespace = open(path, O_RDONLY | O_CLOEXEC);
        ck_assert_int_eq(setns(namespace, CLONE_NEWNS), 0);
        ck_assert_int_eq(chdir("/tmp"), 0);
        children[0] = child_start(load_as_told, &whole);
        children[1] = child_start(load_as_told, &layouts[_i].how);

        ck_assert_int_eq(process_open(proc_fd, children[0], &first), 0);
        ck_assert_int_eq(process_open(proc_fd, children[1], &second), 0);
        ck_assert_int_eq(mapping_list_read(&first, false, &knowing), 0);
        ck_assert_int_eq(mapping_list_read(&second, false, &knowing), 0);
        ck_assert_int_eq(mapping_list_read(&second, false, &fresh), 0);
        a = show(&knowing);
        b = show(&fresh);
        ck_assert_msg(streq(a, b), "%s:\n%s\n%s", layouts[_i].name, a, b);
        mapping_list_done(&knowing);
        ck_assert_int_eq(mapping_list_read(&second, false, &knowing), 0);
        c = show(&knowing);
        ck_assert_str_eq(c, b);
        child_end(children[0]);
        child_end(children[1]);
        child_end(scratch);
}
END_TEST

static const Mapping *find_name(const MappingList *l, const char *end) {
        for (size_t i = 0; i < l->n_mappings; i++) {
                size_t n = strlen(l->mappings[i].name);

                if (n >= strlen(end) && streq(l->mappings[i].name + n - strlen(end), end))
                        return &l->mappings[i];
        }
        return NULL;
}

START_TEST(names_come_as_they_are_both_ways) {
        static const char *const ends[] = { "/new\nline", "/looks like \\012", "/both \n and \\012", "/x (deleted)", "/x (deleted).gone (deleted)",
                                            "/trailing  ", "/\xff\xfe no UTF-8" };
        _cleanup_(mapping_list_done) MappingList l = {};
        _cleanup_(process_done) Process p = PROCESS_NULL;
        pid_t child = child_start(odd_names, NULL);

        if (child == 0)
                return;
        ck_assert_int_eq(process_open(proc_fd, child, &p), 0);
        ck_assert_int_eq(mapping_list_read(&p, _i, &l), 0);
        for (size_t i = 0; i < ELEMENTSOF(ends); i++)
                ck_assert_msg(find_name(&l, ends[i]), "%s", ends[i]);
        ck_assert_uint_eq(find_name(&l, "/x (deleted)")->flags, VMA_READ | VMA_EXECUTE | VMA_SHARED);
        child_end(child);
}
END_TEST

START_TEST(file_name_of_a_mapping_leads_to_it) {
        _cleanup_(mapping_list_done) MappingList l = {};
        _cleanup_(process_done) Process p = PROCESS_NULL;
        char name[MAPS_FILE_NAME_SIZE];
        size_t n = 0;

        ck_assert_int_eq(process_open(proc_fd, getpid(), &p), 0);
        ck_assert_int_eq(mapping_list_read(&p, _i, &l), 0);
        for (size_t i = 0; i < l.n_mappings; i++) {
                _cleanup_free_ char *found = NULL;

                ck_assert_int_eq(process_read_link(&p, mapping_file_name(&l, &l.mappings[i], name), &found), 0);
                ck_assert_str_eq(found, l.mappings[i].name);
                n++;
        }
        ck_assert_uint_ge(n, 3); /* program, loader, libc */
}
END_TEST

static void gone(pid_t *child, Process *p) {
        siginfo_t info;

        *child = fork();
        if (*child == 0) {
                pause();
                _exit(0);
        }
        ck_assert_int_eq(process_open(proc_fd, *child, p), 0);
        ck_assert_int_eq(kill(*child, SIGKILL), 0);
        ck_assert_int_eq(waitid(P_PID, (id_t) *child, &info, WEXITED | WNOWAIT), 0);
}

START_TEST(process_without_memory_has_no_list) {
        _cleanup_(mapping_list_done) MappingList l = {};
        _cleanup_(process_done) Process p = PROCESS_NULL, kernel = PROCESS_NULL;
        pid_t child;

        gone(&child, &p);
        ck_assert_int_eq(mapping_list_read(&p, _i, &l), -ESRCH); /* zombie */
        ck_assert_uint_eq(l.n_mappings, 0);
        waitpid(child, NULL, 0);
        ck_assert_int_eq(mapping_list_read(&p, _i, &l), -ESRCH); /* vanished */
        if (process_open(proc_fd, 2, &kernel) >= 0 && !kernel.has_memory)
                ck_assert_int_eq(mapping_list_read(&kernel, _i, &l), -ESRCH);
}
END_TEST

/* Executes itself again and again, until killed: each time the memory behind an open maps is gone. */
static void execute_again(int fd, const void *data _unused_) {
        char *self = realpath("/proc/self/exe", NULL);

        child_require(self && write(fd, "", 1) == 1);
        execl(self, self, self, NULL);
}

START_TEST(program_that_executes_another_meanwhile_is_not_gone) {
        _cleanup_(mapping_list_done) MappingList l = {};
        _cleanup_(process_done) Process p = PROCESS_NULL;
        pid_t child = child_start(execute_again, NULL);

        ck_assert_int_eq(process_open(proc_fd, child, &p), 0);
        for (unsigned i = 0; i < 2000; i++)
                /* How much is mapped so early in a program's life is another question. */
                ck_assert_int_eq(mapping_list_read(&p, _i, &l), 0);
        child_end(child);
}
END_TEST

int main(int argc, char *argv[]) {
        Suite *suite = suite_create("mapping");
        TCase *tcase = tcase_create("mapping");

        if (argc > 1)
                execl(argv[1], argv[1], argv[1], NULL);
        tcase_set_timeout(tcase, 60);
        tcase_add_checked_fixture(tcase, open_proc, close_proc);
        tcase_add_loop_test(tcase, line_of_maps_is_read, 0, ELEMENTSOF(lines));
        tcase_add_loop_test(tcase, line_that_is_none_is_refused, 0, ELEMENTSOF(broken));
        tcase_add_loop_test(tcase, text_of_maps_becomes_a_list, 0, ELEMENTSOF(texts));
        tcase_add_test(tcase, list_is_used_again_and_has_nothing_of_before);
        tcase_add_loop_test(tcase, mass_of_mappings_is_read_in_a_moment_and_within_bounds, 0, ELEMENTSOF(masses));
        tcase_add_loop_test(tcase, a_text_without_end_is_kept_without_what_is_of_no_file, 0, ELEMENTSOF(longs));
        tcase_add_test(tcase, all_processes_of_this_machine_read_alike_both_ways);
        tcase_add_loop_test(tcase, odd_process_reads_alike_both_ways, 0, ELEMENTSOF(odd));
        tcase_add_loop_test(tcase, text_tells_what_queries_tell, 0, ELEMENTSOF(odd));
        tcase_add_loop_test(tcase, text_that_was_read_already_becomes_the_list_once, 0, 2);
        tcase_add_loop_test(tcase, library_seen_in_one_process_is_read_anew_in_the_next, 0, ELEMENTSOF(layouts));
        tcase_add_loop_test(tcase, names_come_as_they_are_both_ways, 0, 2);
        tcase_add_loop_test(tcase, file_name_of_a_mapping_leads_to_it, 0, 2);
        tcase_add_loop_test(tcase, process_without_memory_has_no_list, 0, 2);
        tcase_add_loop_test(tcase, program_that_executes_another_meanwhile_is_not_gone, 0, 2);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
