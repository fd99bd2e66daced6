/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "child.h"
#include "proc/process-owner.h"
#include "unit.h"

static const struct {
        const char *text;
        int r;
        uint64_t owner;
} rows[] = {
        { "Name:\ta\nUid:\t1000\t0\t0\t0\n", 0, 1000 },
        { "Name:\ta\\nUid:\\t1\nUid:\t4294967294\t0\t0\t0\n", 0, 4294967294 },
        { "Name:\ta\nUid:\t0\t1000\t0\t0\n", 0, 0 },
        { "Name:\ta\nUid:\t4294967296\t0\t0\t0\n", -EBADMSG, 0 },
        { "Name:\ta\nUid:\t-1\t0\t0\t0\n", -EBADMSG, 0 },
        { "Name:\ta\nUid:\t99999999999999999999\t0\t0\t0\n", -EBADMSG, 0 },
        { "Name:\ta\nUid:\t10", -EBADMSG, 0 },
        { "Name:\ta\nUid:\t\n", -EBADMSG, 0 },
        { "Name:\ta\n", -EBADMSG, 0 },
        { "", -EBADMSG, 0 },
};

START_TEST(the_real_user_is_read) {
        uint64_t owner;

        ck_assert_int_eq(process_owner_parse_status(rows[_i].text, &owner), rows[_i].r);
        if (rows[_i].r == 0)
                ck_assert_uint_eq(owner, rows[_i].owner);
}
END_TEST

/* How a process comes to be, and whose it is then. */

static void as_user(int fd, const void *data _unused_) {
        child_require(setgroups(0, NULL) == 0 && setgid(4242) == 0 && setuid(4242) == 0);
        child_ready(fd);
}
/* The kernel shows its directory as root's. */
static void as_user_without_a_dump(int fd, const void *data _unused_) {
        child_require(setgroups(0, NULL) == 0 && setgid(4242) == 0 && setuid(4242) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0);
        child_ready(fd);
}
/* As by a program with the set-user-id bit. */
static void as_user_with_roots_rights(int fd, const void *data _unused_) {
        child_require(setresuid(4242, 0, 0) == 0);
        child_ready(fd);
}
static void in_namespaces_of_a_user(int fd, const void *data _unused_) {
        child_require(setgroups(0, NULL) == 0 && setgid(4242) == 0 && setuid(4242) == 0);
        if (unshare(CLONE_NEWUSER) < 0 || unshare(CLONE_NEWUSER) < 0)
                _exit(77);
        child_ready(fd);
}
static void in_a_namespace_of_root(int fd, const void *data _unused_) {
        if (unshare(CLONE_NEWUSER) < 0)
                _exit(77);
        child_ready(fd);
}
static void as_root(int fd, const void *data _unused_) {
        child_ready(fd);
}

static const struct {
        const char *name;
        void (*run)(int fd, const void *data);
        uint64_t owner;
} processes[] = {
        { "a user", as_user, 4242 },
        { "a user's that is not dumpable", as_user_without_a_dump, 4242 },
        { "a user's that has got root's rights", as_user_with_roots_rights, 4242 },
        { "a namespace within a namespace of a user", in_namespaces_of_a_user, 4242 },
        { "a namespace of root", in_a_namespace_of_root, PROCESS_OWNER_NAMESPACE },
        { "root", as_root, 0 },
};

START_TEST(it_is_known_whose_a_process_is) {
        _cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(process_done) Process p = PROCESS_NULL;
        uint64_t owner;
        struct stat st;
        pid_t pid;

        if (geteuid() != 0)
                return;
        pid = child_start(processes[_i].run, NULL);
        if (pid == 0)
                return;
        ck_assert_int_eq(process_open(proc_fd, pid, &p), 0);
        ck_assert_int_eq(process_owner_read(proc_fd, &p, &owner), 0);
        if (processes[_i].owner == PROCESS_OWNER_NAMESPACE) {
                ck_assert_int_eq(fstatat(p.fd, "ns/user", &st, 0), 0);
                owner -= st.st_ino;
        }
        ck_assert_msg(owner == processes[_i].owner, "%s: %llu", processes[_i].name, (unsigned long long) owner);
        child_end(pid);
        ck_assert_int_lt(process_owner_read(proc_fd, &p, &owner), 0);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("process-owner");
        TCase *tcase = tcase_create("process-owner");

        tcase_add_loop_test(tcase, the_real_user_is_read, 0, ELEMENTSOF(rows));
        tcase_add_loop_test(tcase, it_is_known_whose_a_process_is, 0, ELEMENTSOF(processes));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
