/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/verdict.h"
#include "unit.h"

/* Files as the tables name them: {device minor, inode}, on mount 20 unless said otherwise. */
#define FOUND(minor, ino) { .lookup = LOOKUP_FOUND, .dev_minor = minor, .inode = ino, .nlink = 1, .regular = true, .mount_id = 20 }
#define UNLINKED(minor, ino) { .lookup = LOOKUP_FOUND, .dev_minor = minor, .inode = ino, .regular = true, .mount_id = 20 }
#define FOUND_ON(mount, minor, ino) { .lookup = LOOKUP_FOUND, .dev_minor = minor, .inode = ino, .nlink = 1, .regular = true, .mount_id = mount }
#define DIRECTORY(minor, ino) { .lookup = LOOKUP_FOUND, .dev_minor = minor, .inode = ino, .nlink = 2, .mount_id = 20 }
#define ABSENT { .lookup = LOOKUP_ABSENT, .mount_id = 20 }
#define ABSENT_ON(mount) { .lookup = LOOKUP_ABSENT, .mount_id = mount }
#define ENDED(how) { .lookup = LOOKUP_##how }

static const struct {
        const char *name;
        VerdictFacts facts;
        Verdict verdict;
} rows[] = {
        { "current",
          { .mapped = FOUND(1, 10), .disk = FOUND(1, 10), .loader = FOUND(1, 10) },
          { STATE_CURRENT } },
        { "current, and not in the loader's list",
          { .mapped = FOUND(1, 10), .disk = FOUND(1, 10) },
          { STATE_CURRENT } },
        { "current, and all evidence agrees",
          { .mapped = FOUND(1, 10), .disk = FOUND(1, 10), .memory = EVIDENCE_AGREES, .relocations = EVIDENCE_AGREES,
            .loader_copy = EVIDENCE_AGREES, .baseline = EVIDENCE_AGREES },
          { STATE_CURRENT } },
        { "current on btrfs, where maps prints another device",
          { .mapped = FOUND(34, 10), .disk = FOUND(34, 10), .printed_dev_minor = 33, .printed_inode = 10 },
          { STATE_CURRENT } },
        { "removed, and the same inode linked back to the name",
          { .marked = true, .mapped = FOUND(1, 10), .disk = FOUND(1, 10), .loader = FOUND(1, 10) },
          { STATE_CURRENT } },
        { "deleted",
          { .marked = true, .mapped = UNLINKED(1, 10), .disk = ABSENT, .loader = ABSENT },
          { STATE_DELETED } },
        { "deleted, while another hard link lives",
          { .marked = true, .mapped = FOUND(1, 10), .disk = ABSENT, .loader = ABSENT },
          { STATE_DELETED } },
        { "deleted, and the soname leads to a new version",
          { .marked = true, .mapped = UNLINKED(1, 10), .disk = ABSENT, .loader = FOUND(1, 11) },
          { STATE_DELETED, 0, SUCCESSOR_LOADER } },
        { "deleted, and a directory has its name now",
          { .marked = true, .mapped = UNLINKED(1, 10), .disk = DIRECTORY(1, 11) },
          { STATE_DELETED } },
        { "deleted, with a name longer than can be looked up",
          { .marked = true, .mapped = UNLINKED(1, 10), .disk = ENDED(TOO_LONG) },
          { STATE_DELETED } },
        { "deleted by an NFS client, which keeps it under another name",
          { .path = "/mnt/.nfs00000000004a1b2c00000001", .mapped = FOUND(1, 10), .disk = FOUND(1, 10), .loader = ABSENT },
          { STATE_DELETED } },
        { "replaced over NFS",
          { .path = "/mnt/.nfs0a", .mapped = FOUND(1, 10), .disk = FOUND(1, 10), .loader = FOUND(1, 11) },
          { STATE_DELETED, 0, SUCCESSOR_LOADER } },
        { "loaded by a name like those of NFS",
          { .path = "/mnt/.nfs0a", .mapped = FOUND(1, 10), .disk = FOUND(1, 10), .loader = FOUND(1, 10) },
          { STATE_CURRENT } },
        { "not quite a name like those of NFS",
          { .path = "/mnt/.nfs0a.so", .mapped = FOUND(1, 10), .disk = FOUND(1, 10) },
          { STATE_CURRENT } },
        { "bind mount of a file that was renamed over",
          { .marked = true, .mapped = UNLINKED(1, 10), .disk = UNLINKED(1, 10), .loader = UNLINKED(1, 10) },
          { STATE_DELETED, FLAG_FILE_BIND_MOUNT } },
        { "bind mount of an unlinked file that has another hard link",
          { .marked = true, .mount_root_deleted = true, .mapped = FOUND(1, 10), .disk = FOUND(1, 10) },
          { STATE_DELETED, FLAG_FILE_BIND_MOUNT } },
        { "replaced",
          { .marked = true, .mapped = UNLINKED(1, 10), .disk = FOUND(1, 11), .loader = FOUND(1, 11) },
          { STATE_REPLACED, 0, SUCCESSOR_DISK } },
        { "replaced in an overlay, where the lower file keeps its link",
          { .marked = true, .mapped = FOUND(33, 10), .disk = FOUND(33, 11), .loader = FOUND(33, 11) },
          { STATE_REPLACED, 0, SUCCESSOR_DISK } },
        { "replaced by the same content",
          { .marked = true, .mapped = UNLINKED(1, 10), .disk = FOUND(1, 11), .disk_content = EVIDENCE_AGREES },
          { STATE_REPLACED, FLAG_SAME_CONTENT, SUCCESSOR_DISK } },
        { "replaced by a file on another device with the same inode number",
          { .marked = true, .mapped = UNLINKED(1, 10), .disk = FOUND(2, 10) },
          { STATE_REPLACED, 0, SUCCESSOR_DISK } },
        { "copied up by overlayfs: the process keeps what it had",
          { .mapped = FOUND(33, 10), .disk = FOUND(33, 10), .loader = FOUND(33, 10), .memory = EVIDENCE_DIFFERS,
            .loader_copy = EVIDENCE_DIFFERS },
          { STATE_MODIFIED, 0, SUCCESSOR_DISK } },
        { "overwritten in place by another layout",
          { .mapped = FOUND(1, 10), .disk = FOUND(1, 10), .loader = FOUND(1, 10), .memory = EVIDENCE_AGREES,
            .loader_copy = EVIDENCE_DIFFERS },
          { STATE_MODIFIED, FLAG_CRASH_RISK, SUCCESSOR_DISK } },
        { "overwritten in place by the same layout, at the first look",
          { .mapped = FOUND(1, 10), .disk = FOUND(1, 10), .loader = FOUND(1, 10), .memory = EVIDENCE_AGREES,
            .relocations = EVIDENCE_DIFFERS, .loader_copy = EVIDENCE_AGREES },
          { STATE_MODIFIED, FLAG_CRASH_RISK, SUCCESSOR_DISK, .race_suspected = true } },
        { "overwritten in place by the same layout, and the loader has relocated it",
          { .mapped = FOUND(1, 10), .disk = FOUND(1, 10), .loader = FOUND(1, 10), .memory = EVIDENCE_AGREES,
            .relocations = EVIDENCE_DIFFERS, .loader_copy = EVIDENCE_AGREES, .relocated = true },
          { STATE_MODIFIED, FLAG_CRASH_RISK, SUCCESSOR_DISK } },
        { "overwritten in place by the same layout, at the second look",
          { .mapped = FOUND(1, 10), .disk = FOUND(1, 10), .loader = FOUND(1, 10), .memory = EVIDENCE_AGREES,
            .relocations = EVIDENCE_DIFFERS, .loader_copy = EVIDENCE_AGREES, .last_try = true },
          { STATE_MODIFIED, FLAG_CRASH_RISK, SUCCESSOR_DISK } },
        { "written to without a trace in memory, seen before and after",
          { .mapped = FOUND(1, 10), .disk = FOUND(1, 10), .loader = FOUND(1, 10), .memory = EVIDENCE_AGREES,
            .relocations = EVIDENCE_AGREES, .loader_copy = EVIDENCE_AGREES, .baseline = EVIDENCE_DIFFERS },
          { STATE_MODIFIED, FLAG_CRASH_RISK, SUCCESSOR_DISK } },
        { "its VMAs cannot come from the file's segments",
          { .mapped = FOUND(1, 10), .disk = FOUND(1, 10), .loader = FOUND(1, 10), .written = true, .memory = EVIDENCE_AGREES,
            .layout = EVIDENCE_DIFFERS, .loader_copy = EVIDENCE_AGREES },
          { STATE_MODIFIED, FLAG_CRASH_RISK, SUCCESSOR_DISK } },
        { "a shorter file copied up: the memory is whole",
          { .mapped = FOUND(33, 10), .disk = FOUND(33, 10), .written = true, .memory = EVIDENCE_DIFFERS,
            .relocations = EVIDENCE_DIFFERS },
          { STATE_MODIFIED, 0, SUCCESSOR_DISK } },
        { "written to, and neither memory nor file could be read",
          { .mapped = FOUND(1, 10), .disk = FOUND(1, 10), .loader = FOUND(1, 10), .written = true },
          { STATE_UNKNOWN, .unknown = UNKNOWN_CONTENT } },
        { "touched: the memory is of the file",
          { .mapped = FOUND(1, 10), .disk = FOUND(1, 10), .loader = FOUND(1, 10), .written = true, .memory = EVIDENCE_AGREES },
          { STATE_CURRENT } },
        { "modified comes before superseded",
          { .mapped = FOUND(1, 10), .disk = FOUND(1, 10), .loader = FOUND(1, 11), .loader_copy = EVIDENCE_DIFFERS },
          { STATE_MODIFIED, FLAG_CRASH_RISK, SUCCESSOR_DISK } },
        { "superseded by a flipped link",
          { .mapped = FOUND(1, 10), .disk = FOUND(1, 10), .loader = FOUND(1, 11) },
          { STATE_SUPERSEDED, 0, SUCCESSOR_LOADER } },
        { "superseded by the same content",
          { .mapped = FOUND(1, 10), .disk = FOUND(1, 10), .loader = FOUND(1, 11), .loader_content = EVIDENCE_AGREES },
          { STATE_SUPERSEDED, FLAG_SAME_CONTENT, SUCCESSOR_LOADER } },
        { "superseded by the same content on paper, other bytes in truth",
          { .mapped = FOUND(1, 10), .disk = FOUND(1, 10), .loader = FOUND(1, 11), .loader_content = EVIDENCE_DIFFERS },
          { STATE_SUPERSEDED, 0, SUCCESSOR_LOADER } },
        { "moved away",
          { .mapped = FOUND(1, 10), .disk = FOUND(1, 10), .loader = ABSENT },
          { STATE_MOVED } },
        { "moved away, with a directory in its place",
          { .mapped = FOUND(1, 10), .disk = FOUND(1, 10), .loader = DIRECTORY(1, 12) },
          { STATE_MOVED } },
        { "the loader's name may not be looked up",
          { .mapped = FOUND(1, 10), .disk = FOUND(1, 10), .loader = ENDED(DENIED) },
          { STATE_UNKNOWN, .unknown = UNKNOWN_PERMISSION } },
        { "hidden by a mount with such a file",
          { .mapped = FOUND(1, 10), .disk = FOUND_ON(21, 2, 10), .loader = FOUND_ON(21, 2, 10), .mount = MOUNT_PRESENT },
          { STATE_HIDDEN, 0, SUCCESSOR_DISK } },
        { "hidden by an empty mount",
          { .mapped = FOUND(1, 10), .disk = ABSENT_ON(21), .mount = MOUNT_PRESENT },
          { STATE_HIDDEN } },
        { "lazily unmounted",
          { .mapped = FOUND(33, 10), .disk = ABSENT_ON(19), .mount = MOUNT_GONE },
          { STATE_UNREACHABLE } },
        { "lazily unmounted, and its name happens to lead somewhere",
          { .mapped = FOUND(33, 10), .disk = FOUND_ON(19, 1, 77), .mount = MOUNT_GONE },
          { STATE_UNREACHABLE, 0, SUCCESSOR_DISK } },
        { "lazily unmounted, and what its name happens to lead to is something else",
          { .mapped = FOUND(33, 10), .disk = FOUND_ON(19, 1, 77), .mount = MOUNT_GONE, .disk_content = EVIDENCE_DIFFERS },
          { STATE_UNREACHABLE } },
        { "lazily unmounted, and what its name happens to lead to is the same",
          { .mapped = FOUND(33, 10), .disk = FOUND_ON(19, 1, 77), .mount = MOUNT_GONE, .disk_content = EVIDENCE_AGREES },
          { STATE_UNREACHABLE, FLAG_SAME_CONTENT, SUCCESSOR_DISK } },
        { "an overlay unmounted, and the same lies at the loader's name",
          { .mapped = FOUND(33, 10), .disk = ABSENT_ON(19), .loader = FOUND_ON(19, 1, 77), .mount = MOUNT_GONE,
            .loader_content = EVIDENCE_AGREES },
          { STATE_UNREACHABLE, FLAG_SAME_CONTENT, SUCCESSOR_LOADER } },
        { "an overlay unmounted, and another build lies at the loader's name",
          { .mapped = FOUND(33, 10), .disk = FOUND_ON(19, 1, 78), .loader = FOUND_ON(19, 1, 77), .mount = MOUNT_GONE,
            .loader_content = EVIDENCE_DIFFERS, .disk_content = EVIDENCE_AGREES },
          { STATE_UNREACHABLE, 0, SUCCESSOR_LOADER } },
        { "a bind mount detached, and the loader's name leads to the very file through another",
          { .mapped = FOUND(1, 10), .disk = ABSENT_ON(19), .loader = FOUND_ON(19, 1, 10), .mount = MOUNT_GONE },
          { STATE_UNREACHABLE, FLAG_SAME_CONTENT, SUCCESSOR_LOADER } },
        { "detached, and the path leads to the very file through another mount",
          { .mapped = FOUND(1, 10), .disk = FOUND_ON(19, 1, 10), .mount = MOUNT_GONE },
          { STATE_CURRENT } },
        { "detached, and its path cannot be looked up",
          { .mapped = FOUND(33, 10), .disk = ENDED(REMOTE), .mount = MOUNT_GONE },
          { STATE_UNREACHABLE } },
        { "hidden by a mount with the same content",
          { .mapped = FOUND(1, 10), .disk = FOUND_ON(21, 2, 10), .mount = MOUNT_PRESENT, .disk_content = EVIDENCE_AGREES },
          { STATE_HIDDEN, FLAG_SAME_CONTENT, SUCCESSOR_DISK } },
        { "deleted, and the soname leads to the same content",
          { .marked = true, .mapped = UNLINKED(1, 10), .disk = ABSENT, .loader = FOUND(1, 11), .loader_content = EVIDENCE_AGREES },
          { STATE_DELETED, FLAG_SAME_CONTENT, SUCCESSOR_LOADER } },
        { "deleted, then lazily unmounted, and its name happens to lead somewhere",
          { .marked = true, .mapped = UNLINKED(33, 10), .disk = FOUND_ON(19, 1, 77), .mount = MOUNT_GONE },
          { STATE_DELETED } },
        { "replaced, in a process that left the mount namespace",
          { .marked = true, .mapped = UNLINKED(1, 10), .disk = FOUND_ON(90, 1, 11), .mount = MOUNT_GONE },
          { STATE_REPLACED, 0, SUCCESSOR_DISK } },
        { "replaced in between, at the first look",
          { .mapped = FOUND(1, 10), .disk = FOUND(1, 11), .mount = MOUNT_PRESENT },
          { STATE_REPLACED, 0, SUCCESSOR_DISK, .race_suspected = true } },
        { "replaced by another client, at the second look",
          { .mapped = FOUND(1, 10), .disk = FOUND(1, 11), .mount = MOUNT_PRESENT, .last_try = true },
          { STATE_REPLACED, 0, SUCCESSOR_DISK } },
        { "removed in between, at the first look",
          { .mapped = FOUND(1, 10), .disk = ABSENT, .mount = MOUNT_PRESENT },
          { STATE_UNKNOWN, .race_suspected = true, .unknown = UNKNOWN_RACE } },
        { "named by the kernel, not there, at the second look",
          { .mapped = FOUND(1, 10), .disk = ABSENT, .mount = MOUNT_PRESENT, .last_try = true },
          { STATE_UNKNOWN, .unknown = UNKNOWN_RACE } },
        { "removed by another client, at the second look",
          { .remote = true, .mapped = FOUND(1, 10), .disk = ABSENT, .mount = MOUNT_PRESENT, .last_try = true },
          { STATE_DELETED } },
        { "memfd",
          { .internal = true, .marked = true, .mapped = UNLINKED(1, 10), .disk = ABSENT },
          { STATE_IGNORED } },
        { "a device",
          { .mapped = { .lookup = LOOKUP_FOUND, .dev_minor = 6, .inode = 5, .nlink = 1 }, .disk = ABSENT },
          { STATE_IGNORED } },
        { "on a network file system",
          { .marked = true, .mapped = FOUND(40, 10), .disk = ENDED(REMOTE) },
          { STATE_UNKNOWN, .unknown = UNKNOWN_REMOTE } },
        { "a mount that hung",
          { .marked = true, .mapped = FOUND(40, 10), .disk = ENDED(HUNG) },
          { STATE_UNKNOWN, .unknown = UNKNOWN_HUNG } },
        { "the mapped file itself was left out",
          { .marked = true, .mapped = ENDED(HUNG), .disk = ABSENT },
          { STATE_UNKNOWN, .unknown = UNKNOWN_HUNG } },
        { "the path may not be walked",
          { .marked = true, .mapped = FOUND(1, 10), .disk = ENDED(DENIED) },
          { STATE_UNKNOWN, .unknown = UNKNOWN_PERMISSION } },
        { "a link loop on the path",
          { .marked = true, .mapped = FOUND(1, 10), .disk = ENDED(FAILED) },
          { STATE_UNKNOWN, .unknown = UNKNOWN_OTHER } },
        { "no process sees the name, and the file has no link left",
          { .marked = true, .mapped = UNLINKED(1, 10), .disk = ENDED(NONE) },
          { STATE_DELETED } },
        { "no process sees the name, which may end so",
          { .marked = true, .mapped = FOUND(1, 10), .disk = ENDED(NONE) },
          { STATE_UNKNOWN, .unknown = UNKNOWN_ROOT } },
        { "no process sees the name",
          { .mapped = FOUND(1, 10), .disk = ENDED(NONE) },
          { STATE_UNKNOWN, .unknown = UNKNOWN_ROOT } },
        { "no openat2(2)",
          { .mapped = FOUND(1, 10), .disk = ENDED(UNSUPPORTED) },
          { STATE_UNKNOWN, .unknown = UNKNOWN_KERNEL } },
        { "a name that is too long, not marked",
          { .mapped = FOUND(1, 10), .disk = ENDED(TOO_LONG) },
          { STATE_UNKNOWN, .unknown = UNKNOWN_NAME } },
        { "unmapped in between",
          { .mapped = ENDED(ABSENT), .disk = FOUND(1, 10) },
          { STATE_UNKNOWN, .race_suspected = true, .unknown = UNKNOWN_RACE } },

        /* Without the right to map_files. */
        { "not allowed, deleted",
          { .marked = true, .mapped = ENDED(DENIED), .printed_dev_minor = 1, .printed_inode = 10, .disk = ABSENT },
          { STATE_DELETED } },
        { "not allowed, replaced",
          { .marked = true, .mapped = ENDED(DENIED), .printed_dev_minor = 1, .printed_inode = 10, .disk = FOUND(1, 11) },
          { STATE_REPLACED, 0, SUCCESSOR_DISK } },
        { "not allowed, same inode number on what may be the same device",
          { .marked = true, .mapped = ENDED(DENIED), .printed_dev_minor = 33, .printed_inode = 10, .disk = FOUND(34, 10) },
          { STATE_UNKNOWN, .unknown = UNKNOWN_PERMISSION } },
        { "not allowed, not marked, another inode",
          { .mapped = ENDED(DENIED), .printed_dev_minor = 1, .printed_inode = 10, .disk = FOUND(1, 11) },
          { STATE_UNKNOWN, .unknown = UNKNOWN_PERMISSION } },
        { "not allowed, not marked, not there",
          { .mapped = ENDED(DENIED), .printed_dev_minor = 1, .printed_inode = 10, .disk = ABSENT },
          { STATE_UNKNOWN, .unknown = UNKNOWN_PERMISSION } },
};

START_TEST(facts_lead_to_a_state) {
        VerdictFacts facts = rows[_i].facts;
        Verdict v;

        if (!facts.path)
                facts.path = "/usr/lib/plugin.so";
        v = verdict_judge(&facts);
        ck_assert_msg(v.state == rows[_i].verdict.state, "%s: %s", rows[_i].name, state_to_string(v.state));
        ck_assert_msg(v.flags == rows[_i].verdict.flags, "%s: flags %x", rows[_i].name, v.flags);
        ck_assert_msg(v.successor == rows[_i].verdict.successor, "%s: successor %d", rows[_i].name, v.successor);
        ck_assert_msg(v.race_suspected == rows[_i].verdict.race_suspected, "%s: race suspected", rows[_i].name);
        if (v.state == STATE_UNKNOWN)
                ck_assert_msg(v.unknown == rows[_i].verdict.unknown, "%s: reason %d", rows[_i].name, v.unknown);
}
END_TEST

static const struct {
        const char *name;
        size_t length;
} names[] = {
        { "/lib/x.so", 9 },
        { "/lib/x.so (deleted)", 9 },
        { "/lib/x.so (deleted) (deleted)", 19 },
        { "/lib/x.so(deleted)", 18 },
        { "/lib/x.so (deleted) ", 20 },
        { " (deleted)", 10 },
        { "/ (deleted)", 1 },
        { "", 0 },
};

START_TEST(one_mark_is_cut_and_no_more) {
        ck_assert_uint_eq(verdict_cut_mark(names[_i].name), names[_i].length);
}
END_TEST

static const struct {
        const char *name;
        VerdictFacts facts;
        VerdictFile as_it_stands;
        bool marked;
} marks[] = {
        { "no file has the name with the mark", { .mapped = UNLINKED(1, 10) }, ABSENT, true },
        { "the file is really called so", { .mapped = FOUND(1, 10) }, FOUND(1, 10), false },
        { "another file has such a name", { .mapped = UNLINKED(1, 10) }, FOUND(1, 11), true },
        { "another device has such a file", { .mapped = UNLINKED(1, 10) }, FOUND(2, 10), true },
        { "the name cannot be looked up", { .mapped = UNLINKED(1, 10) }, ENDED(REMOTE), true },
        { "map_files not allowed, the printed inode has the name", { .mapped = ENDED(DENIED), .printed_inode = 10 }, FOUND(1, 10), false },
        { "map_files not allowed, another inode has the name", { .mapped = ENDED(DENIED), .printed_inode = 10 }, FOUND(1, 11), true },
};

START_TEST(a_file_may_be_called_deleted) {
        ck_assert_msg(verdict_marked(&marks[_i].facts, &marks[_i].as_it_stands) == marks[_i].marked, "%s", marks[_i].name);
}
END_TEST

static const struct {
        const char *l_name;
        bool resolvable;
} loader_names[] = {
        { NULL, false },
        { "", false },
        { "./plugin.so", false },
        { "linux-vdso.so.1", false },
        { "/proc/self/fd/3", false },
        { "/dev/fd/3", false },
        { "/usr/lib/plugin.so", true },
        { "/dev/shm/plugin.so", true },
        { "/process/plugin.so", true },
};

START_TEST(only_absolute_names_mean_the_same_later) {
        ck_assert(verdict_name_resolvable(loader_names[_i].l_name) == loader_names[_i].resolvable);
}
END_TEST

static const struct {
        int error;
        Lookup lookup;
} errors[] = {
        { 0, LOOKUP_FOUND },
        { ENOENT, LOOKUP_ABSENT },
        { ENOTDIR, LOOKUP_ABSENT },
        { ENAMETOOLONG, LOOKUP_TOO_LONG },
        { EACCES, LOOKUP_DENIED },
        { EPERM, LOOKUP_DENIED },
        { EREMOTE, LOOKUP_REMOTE },
        { ENOSYS, LOOKUP_UNSUPPORTED },
        { ELOOP, LOOKUP_FAILED },
        { EIO, LOOKUP_FAILED },
};

START_TEST(only_absence_is_absence) {
        ck_assert_int_eq(lookup_from_errno(errors[_i].error), errors[_i].lookup);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("verdict");
        TCase *tcase = tcase_create("verdict");

        tcase_add_loop_test(tcase, facts_lead_to_a_state, 0, ELEMENTSOF(rows));
        tcase_add_loop_test(tcase, one_mark_is_cut_and_no_more, 0, ELEMENTSOF(names));
        tcase_add_loop_test(tcase, a_file_may_be_called_deleted, 0, ELEMENTSOF(marks));
        tcase_add_loop_test(tcase, only_absolute_names_mean_the_same_later, 0, ELEMENTSOF(loader_names));
        tcase_add_loop_test(tcase, only_absence_is_absence, 0, ELEMENTSOF(errors));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
