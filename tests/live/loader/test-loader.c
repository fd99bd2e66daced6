/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The loader's list of live processes, against what these tell of themselves and what
 * they are known to have done (host.c).
 */

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "loader-view.h"
#include "unit.h"

static const char *directory; /* where the hosts and their libraries are */

/* --- a host --- */

typedef struct Told {
        unsigned namespace;
        unsigned long long address, l_addr, l_ld;
        char name[4096];
} Told;

typedef struct Host {
        pid_t pid;
        int in;          /* closing it ends the host */
        Told told[64];
        size_t n_told;
} Host;

static Host host;
static LoaderView view;

static const struct Row {
        const char *name, *program, *suffix;
        bool by_loader; /* started as `ld.so PROGRAM` */
} rows[] = {
        { "64 bits", "host64", "64", false },
        { "64 bits, started by the loader's name", "host64", "64", true },
        { "32 bits", "host32", "32", false },
        { "32 bits, started by the loader's name", "host32", "32", true },
};

static const char *in_directory(const char *name, char *buffer) {
        snprintf(buffer, 4096, "%s/%s", directory, name);
        return buffer;
}

static bool exists(const char *name) {
        char path[4096];

        return access(in_directory(name, path), R_OK) == 0;
}

static void parse(FILE *out) {
        char line[8192];

        for (;;) {
                Told *t = &host.told[host.n_told];

                ck_assert_ptr_nonnull(fgets(line, sizeof(line), out));
                if (streq(line, "ready\n"))
                        return;
                ck_assert_uint_lt(host.n_told, ELEMENTSOF(host.told));
                t->name[0] = '\0';
                ck_assert_int_ge(sscanf(line, "map %u %llx %llx %llx %4095[^\n]", &t->namespace, &t->address,
                                        &t->l_addr, &t->l_ld, t->name), 4);
                host.n_told++;
        }
}

static void start(char *const argv[]) {
        posix_spawn_file_actions_t actions;
        int in[2], out[2];
        FILE *file;

        ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
        ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
        ck_assert_int_eq(posix_spawn(&host.pid, argv[0], &actions, NULL, argv, environ), 0);
        posix_spawn_file_actions_destroy(&actions);
        close(in[0]);
        close(out[1]);
        host.in = in[1];
        file = fdopen(out[0], "r");
        ck_assert_ptr_nonnull(file);
        parse(file);
        fclose(file);
}

static void read_interpreter(const char *program, char *ret, size_t size) {
        _cleanup_(elf_file_done) ElfFile elf = {};
        _cleanup_close_ int fd = open(program, O_RDONLY | O_CLOEXEC);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(elf_file_read(fd, &elf), 0);
        ck_assert_ptr_nonnull(elf.interpreter);
        snprintf(ret, size, "%s", elf.interpreter);
}

static void start_row(const struct Row *row, char *library) {
        char program[4096], loader[4096];
        char *argv[] = { loader, program, (char *) directory, (char *) row->suffix, library, NULL };

        in_directory(row->program, program);
        read_interpreter(program, loader, sizeof(loader));
        start(row->by_loader ? argv : argv + 1);
}

static void setup(void) {
        host = (Host){ .in = -EBADF };
        view = (LoaderView){};
}

static void teardown(void) {
        loader_view_done(&view);
        host.in = fd_close(host.in);
        if (host.pid > 0)
                waitpid(host.pid, NULL, 0);
}

/* --- the public part --- */

static const Told *find_told(uint64_t address) {
        for (size_t i = 0; i < host.n_told; i++)
                if (host.told[i].address == address)
                        return &host.told[i];
        return NULL;
}

static void ck_public(bool all_namespaces) {
        size_t n = 0;

        ck_assert(view.list.complete);
        for (size_t i = 0; i < view.list.n_maps; i++) {
                const LinkMap *m = &view.list.maps[i];
                const Told *t = find_told(m->address);

                ck_assert_ptr_nonnull(t);
                ck_assert_uint_eq(m->l_addr, t->l_addr);
                ck_assert_uint_eq(m->l_ld, t->l_ld);
                ck_assert_str_eq(m->l_name, t->name);
                ck_assert_uint_eq(m->namespace, t->namespace);
        }
        for (size_t i = 0; i < host.n_told; i++)
                n += all_namespaces || host.told[i].namespace == 0;
        ck_assert_uint_eq(view.list.n_maps, n);
}

START_TEST(the_public_part_is_what_the_process_says) {
        start_row(&rows[_i], NULL);
        ck_assert_int_eq(loader_view_read(host.pid, &view), 0);
        ck_assert_int_eq(view.by_symbol, rows[_i].by_loader);
        /* glibc 2.35 and later show the other namespaces as well. */
        ck_public(view.list.version >= 2);
}
END_TEST

/* --- the private part --- */

static const struct Truth {
        const char *library;
        LinkType type;
        int opencount, nodelete, dtors;
        const char *needs, *bound; /* what it must hold by l_initfini and by l_reldeps; NULL: see below */
} truths[] = {
        { "thrice", LINK_LOADED, 3, 0, 0, NULL, NULL },
        { "flag", LINK_LOADED, 2, 1, 0, NULL, NULL }, /* opened twice, closed in vain */
        { "mode", LINK_LOADED, 1, 1, 0, NULL, NULL },
        { "needs", LINK_LOADED, 1, 0, 0, "dep", NULL },
        { "dep", LINK_LOADED, 0, 0, 0, NULL, NULL },
        { "plain", LINK_LOADED, 1, 0, 0, NULL, NULL },
        { "user", LINK_LOADED, 1, 0, 0, NULL, "plain" },
        { "dtor", LINK_LOADED, 0, 0, 1, NULL, NULL },
        { "other", LINK_LOADED, 1, 0, 0, NULL, NULL }, /* in a namespace of its own */
};

static const LinkMap *find_library(const char *library, const char *suffix) {
        char end[256];

        snprintf(end, sizeof(end), "/%s%s.so", library, suffix);
        return loader_view_find(&view, end);
}

static bool has_member(const size_t *members, size_t n, const LinkMap *m) {
        for (size_t i = 0; i < n; i++)
                if (&view.list.maps[members[i]] == m)
                        return true;
        return false;
}

/* Exactly this one of our own libraries is among the members. */
static void ck_held(const size_t *members, size_t n, const char *expected, const char *suffix) {
        for (size_t i = 0; i < ELEMENTSOF(truths); i++) {
                const LinkMap *m = find_library(truths[i].library, suffix);

                if (m)
                        ck_assert_int_eq(has_member(members, n, m), streq_null(truths[i].library, expected));
        }
}

static void ck_truth(const struct Truth *t, const char *suffix) {
        const LinkMap *m = find_library(t->library, suffix);

        if (streq(t->library, "other") && view.list.version < 2)
                return;
        ck_assert_ptr_nonnull(m);
        ck_assert(m->anchored && m->initfini_known && m->reldeps_known && m->dynamic_read);
        ck_assert_int_eq(m->type, t->type);
        ck_assert_int_eq(m->opencount, t->opencount);
        ck_assert_int_eq(m->nodelete, t->nodelete);
        ck_assert_int_eq((m->flags_1 & 8) != 0, streq(t->library, "flag"));
        ck_assert_int_eq(m->tls_dtors, t->dtors);
        ck_assert_int_eq(m->differs_from_file, 0);
        ck_held(m->initfini, m->n_initfini, t->needs, suffix);
        ck_held(m->reldeps, m->n_reldeps, t->bound, suffix);
}

START_TEST(the_private_part_is_what_the_process_did) {
        start_row(&rows[_i], NULL);
        ck_assert_int_eq(loader_view_read(host.pid, &view), 0);
        for (size_t i = 0; i < ELEMENTSOF(truths); i++)
                ck_truth(&truths[i], rows[_i].suffix);
}
END_TEST

START_TEST(what_was_loaded_at_startup_is_told_from_what_was_opened) {
        static const char *const libraries[] = { "/libc.so.6", ".so.2" }; /* ld-linux.so.2, ld-linux-x86-64.so.2 */

        start_row(&rows[_i], NULL);
        ck_assert_int_eq(loader_view_read(host.pid, &view), 0);
        ck_assert_str_eq(view.list.maps[0].l_name, "");
        ck_assert_int_eq(view.list.maps[0].type, LINK_EXECUTABLE);
        for (size_t i = 0; i < ELEMENTSOF(libraries); i++) {
                const LinkMap *m = loader_view_find(&view, libraries[i]);

                ck_assert_ptr_nonnull(m);
                ck_assert(m->anchored && m->initfini_known && m->reldeps_known);
                ck_assert_int_eq(m->type, LINK_LIBRARY);
                ck_assert_int_eq(m->differs_from_file, 0);
        }
}
END_TEST

/* --- a file written to in place --- */

static char *read_file(const char *path, size_t *ret_size) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct stat st;
        char *bytes;

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(fstat(fd, &st), 0);
        bytes = malloc((size_t) st.st_size);
        ck_assert_ptr_nonnull(bytes);
        ck_assert_int_eq(read(fd, bytes, (size_t) st.st_size), st.st_size);
        *ret_size = (size_t) st.st_size;
        return bytes;
}

static void write_file(const char *path, const char *from, int flags) {
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0755);
        _cleanup_free_ char *bytes = NULL;
        size_t size;

        ck_assert_int_ge(fd, 0);
        bytes = read_file(from, &size);
        ck_assert_int_eq(write(fd, bytes, size), (ssize_t) size);
}

static void write_in_place(const char *path, const char *from) {
        write_file(path, from, 0);
}

static void write_truncated(const char *path, const char *from) {
        write_file(path, from, O_TRUNC);
}

static void replace(const char *path, const char *from) {
        char temporary[4096];

        snprintf(temporary, sizeof(temporary), "%s.new", path);
        write_file(temporary, from, O_TRUNC);
        ck_assert_int_eq(rename(temporary, path), 0);
}

static void touch(const char *path, _unused_ const char *from) {
        ck_assert_int_eq(utimensat(AT_FDCWD, path, NULL, 0), 0);
}

static const struct {
        const char *name, *from;
        void (*change)(const char *path, const char *from);
        int differs;
} changes[] = {
        { "written over by another", "dtor", write_in_place, 1 },
        { "truncated and written anew", "dtor", write_truncated, 1 },
        { "written over by itself", "plain", write_in_place, 0 },
        { "replaced", "dtor", replace, 0 },
        { "touched", "plain", touch, 0 },
};

START_TEST(a_file_that_was_written_to_in_place_is_found) {
        const struct Row *row = &rows[(size_t) _i / ELEMENTSOF(changes)];
        const size_t change = (size_t) _i % ELEMENTSOF(changes);
        char path[] = "/tmp/stalelib-loader-XXXXXX", from[4096], name[64];
        int fd = mkostemp(path, O_CLOEXEC);

        ck_assert_int_ge(fd, 0);
        close(fd);
        snprintf(name, sizeof(name), "plain%s.so", row->suffix);
        write_file(path, in_directory(name, from), O_TRUNC);
        start_row(row, path);
        snprintf(name, sizeof(name), "%s%s.so", changes[change].from, row->suffix);
        changes[change].change(path, in_directory(name, from));
        ck_assert_int_eq(loader_view_read(host.pid, &view), 0);
        unlink(path);

        for (size_t i = 0; i < view.list.n_maps; i++) {
                const LinkMap *m = &view.list.maps[i];
                const bool changed = streq(m->l_name, path);

                ck_assert_int_eq(m->differs_from_file == 1, changed && changes[change].differs == 1);
                if (changed)
                        ck_assert_int_eq(m->opencount, 1);
        }
        ck_assert_ptr_nonnull(loader_view_find(&view, path));
}
END_TEST

/* --- other loaders, and none --- */

START_TEST(musl_has_the_public_part_only) {
        static const struct Row musl = { "musl", "host-musl", "-musl", false };

        start_row(&musl, NULL);
        ck_assert_int_eq(loader_view_read(host.pid, &view), 0);
        ck_public(true);
        for (size_t i = 0; i < view.list.n_maps; i++) {
                const LinkMap *m = &view.list.maps[i];

                ck_assert(m->dynamic_read && !m->anchored && !m->initfini_known && !m->reldeps_known);
                ck_assert(m->type == LINK_TYPE_UNKNOWN && m->opencount == -1 && m->nodelete == -1);
                ck_assert(m->tls_dtors == -1 && m->differs_from_file == -1);
        }
        ck_assert_ptr_nonnull(find_library("thrice", "-musl"));
}
END_TEST

START_TEST(a_static_program_has_no_list) {
        char program[4096];
        char *argv[] = { program, NULL };

        in_directory("host-static", program);
        start(argv);
        ck_assert_int_eq(loader_view_read(host.pid, &view), -ENOENT);
}
END_TEST

/* Whether 32-bit programs can be linked here is the compiler's word, whether they run, the kernel's. */
static const char *why_not_32(void) {
        char program[4096];
        char *argv[] = { program, NULL };
        pid_t pid;

        if (!exists("host32"))
                return "the compiler cannot link them";
        in_directory("host32", program);
        if (posix_spawn(&pid, program, NULL, NULL, argv, environ) != 0)
                return "the kernel does not run them";
        waitpid(pid, NULL, 0);
        return NULL;
}

int main(int argc, char *argv[]) {
        Suite *suite = suite_create("loader");
        TCase *tcase = tcase_create("loader");
        const char *reason;
        int n;

        if (argc != 2) {
                fprintf(stderr, "Usage: %s DIRECTORY-OF-THE-HOSTS\n", argv[0]);
                return EXIT_FAILURE;
        }
        directory = argv[1];
        reason = why_not_32();
        n = reason ? 2 : (int) ELEMENTSOF(rows);
        if (reason)
                fprintf(stderr, "Skipped: 32 bits, for %s.\n", reason);
        tcase_set_timeout(tcase, 30);
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_loop_test(tcase, the_public_part_is_what_the_process_says, 0, n);
        tcase_add_loop_test(tcase, the_private_part_is_what_the_process_did, 0, n);
        tcase_add_loop_test(tcase, what_was_loaded_at_startup_is_told_from_what_was_opened, 0, n);
        tcase_add_loop_test(tcase, a_file_that_was_written_to_in_place_is_found, 0, n * (int) ELEMENTSOF(changes));
        if (exists("host-musl"))
                tcase_add_test(tcase, musl_has_the_public_part_only);
        else
                fprintf(stderr, "Skipped: musl, for there is no musl-gcc.\n");
        if (exists("host-static"))
                tcase_add_test(tcase, a_static_program_has_no_list);
        else
                fprintf(stderr, "Skipped: static programs, for the compiler cannot link them.\n");
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
