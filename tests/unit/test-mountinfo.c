/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "child.h"
#include "proc/mountinfo.h"

static void parse(const char *text, MountTable *ret) {
        _cleanup_free_ char *copy = strdup(text);

        ck_assert_int_eq(mount_table_parse(copy, ret), 0);
}

#define ROOT "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"

static const struct {
        const char *name, *line;
        bool remote;
} types[] = {
        { "ext4", "ext4", false },
        { "tmpfs", "tmpfs", false },
        { "btrfs", "btrfs", false },
        { "overlay", "overlay", false },
        { "control files of FUSE", "fusectl", false },
        { "nfsd", "nfsd", false },
        { "nfs", "nfs", true },
        { "nfs4", "nfs4", true },
        { "cifs", "cifs", true },
        { "fuse without a subtype", "fuse", true },
        { "fuse with a subtype", "fuse.sshfs", true },
        { "fuse on a block device", "fuseblk", true },
        { "automount point", "autofs", true },
        { "orangefs calls itself so", "pvfs2", true },
        { "shared with a virtual machine", "virtiofs", true },
};

START_TEST(type_tells_what_may_hang) {
        _cleanup_(mount_table_done) MountTable t = {};
        char text[256];

        snprintf(text, sizeof(text), ROOT "30 20 0:40 / /m rw,relatime shared:5 master:1 - %s none rw\n", types[_i].line);
        parse(text, &t);
        ck_assert_uint_eq(t.n_mounts, 2);
        ck_assert(t.whole);
        ck_assert_msg(t.mounts[1].remote == types[_i].remote, "%s", types[_i].name);
        ck_assert(t.any_remote == types[_i].remote);
        ck_assert(mount_table_crosses_remote(&t, "/m/x") == types[_i].remote);
        ck_assert(mount_table_crosses_remote(&t, "/m") == types[_i].remote);
        ck_assert(!mount_table_crosses_remote(&t, "/mm"));
        ck_assert(!mount_table_crosses_remote(&t, "/"));
}
END_TEST

static const struct {
        const char *name, *text;
        size_t n;
        const char *root, *point; /* of the last */
} lines[] = {
        { "empty text", "", 0 },
        { "no optional field", "1 0 8:1 / / rw - ext4 dev rw", 1, "/", "/" },
        { "many optional fields", "1 0 8:1 / /a rw shared:1 master:2 propagate_from:3 unbindable - ext4 dev rw", 1, "/", "/a" },
        { "no source", "1 0 8:1 / /a rw - tmpfs  rw", 1, "/", "/a" },
        { "no options behind the type", "1 0 8:1 / /a rw - tmpfs", 1, "/", "/a" },
        { "space, tab, newline, backslash and #", "1 0 8:1 / /a\\040b\\011c\\012d\\134e\\043f rw - tmpfs t rw", 1, "/", "/a b\tc\nd\\e#f" },
        { "separator in the point", "1 0 8:1 / /a\\040-\\040b rw - tmpfs t rw", 1, "/", "/a - b" },
        { "backslash that is no escape", "1 0 8:1 / /a\\9b\\04 rw - tmpfs t rw", 1, "/", "/a\\9b\\04" },
        { "bytes above 127", "1 0 8:1 /\xff /\\377 rw - tmpfs t rw", 1, "/\xff", "/\xff" },
        { "unlinked root", "1 0 8:1 /x//deleted /a rw - ext4 dev rw", 1, "/x//deleted", "/a" },
        { "no newline at the end of two", "1 0 8:1 / / rw - ext4 d rw\n2 1 8:1 /b /b rw - ext4 d rw", 2, "/b", "/b" },
        { "cut within the line", "1 0 8:1 / /a", 0 },
        { "no separator", "1 0 8:1 / /a rw shared:1 ext4 dev rw", 0 },
        { "id is no number", "x 0 8:1 / /a rw - ext4 dev rw", 0 },
        { "id is negative", "-1 0 8:1 / /a rw - ext4 dev rw", 0 },
        { "id is too large", "99999999999999999999999 0 8:1 / /a rw - ext4 dev rw", 0 },
        { "broken line between two", "1 0 8:1 / / rw - ext4 d rw\nnonsense\n2 1 8:1 / /b rw - ext4 d rw\n", 2, "/", "/b" },
};

START_TEST(line_of_mountinfo_is_read_or_left_out) {
        _cleanup_(mount_table_done) MountTable t = {};

        parse(lines[_i].text, &t);
        ck_assert_msg(t.n_mounts == lines[_i].n, "%s: %zu", lines[_i].name, t.n_mounts);
        if (t.n_mounts > 0) {
                ck_assert_str_eq(t.mounts[t.n_mounts - 1].root, lines[_i].root);
                ck_assert_str_eq(t.mounts[t.n_mounts - 1].point, lines[_i].point);
        }
}
END_TEST

#define TREE                                             \
        ROOT                                             \
        "21 20 0:5 / /usr rw - ext4 d rw\n"              \
        "22 20 0:6 / /srv rw - ext4 d rw\n"              \
        "23 22 0:7 / /srv/a rw - ext4 d rw\n"            \
        "24 20 0:8 / /top rw - ext4 below rw\n"          \
        "25 24 0:9 / /top rw - ext4 middle rw\n"         \
        "26 25 0:10 / /top rw - ext4 above rw\n"         \
        "27 24 0:11 / /top/hidden rw - ext4 d rw\n"      \
        "28 26 0:12 / /top/seen rw - ext4 d rw\n"        \
        "29 20 0:13 / /usr/unreachable rw - ext4 d rw\n" \
        "30 21 0:14 / /usr/lib rw - ext4 d rw\n"         \
        "31 20 0:15 / /usrlib rw - ext4 d rw\n"

static const struct {
        const char *path;
        uint64_t id;
} covers[] = {
        { "/", 20 }, { "/x", 20 }, { "/us", 20 }, { "/usr", 21 }, { "/usr/x", 21 }, { "/usrl", 20 }, { "/usrlib", 31 },
        { "/usr/lib/x.so", 30 }, { "/usr/libx", 21 }, { "/srv/b", 22 }, { "/srv/a/b/c", 23 }, { "/top", 26 },
        { "/top/x", 26 }, { "/top/hidden/x", 26 }, { "/top/seen/x", 28 }, { "/usr/unreachable/x", 21 },
        { "//usr//lib///x", 30 }, { "/usr/", 21 },
};

START_TEST(path_leads_to_the_mount_that_a_walk_would_end_on) {
        _cleanup_(mount_table_done) MountTable t = {};
        const Mount *m;

        parse(TREE, &t);
        m = mount_table_covering(&t, covers[_i].path);
        ck_assert_ptr_nonnull(m);
        ck_assert_msg(m->id == covers[_i].id, "%s: %d", covers[_i].path, (int) m->id);
}
END_TEST

START_TEST(every_mount_is_found_by_its_id) {
        _cleanup_(mount_table_done) MountTable t = {};

        parse(TREE, &t);
        for (uint64_t id = 20; id <= 31; id++)
                ck_assert_uint_eq(mount_table_find(&t, id)->id, id);
        ck_assert_ptr_null(mount_table_find(&t, 19));
        ck_assert_ptr_null(mount_table_find(&t, 32));
        ck_assert_ptr_null(mount_table_find(&(MountTable){}, 1));
}
END_TEST

START_TEST(root_that_is_no_mount_is_out_of_sight) {
        _cleanup_(mount_table_done) MountTable t = {};

        parse("40 7 0:5 / /usr rw - ext4 d rw\n41 40 0:6 / /usr/lib rw - ext4 d rw\n", &t);
        ck_assert(!t.whole);
        ck_assert_ptr_null(mount_table_covering(&t, "/etc"));
        ck_assert_uint_eq(mount_table_covering(&t, "/usr/x")->id, 40);
        ck_assert_uint_eq(mount_table_covering(&t, "/usr/lib/x")->id, 41);
}
END_TEST

START_TEST(root_of_the_first_namespace_hangs_on_itself) {
        _cleanup_(mount_table_done) MountTable t = {};

        parse("1 1 0:2 / / rw - rootfs none rw\n20 1 8:1 / / rw - ext4 d rw\n21 20 0:5 / /usr rw - ext4 d rw\n", &t);
        ck_assert(t.whole);
        ck_assert_uint_eq(mount_table_covering(&t, "/etc")->id, 20);
        ck_assert_uint_eq(mount_table_covering(&t, "/usr/x")->id, 21);
}
END_TEST

static const char *const forged[] = {
        "1 2 0:1 / /a rw - ext4 d rw\n2 1 0:1 / /a rw - ext4 d rw\n",
        "1 2 0:1 / / rw - ext4 d rw\n2 3 0:1 / / rw - ext4 d rw\n3 1 0:1 / / rw - ext4 d rw\n",
        "1 1 0:1 / / rw - ext4 d rw\n1 1 0:1 / / rw - ext4 d rw\n",
        "5 4 0:1 / /b rw - ext4 d rw\n1 2 0:1 / /a rw - ext4 d rw\n2 1 0:1 / /a rw - ext4 d rw\n4 2 0:1 / /a rw - ext4 d rw\n",
};

START_TEST(loop_in_a_forged_table_ends) {
        _cleanup_(mount_table_done) MountTable t = {};

        parse(forged[_i], &t);
        mount_table_covering(&t, "/a/b/c");
        for (size_t i = 0; i < t.n_mounts; i++)
                ck_assert_uint_lt(t.mounts[i].top, t.n_mounts);
}
END_TEST

#define SHARES ROOT "40 20 0:5 / /nfs rw - nfs4 server:/ rw\n41 20 0:6 / /local rw - ext4 d rw\n42 20 0:7 / /a,b rw - fuse.x x rw\n" \
        "43 20 0:8 / /a:b rw - fuse.x x rw\n44 20 0:9 / /a\\134b rw - fuse.x x rw\n"

static const struct {
        const char *name, *options;
        bool remote;
} overlays[] = {
        { "all local", "rw,relatime,lowerdir=/local/a:/local/b,upperdir=/local/u,workdir=/local/w", false },
        { "lower on the network", "rw,lowerdir=/nfs/a,upperdir=/local/u,workdir=/local/w", true },
        { "second lower on the network", "rw,lowerdir=/local/a:/nfs/a,upperdir=/local/u", true },
        { "data layer on the network", "rw,lowerdir=/local/a::/nfs/a", true },
        { "upper on the network", "rw,lowerdir=/local/a,upperdir=/nfs", true },
        { "the directory that it works in does not matter", "rw,lowerdir=/local/a,workdir=/nfs/w", false },
        { "layers one by one", "ro,lowerdir+=/local/a,lowerdir+=/nfs/a", true },
        { "data layer one by one", "ro,lowerdir+=/local/a,datadir+=/nfs/a", true },
        { "name that only begins alike", "ro,lowerdir=/nfsroot/a", false },
        { "relative", "ro,lowerdir=nfs/a:../nfs", false },
        { "relative, then the network", "ro,lowerdir=l/A:/nfs/a", true },
        { "comma in a name, escaped", "ro,lowerdir=/a\\134\\054b/x", true },
        { "comma in a name, one by one", "ro,lowerdir+=/a\\054b/x", true },
        { "colon in a name", "ro,lowerdir=/a\\134:b/x", true },
        { "colon in a name, one by one", "ro,lowerdir+=/a:b/x", true },
        { "colon in the upper's name", "ro,upperdir=/a:b/x", true },
        { "backslash in a name", "ro,lowerdir=/a\\134\\134b/x", true },
        { "backslash in the upper's name", "ro,upperdir=/a\\134b/x", true },
        { "backslash at the end", "ro,lowerdir=/local\\134", false },
        { "key that ends alike", "ro,xlowerdir=/nfs", false },
        { "no options", "", false },
        { "empty values", "lowerdir=,upperdir=,lowerdir=:::", false },
};

START_TEST(overlay_is_as_remote_as_its_layers) {
        _cleanup_(mount_table_done) MountTable t = {};
        char text[1024];

        snprintf(text, sizeof(text), SHARES "50 20 0:44 / /merged rw - overlay overlay %s\n", overlays[_i].options);
        parse(text, &t);
        ck_assert_uint_eq(t.n_mounts, 7);
        ck_assert_msg(t.mounts[6].remote == overlays[_i].remote, "%s", overlays[_i].name);
        ck_assert(mount_table_crosses_remote(&t, "/merged/x") == overlays[_i].remote);
}
END_TEST

START_TEST(overlay_on_a_remote_overlay_is_remote) {
        _cleanup_(mount_table_done) MountTable t = {};

        parse(SHARES "50 20 0:45 / /two rw - overlay o ro,lowerdir=/one/x\n51 20 0:44 / /one rw - overlay o ro,lowerdir=/nfs\n", &t);
        ck_assert(mount_table_crosses_remote(&t, "/one/x"));
        ck_assert(mount_table_crosses_remote(&t, "/two/x"));
}
END_TEST

START_TEST(layers_are_looked_up_where_they_were_named) {
        _cleanup_(mount_table_done) MountTable host = {}, container = {};

        parse(SHARES, &host);
        parse("60 59 0:46 / / rw - overlay o ro,lowerdir=/nfs/image\n", &container);
        ck_assert(!container.any_remote);
        mount_table_judge_overlays(&container, &host);
        ck_assert(container.any_remote);
        ck_assert(mount_table_crosses_remote(&container, "/lib/x"));
}
END_TEST

START_TEST(overlays_of_users_are_doubted_and_others_are_not) {
        _cleanup_(mount_table_done) MountTable user = {}, host = {};

        parse("1 0 8:1 / / rw - ext4 /dev/x rw\n2 1 0:46 / /merged rw - overlay o rw,lowerdir=/a\n", &host);
        parse("9 8 0:46 / / rw - overlay o rw,lowerdir=/a\n10 9 0:50 / /mine rw - overlay o rw,lowerdir=/b\n"
              "11 9 0:51 / /tmp rw - tmpfs t rw\n", &user);
        mount_table_doubt_overlays(&user, &host);
        ck_assert(mount_answers(mount_table_find(&user, 9)));
        ck_assert(!mount_answers(mount_table_find(&user, 10)));
        ck_assert(mount_answers(mount_table_find(&user, 11)));
        mount_table_doubt_overlays(&user, NULL);
        ck_assert(!mount_answers(mount_table_find(&user, 9)));
}
END_TEST

START_TEST(mounts_are_found_by_their_device) {
        _cleanup_(mount_table_done) MountTable t = {}, empty = {};

        parse("1 0 8:1 / / rw - ext4 /dev/x rw\n2 1 0:46 / /a rw - tmpfs t rw\n3 1 0:7 / /b rw - tmpfs t rw\n"
              "4 1 8:1 /x /c rw - ext4 /dev/x rw\n", &t);
        ck_assert_uint_eq(mount_table_of_device(&t, 0, 7)->id, 3);
        ck_assert_uint_eq(mount_table_of_device(&t, 0, 46)->id, 2);
        ck_assert_uint_eq(mount_table_of_device(&t, 8, 1)->dev_major, 8);
        ck_assert_ptr_null(mount_table_of_device(&t, 8, 0));
        ck_assert_ptr_null(mount_table_of_device(&t, 9, 1));
        ck_assert_ptr_null(mount_table_of_device(&empty, 8, 1));
}
END_TEST

static const struct {
        const char *root;
        bool deleted;
} roots[] = {
        { "/", false }, { "/a", false }, { "/a//deleted", true }, { "//deleted", true }, { "/a/deleted", false },
        { "/a//deleted/b", false }, { "deleted", false },
};

START_TEST(unlinked_root_is_told_by_its_end) {
        ck_assert(mount_root_deleted(&(Mount){ .root = (char *) roots[_i].root }) == roots[_i].deleted);
}
END_TEST

/* A table as large as a hostile namespace can make it, all mounts upon each other, is no work of minutes. */
START_TEST(tens_of_thousands_of_mounts_are_indexed) {
        _cleanup_(mount_table_done) MountTable t = {};
        _cleanup_free_ char *text = malloc(MOUNTS_MAX * 80);
        size_t n = 0;

        for (int i = 0; i < MOUNTS_MAX + 10; i++)
                n += (size_t) snprintf(text + n, 80, "%d %d 0:1 / /a rw - %s d ro,lowerdir=/a/b:/a/c\n", i + 1, i, i % 2 ? "fuse" : "overlay");
        ck_assert_int_eq(mount_table_parse(text, &t), 0);
        ck_assert_uint_eq(t.n_mounts, MOUNTS_MAX);
        for (int i = 0; i < MOUNTS_MAX; i++)
                ck_assert_uint_eq(mount_table_covering(&t, "/a/b/c")->id, MOUNTS_MAX);
}
END_TEST

/* What the kernel itself writes. */
static void mount_overlay(int fd, const void *data _unused_) {
        static const char *const names[] = { "a b", "c,d", "e:f", "g\\h", "i\nj", "merged" };

        if (unshare(CLONE_NEWNS) < 0)
                _exit(77);
        child_require(mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0);
        child_require(mount("t", "/tmp", "tmpfs", 0, NULL) == 0 && chdir("/tmp") == 0);
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                child_require(mkdir(names[i], 0700) == 0);
        if (mount("o", "merged", "overlay", 0,
                  "lowerdir=/tmp/a b:/tmp/c\\,d:/tmp/e\\:f:/tmp/g\\\\h:/tmp/i\nj:merged") < 0)
                _exit(77);
        child_ready(fd);
}

START_TEST(layers_are_read_as_this_kernel_writes_them) {
        static const char expected[] = "/tmp/a b\0/tmp/c,d\0/tmp/e:f\0/tmp/g\\h\0/tmp/i\nj\0";
        _cleanup_close_ int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(mount_table_done) MountTable t = {};
        _cleanup_(process_done) Process p = PROCESS_NULL;
        pid_t child = child_start(mount_overlay, NULL);
        const Mount *m;

        if (child == 0) /* not root, or no overlayfs */
                return;
        ck_assert_int_eq(process_open(proc_fd, child, &p), 0);
        ck_assert_int_eq(mount_table_read(&p, &t), 0);
        child_end(child);
        m = mount_table_covering(&t, "/tmp/merged/x");
        ck_assert_ptr_nonnull(m);
        ck_assert_str_eq(m->point, "/tmp/merged");
        ck_assert_ptr_nonnull(m->layers);
        ck_assert_mem_eq(m->layers, expected, sizeof(expected));
        ck_assert(!m->remote);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("mountinfo");
        TCase *tcase = tcase_create("mountinfo");

        tcase_add_loop_test(tcase, type_tells_what_may_hang, 0, ELEMENTSOF(types));
        tcase_add_loop_test(tcase, line_of_mountinfo_is_read_or_left_out, 0, ELEMENTSOF(lines));
        tcase_add_loop_test(tcase, path_leads_to_the_mount_that_a_walk_would_end_on, 0, ELEMENTSOF(covers));
        tcase_add_test(tcase, every_mount_is_found_by_its_id);
        tcase_add_test(tcase, root_that_is_no_mount_is_out_of_sight);
        tcase_add_test(tcase, root_of_the_first_namespace_hangs_on_itself);
        tcase_add_loop_test(tcase, loop_in_a_forged_table_ends, 0, ELEMENTSOF(forged));
        tcase_add_loop_test(tcase, overlay_is_as_remote_as_its_layers, 0, ELEMENTSOF(overlays));
        tcase_add_test(tcase, overlay_on_a_remote_overlay_is_remote);
        tcase_add_test(tcase, layers_are_looked_up_where_they_were_named);
        tcase_add_test(tcase, overlays_of_users_are_doubted_and_others_are_not);
        tcase_add_test(tcase, mounts_are_found_by_their_device);
        tcase_add_loop_test(tcase, unlinked_root_is_told_by_its_end, 0, ELEMENTSOF(roots));
        tcase_add_test(tcase, tens_of_thousands_of_mounts_are_indexed);
        tcase_add_test(tcase, layers_are_read_as_this_kernel_writes_them);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
