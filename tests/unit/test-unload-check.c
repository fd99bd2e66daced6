/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ftw.h>
#include <sys/stat.h>

#include "elf-builder.h"
#include "unit.h"
#include "unload-check/library-path.h"
#include "unload-check/unload-check.h"

/* The library, and up to three others in its directory. */
typedef struct Row {
        const char *name;
        ElfRecipe library;
        struct {
                const char *file;
                ElfRecipe recipe;
        } others[3];
        Unload expected;
        PinReason reason;      /* of the strongest obstacle or note; PIN_REASON_MAX: none */
        const char *detail;    /* stands in it */
} Row;

#define EXPORTS(n) { n, STB_WEAK }
#define BOUND(n) { n, STB_GLOBAL, .undefined = true, .relocated = true }
#define OWN_BOUND(n) { n, STB_WEAK, .relocated = true }
#define UNIQUE(n) { n, STB_GNU_UNIQUE }
#define UNIQUE_BOUND(n) { n, STB_GNU_UNIQUE, .relocated = true }

static const Row rows[] = {
        { "nothing in it", { .symbols = { EXPORTS("f") } }, .expected = UNLOAD_YES, .reason = PIN_REASON_MAX },
        { "flag", { .flags_1 = DF_1_NODELETE }, .expected = UNLOAD_NO, .reason = PIN_NODELETE, .detail = "DF_1_NODELETE is set" },
        { "Go", { .flags_1 = DF_1_NODELETE, .go = BUILDER_GO_NOTE }, .expected = UNLOAD_NO, .reason = PIN_NODELETE, .detail = "DF_1" },
        { "Go without the flag", { .go = BUILDER_GO_SECTION }, .expected = UNLOAD_NO, .reason = PIN_NODELETE, .detail = "not set" },
        { "unique symbol, looked up", { .symbols = { UNIQUE_BOUND("u") } },
          .expected = UNLOAD_NO, .reason = PIN_GNU_UNIQUE, .detail = "symbol u" },
        { "unique symbol, not looked up", { .symbols = { UNIQUE("u") } }, .expected = UNLOAD_YES, .reason = PIN_REASON_MAX },
        { "a dependency looks up the unique symbol",
          { .needed = { "a.so" }, .symbols = { UNIQUE("u") } },
          { { "a.so", { .symbols = { BOUND("u") } } } },
          .expected = UNLOAD_NO, .reason = PIN_GNU_UNIQUE, .detail = "symbol u" },
        { "a dependency defines it as well, later in the scope",
          { .needed = { "a.so" }, .symbols = { UNIQUE_BOUND("u") } },
          { { "a.so", { .symbols = { UNIQUE_BOUND("u") } } } },
          .expected = UNLOAD_NO, .reason = PIN_GNU_UNIQUE, .detail = "symbol u" },
        { "a dependency defines it first, by version",
          { .needed = { "a.so" }, .versioned = true, .symbols = { UNIQUE_BOUND("u") } },
          { { "a.so", { .versioned = true, .symbols = { UNIQUE_BOUND("u") } } } },
          .expected = UNLOAD_YES, .reason = PIN_GNU_UNIQUE, .detail = "a.so, which it needs" },
        { "bound to by a NODELETE dependency",
          { .needed = { "a.so" }, .symbols = { EXPORTS("f") } },
          { { "a.so", { .flags_1 = DF_1_NODELETE, .symbols = { OWN_BOUND("f") } } } },
          .expected = UNLOAD_MAYBE, .reason = PIN_RELDEP, .detail = "a.so, which is loaded with it and stays (nodelete)" },
        { "bound to by a dependency with a unique symbol",
          { .needed = { "a.so" }, .symbols = { EXPORTS("f") } },
          { { "a.so", { .symbols = { OWN_BOUND("f"), UNIQUE_BOUND("u") } } } },
          .expected = UNLOAD_MAYBE, .reason = PIN_RELDEP, .detail = "stays (gnu-unique)" },
        { "bound to by a dependency that unloads",
          { .needed = { "a.so" }, .symbols = { EXPORTS("f") } },
          { { "a.so", { .symbols = { OWN_BOUND("f") } } } },
          .expected = UNLOAD_YES, .reason = PIN_REASON_MAX },
        { "hidden from a NODELETE dependency",
          { .needed = { "a.so" }, .symbols = { { "f", STB_GLOBAL, .visibility = STV_HIDDEN } } },
          { { "a.so", { .flags_1 = DF_1_NODELETE, .symbols = { OWN_BOUND("f") } } } },
          .expected = UNLOAD_YES, .reason = PIN_NODELETE, .detail = "a.so, which it needs" },
        { "the C library comes first",
          { .needed = { "libc.so.6", "a.so" }, .symbols = { EXPORTS("malloc") } },
          { { "a.so", { .flags_1 = DF_1_NODELETE, .symbols = { BOUND("malloc") } } },
            { "libc.so.6", { .symbols = { EXPORTS("malloc") } } } },
          .expected = UNLOAD_YES, .reason = PIN_NODELETE, .detail = "a.so, which it needs" },
        { "held by a dependency that is held",
          { .needed = { "a.so" }, .symbols = { EXPORTS("g") } },
          { { "a.so", { .needed = { "b.so" }, .symbols = { BOUND("g"), EXPORTS("f") } } },
            { "b.so", { .flags_1 = DF_1_NODELETE, .symbols = { OWN_BOUND("f") } } } },
          .expected = UNLOAD_MAYBE, .reason = PIN_RELDEP, .detail = "a.so, which is loaded with it and stays (reldep)" },
        { "needed by a NODELETE dependency",
          { .soname = "x.so", .needed = { "a.so" } },
          { { "a.so", { .needed = { "x.so" }, .flags_1 = DF_1_NODELETE } } },
          .expected = UNLOAD_MAYBE, .reason = PIN_HOLDER, .detail = "a.so needs it" },
        { "needed in a cycle that unloads",
          { .soname = "x.so", .needed = { "a.so" } },
          { { "a.so", { .needed = { "b.so", "a.so" } } }, { "b.so", { .needed = { "x.so", "a.so" } } } },
          .expected = UNLOAD_YES, .reason = PIN_REASON_MAX },
        { "thread_local destructors", { .symbols = { BOUND("__cxa_thread_atexit") } },
          .expected = UNLOAD_MAYBE, .reason = PIN_TLS_DTOR, .detail = "thread_local" },
        { "threads", { .symbols = { BOUND("pthread_create") } }, .expected = UNLOAD_YES, .reason = PIN_UNKNOWN, .detail = "threads" },
        { "musl", { .needed = { "libc.so" } }, .expected = UNLOAD_NO, .reason = PIN_MUSL, .detail = "musl" },
        { "musl of another build", { .needed = { "libc.musl-x86_64.so.1" } }, .expected = UNLOAD_NO, .reason = PIN_MUSL, .detail = "musl" },
        { "not found", { .needed = { "nowhere\n.so" } }, .expected = UNLOAD_MAYBE, .reason = PIN_UNKNOWN, .detail = "nowhere\\x0a.so, which" },
        { "found, but for another machine",
          { .needed = { "a.so" } }, { { "a.so", { .machine = EM_AARCH64 } } },
          .expected = UNLOAD_MAYBE, .reason = PIN_UNKNOWN, .detail = "a.so, which it needs, was not found" },
        { "found, but for another class",
          { .needed = { "a.so" } }, { { "a.so", { .class = 32, .machine = EM_386 } } },
          .expected = UNLOAD_MAYBE, .reason = PIN_UNKNOWN, .detail = "a.so, which it needs, was not found" },
        { "found by runpath",
          { .needed = { "a.so" }, .runpath = "relative:$LIB/x:$ORIGIN/../%/sub" },
          { { "sub/a.so", { .flags_1 = DF_1_NODELETE } } },
          .expected = UNLOAD_YES, .reason = PIN_NODELETE, .detail = "a.so, which it needs" },
        { "found by $ORIGIN in its name",
          { .needed = { "$ORIGIN/sub/a.so" } },
          { { "sub/a.so", { .flags_1 = DF_1_NODELETE } } },
          .expected = UNLOAD_YES, .reason = PIN_NODELETE, .detail = "$ORIGIN/sub/a.so, which it needs" },
        { "found by $ORIGIN in DT_NEEDED of a dependency",
          { .needed = { "sub/b.so" } },
          { { "sub/b.so", { .needed = { "${ORIGIN}/a.so" } } }, { "sub/a.so", { .flags_1 = DF_1_NODELETE } } },
          .expected = UNLOAD_YES, .reason = PIN_NODELETE, .detail = "${ORIGIN}/a.so, which it needs" },
        { "found by $LIB",
          { .needed = { "a.so" }, .runpath = "$ORIGIN/sub/$LIB" },
          { { "sub/lib64/a.so", { .flags_1 = DF_1_NODELETE } } },
          .expected = UNLOAD_YES, .reason = PIN_NODELETE, .detail = "a.so, which it needs" },
        { "found by a relative path",
          { .needed = { "./sub/a.so" } },
          { { "sub/a.so", { .flags_1 = DF_1_NODELETE } } },
          .expected = UNLOAD_YES, .reason = PIN_NODELETE, .detail = "./sub/a.so, which it needs" },
        { "an existing auxiliary library", { .auxiliary = "a.so" }, { { "a.so", { .flags_1 = DF_1_NODELETE } } },
          .expected = UNLOAD_YES, .reason = PIN_NODELETE, .detail = "a.so, which it needs" },
        { "a missing auxiliary library", { .auxiliary = "a.so" }, .expected = UNLOAD_YES, .reason = PIN_REASON_MAX },
        { "a constructor that may open the library itself", { .constructors = 1, .symbols = { BOUND("dlopen") } },
          .expected = UNLOAD_MAYBE, .reason = PIN_OPEN_HANDLES, .detail = "imports dlopen()" },
        { "constructors beside GCC's, with dladdr()",
          { .constructors = 2, .symbols = { BOUND("_ITM_registerTMCloneTable"), BOUND("dladdr") } },
          .expected = UNLOAD_MAYBE, .reason = PIN_OPEN_HANDLES, .detail = "imports dladdr()" },
        { "DT_INIT, and dlmopen()", { .init = true, .symbols = { BOUND("dlmopen") } },
          .expected = UNLOAD_MAYBE, .reason = PIN_OPEN_HANDLES, .detail = "imports dlmopen()" },
        { "dlopen() with GCC's constructors only",
          { .init = true, .constructors = 1, .symbols = { BOUND("_ITM_registerTMCloneTable"), BOUND("dlopen") } },
          .expected = UNLOAD_YES, .reason = PIN_REASON_MAX },
        { "constructors without dlopen()", { .constructors = 3, .symbols = { BOUND("dlsym") } }, .expected = UNLOAD_YES, .reason = PIN_REASON_MAX },
        { "a named pipe is not opened", { .needed = { "pipe.so" } },
          .expected = UNLOAD_MAYBE, .reason = PIN_UNKNOWN, .detail = "pipe.so, which it needs, was not found" },
        { "path traversal by name", { .needed = { "../../etc/passwd", "" } },
          .expected = UNLOAD_MAYBE, .reason = PIN_UNKNOWN, .detail = "../../etc/passwd, which" },
};

static char directory[32];

static void make_directory(void) {
        _cleanup_free_ char *path = NULL;
        char lib[64];

        strcpy(directory, "/tmp/test-inspect-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(directory));
        ck_assert_int_gt(asprintf(&path, "%s/pipe.so", directory), 0);
        ck_assert_int_eq(mkfifo(path, 0600), 0);
        memcpy(strrchr(path, '/'), "/sub", 5);
        ck_assert_int_eq(mkdir(path, 0700), 0);
        strcat(strcpy(lib, path), "/lib64");
        ck_assert_int_eq(mkdir(lib, 0700), 0);
}

static int remove_one(const char *path, const struct stat *st _unused_, int flag _unused_, struct FTW *ftw _unused_) {
        return remove(path);
}

static void remove_directory(void) {
        nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Makes the file, with "%" in its runpath replaced by the directory's name. Returns a descriptor. */
static int make_file(const char *name, const ElfRecipe *recipe) {
        _cleanup_free_ char *path = NULL, *runpath = NULL;
        ElfRecipe copy = *recipe;
        ElfImage m;
        int fd;

        if (copy.runpath && strchr(copy.runpath, '%')) {
                const char *mark = strchr(copy.runpath, '%');

                ck_assert_int_gt(asprintf(&runpath, "%.*s%s%s", (int) (mark - copy.runpath), copy.runpath,
                                          strrchr(directory, '/') + 1, mark + 1), 0);
                copy.runpath = runpath;
        }
        image_build(&m, &copy, 0);
        ck_assert_int_gt(asprintf(&path, "%s/%s", directory, name), 0);
        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, m.bytes, m.size), (ssize_t) m.size);
        return fd;
}

static const Obstacle *strongest(const UnloadCheck *i) {
        const Obstacle *best = NULL;

        for (size_t k = 0; k < i->n_obstacles; k++)
                if (!best || i->obstacles[k].verdict > best->verdict)
                        best = &i->obstacles[k];
        return best;
}

START_TEST(verdict_by_library) {
        _cleanup_close_ int directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -EBADF;
        _cleanup_(unload_check_done) UnloadCheck i = {};
        const Row *row = &rows[_i];
        const Obstacle *o;

        for (size_t k = 0; k < ELEMENTSOF(row->others) && row->others[k].file; k++)
                fd_close(make_file(row->others[k].file, &row->others[k].recipe));
        fd = make_file("library", &row->library);
        ck_assert_int_eq(unload_check_file(fd, directory_fd, &i), 0);
        o = strongest(&i);
        ck_assert_str_eq(unload_to_string(i.verdict), unload_to_string(row->expected));
        ck_assert_str_eq(pin_reason_to_string(o ? o->reason : PIN_REASON_MAX), pin_reason_to_string(row->reason));
        if (row->detail)
                ck_assert_msg(strstr(o->detail, row->detail), "%s", o->detail);
        else
                ck_assert_ptr_null(o);
        ck_assert_int_eq(i.runtimes, row->library.go ? RUNTIME_GO : 0);
        ck_assert_ptr_nonnull(i.needed);
}
END_TEST

static const struct {
        const char *name;
        ElfRecipe recipe;
        int expected;
} not_libraries[] = {
        { "executable", { .type = ET_EXEC }, -EMEDIUMTYPE },
        { "object file", { .type = ET_REL }, -EMEDIUMTYPE },
        { "position independent executable", { .flags_1 = 0x08000000 /* DF_1_PIE */ }, -EMEDIUMTYPE },
        { "nothing dynamic", { .no_dynamic = true }, -EMEDIUMTYPE },
};

START_TEST(not_a_library) {
        _cleanup_(unload_check_done) UnloadCheck i = {};
        _cleanup_close_ int fd = -EBADF;
        ElfImage m;

        image_build(&m, &not_libraries[_i].recipe, 0);
        fd = image_open(&m);
        ck_assert_int_eq(unload_check_file(fd, -EBADF, &i), not_libraries[_i].expected);
}
END_TEST

START_TEST(not_elf) {
        _cleanup_close_ int fd = memfd_create("text", MFD_CLOEXEC), pipe_fd = -EBADF;
        _cleanup_(unload_check_done) UnloadCheck i = {};

        ck_assert_int_eq(write(fd, "#!/bin/sh\nexit 0\n", 17), 17);
        ck_assert_int_eq(unload_check_file(fd, -EBADF, &i), -ENOEXEC);
        pipe_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        ck_assert_int_eq(unload_check_file(pipe_fd, -EBADF, &i), -ENOEXEC);
}
END_TEST

/* A chain of 300 dependencies, each with one DT_NEEDED. */
START_TEST(closure_is_bounded) {
        _cleanup_close_ int directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -EBADF;
        _cleanup_(unload_check_done) UnloadCheck i = {};
        bool found = false;

        for (int k = 0; k < 300; k++) {
                char name[16], next[16];
                ElfRecipe recipe = { .needed = { next } };

                snprintf(name, sizeof(name), "n%d.so", k);
                snprintf(next, sizeof(next), "n%d.so", k + 1);
                fd_close(make_file(name, &recipe));
        }
        fd = make_file("library", &(ElfRecipe){ .needed = { "n0.so" } });
        ck_assert_int_eq(unload_check_file(fd, directory_fd, &i), 0);
        ck_assert_int_eq(i.verdict, UNLOAD_MAYBE);
        for (size_t k = 0; k < i.n_obstacles; k++)
                found = found || strstr(i.obstacles[k].detail, "too many libraries");
        ck_assert(found);
}
END_TEST

START_TEST(damaged_library) {
        _cleanup_(unload_check_done) UnloadCheck i = {};
        ElfRecipe recipe = { .needed = { "gone" } };
        _cleanup_close_ int fd = -EBADF;
        ElfImage m;

        image_build(&m, &recipe, 0);
        image_dynamic_set(&m, DT_NEEDED, UINT64_MAX);
        fd = image_open(&m);
        ck_assert_int_eq(unload_check_file(fd, -EBADF, &i), 0);
        ck_assert_int_eq(i.verdict, UNLOAD_MAYBE);
        ck_assert_str_eq(i.obstacles[0].detail, "it is damaged, or too large to be read completely");
}
END_TEST

static const struct {
        const char *runpath, *expected; /* all candidates of each element; '@': relative to $ORIGIN */
} runpaths[] = {
        { "", "" },
        { "/a:/b", "/a /b" },
        { "$ORIGIN", "@." },
        { "${ORIGIN}/../lib:/c", "@./../lib /c" },
        { "$ORIGINAL:rel:::$NOTHING:$", "rel" },
        { "$ORIGIN/$LIB", "@./lib @./lib64 @./lib/x86_64-linux-gnu" },
        { "/x/${LIB}y:/y", "/x/liby /x/lib64y /x/lib/x86_64-linux-gnuy /y" },
        { "/x/$LIB_y", "" },
        { "/x/$PLATFORM", "/x/x86_64" },
        { "/x/$ORIGIN", "" },
        { "${ORIGIN", "" },
};

START_TEST(runpath_expansion) {
        const char *rest = runpaths[_i].runpath, *element;
        char joined[128] = "", *path;
        size_t length;
        bool origin;

        while (library_runpath_next(&rest, &element, &length))
                for (unsigned candidate = 0; library_expand(element, length, EM_X86_64, 64, candidate, &path, &origin) > 0; candidate++) {
                        strcat(strcat(strcat(joined, joined[0] ? " " : ""), origin ? "@" : ""), path);
                        free(path);
                }
        ck_assert_str_eq(joined, runpaths[_i].expected);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("unload-check");
        TCase *tcase = tcase_create("unload-check");

        tcase_add_checked_fixture(tcase, make_directory, remove_directory);
        tcase_set_timeout(tcase, 60);
        tcase_add_loop_test(tcase, verdict_by_library, 0, ELEMENTSOF(rows));
        tcase_add_loop_test(tcase, not_a_library, 0, ELEMENTSOF(not_libraries));
        tcase_add_test(tcase, not_elf);
        tcase_add_test(tcase, closure_is_bounded);
        tcase_add_test(tcase, damaged_library);
        tcase_add_loop_test(tcase, runpath_expansion, 0, ELEMENTSOF(runpaths));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
