/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "proc/mount-view.h"
#include "unit.h"

/* A tree of its own for each test: links in it, and a directory that the mount table calls a userspace file system. */
static char tree[] = "/tmp/stalelib-view-XXXXXX";
static MountView view;
static int proc_fd;

static void shell(const char *format, ...) _printf_(1, 2);
static void shell(const char *format, ...) {
        char command[1024], line[2048];
        va_list ap;

        va_start(ap, format);
        vsnprintf(command, sizeof(command), format, ap);
        va_end(ap);
        snprintf(line, sizeof(line), "cd %s && %s", tree, command);
        ck_assert_int_eq(system(line), 0);
}

static void set_mounts(const char *text) {
        char *copy = strdup(text);

        mount_table_done(&view.mounts);
        ck_assert_int_eq(mount_table_parse(copy, &view.mounts), 0);
        free(copy);
}

/*
 * Here /fuse is no mount but by the table, and to enter it from the kernel's cache is fine.
 * So the links have an access to be noted, which the cache alone cannot do: their times are old.
 */
static void setup(void) {
        strcpy(tree + strlen(tree) - 6, "XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(tree));
        shell("mkdir -p usr/lib fuse/deep && echo x >usr/lib/a.so && echo y >fuse/b.so &&"
              " ln -s usr/lib lib && ln -s /usr/lib/a.so absolute && ln -s ../../../../usr/lib/a.so up &&"
              " ln -s loop loop && ln -s /fuse/b.so to-fuse && ln -s usr/lib/../../fuse/b.so by-way && mkfifo fifo &&"
              " touch -h -a -d @1 to-fuse by-way");
        proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        view = MOUNT_VIEW_NULL;
        view.root_fd = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
        view.root_path = strdup("/jail");
        ck_assert_int_eq(file_identity_read(view.root_fd, "", &view.root), 0);
        set_mounts("1 0 8:1 / / rw - ext4 /dev/x rw\n");
}

static void teardown(void) {
        shell("rm -rf %s", tree);
        mount_view_done(&view);
        close(proc_fd);
}

static const struct {
        const char *path, *leads_to; /* in the tree; NULL: the error */
        int error, error_beside_fuse; /* the second where /fuse is a userspace file system */
} rows[] = {
        { "/usr/lib/a.so", "usr/lib/a.so", 0, 0 },
        { "/lib/a.so", "usr/lib/a.so", 0, 0 },
        { "/absolute", "usr/lib/a.so", 0, 0 },
        { "/up", "usr/lib/a.so", 0, 0 },
        { "/../../usr/lib/./a.so", "usr/lib/a.so", 0, 0 },
        { "/usr/lib/../lib/a.so", "usr/lib/a.so", 0, 0 },
        { "/usr/lib/none.so", NULL, -ENOENT, -ENOENT },
        { "/usr/lib/a.so/below", NULL, -ENOTDIR, -ENOTDIR },
        { "/loop", NULL, -ELOOP, -ELOOP },
        { "/fuse/b.so", "fuse/b.so", 0, -EREMOTE },
        { "/to-fuse", "fuse/b.so", 0, -EREMOTE },
        { "/by-way", "fuse/b.so", 0, -EREMOTE },
        { "/fuse", "fuse", 0, -EREMOTE },
};

static void check_row(size_t row, int error, bool remote) {
        char real[PATH_MAX];
        struct stat st;
        FileIdentity i;

        ck_assert_int_eq(mount_view_lookup(&view, rows[row].path, remote, NULL, &i), error);
        if (error < 0)
                return;
        snprintf(real, sizeof(real), "%s/%s", tree, rows[row].leads_to);
        ck_assert_int_eq(stat(real, &st), 0);
        ck_assert_uint_eq(i.inode, st.st_ino);
}

START_TEST(names_are_resolved_inside_the_root) {
        check_row((size_t) _i, rows[_i].error, /* remote= */ false);
}
END_TEST

START_TEST(userspace_file_systems_are_not_entered) {
        set_mounts("1 0 8:1 / / rw - ext4 /dev/x rw\n2 1 0:50 / /fuse rw - fuse.sshfs x rw\n");
        check_row((size_t) _i, rows[_i].error_beside_fuse, /* remote= */ false);
}
END_TEST

START_TEST(userspace_file_systems_are_entered_if_asked_for) {
        set_mounts("1 0 8:1 / / rw - ext4 /dev/x rw\n2 1 0:50 / /fuse rw - fuse.sshfs x rw\n");
        check_row((size_t) _i, rows[_i].error, /* remote= */ true);
}
END_TEST

static const struct {
        const char *root, *name, *path;
} names[] = {
        { "/", "/usr/lib/a.so", "/usr/lib/a.so" },
        { "/jail", "/jail/usr/lib/a.so", "/usr/lib/a.so" },
        { "/jail", "/jailed/usr/lib/a.so", NULL },
        { "/jail", "/usr/lib/a.so", NULL },
        { "/jail", "/jail", NULL },
        { "/", "anon_inode:[perf_event]", NULL },
        { "/", "", NULL },
};

START_TEST(a_name_is_cut_to_what_the_process_says) {
        const char *path;

        free(view.root_path);
        view.root_path = strdup(names[_i].root);
        path = mount_view_path(&view, names[_i].name);
        if (names[_i].path)
                ck_assert_str_eq(path, names[_i].path);
        else
                ck_assert_ptr_null(path);
}
END_TEST

START_TEST(only_regular_files_are_opened) {
        FileIdentity i;
        int fd;

        ck_assert_int_eq(mount_view_open_file(&view, proc_fd, "/fifo", false, &i), -EINVAL);
        ck_assert_int_eq(mount_view_open_file(&view, proc_fd, "/usr", false, &i), -EINVAL);
        fd = mount_view_open_file(&view, proc_fd, "/absolute", false, &i);
        ck_assert_int_ge(fd, 0);
        close(fd);
}
END_TEST

START_TEST(a_path_longer_than_the_kernel_takes_is_said_so) {
        char path[PATH_MAX + 100];
        FileIdentity i;

        memset(path, 'a', sizeof(path) - 1);
        for (size_t k = 0; k < sizeof(path); k += 100)
                path[k] = '/';
        path[sizeof(path) - 1] = '\0';
        ck_assert_int_eq(mount_view_lookup(&view, path, false, NULL, &i), -ENAMETOOLONG);
        set_mounts("1 0 8:1 / / rw - ext4 /dev/x rw\n2 1 0:50 / /fuse rw - fuse.sshfs x rw\n");
        ck_assert_int_eq(mount_view_lookup(&view, path, false, NULL, &i), -ENAMETOOLONG);
}
END_TEST

START_TEST(the_view_of_a_process_is_told_from_others) {
        _cleanup_(process_done) Process self = PROCESS_NULL;
        _cleanup_(mount_view_done) MountView own = MOUNT_VIEW_NULL;
        uint64_t namespace;
        FileIdentity root;

        ck_assert_int_eq(process_open(proc_fd, getpid(), &self), 0);
        ck_assert_int_eq(mount_view_open(&self, &own), 0);
        ck_assert_int_eq(mount_view_identify(&self, &root, &namespace), 0);
        ck_assert(mount_view_is(&own, &root, namespace));
        ck_assert(!mount_view_is(&view, &root, namespace));
        root.mount_id = own.root.mount_id = 0;
        ck_assert(mount_view_is(&own, &root, own.namespace));
        ck_assert(!mount_view_is(&own, &root, own.namespace + 1));
        ck_assert(own.mounts.whole);
        ck_assert_int_eq(mount_view_lookup(&own, "/", false, NULL, &root), 0);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("mount-view");
        TCase *tcase = tcase_create("mount-view");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_loop_test(tcase, names_are_resolved_inside_the_root, 0, ELEMENTSOF(rows));
        tcase_add_loop_test(tcase, userspace_file_systems_are_not_entered, 0, ELEMENTSOF(rows));
        tcase_add_loop_test(tcase, userspace_file_systems_are_entered_if_asked_for, 0, ELEMENTSOF(rows));
        tcase_add_loop_test(tcase, a_name_is_cut_to_what_the_process_says, 0, ELEMENTSOF(names));
        tcase_add_test(tcase, only_regular_files_are_opened);
        tcase_add_test(tcase, a_path_longer_than_the_kernel_takes_is_said_so);
        tcase_add_test(tcase, the_view_of_a_process_is_told_from_others);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
