/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <linux/openat2.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/capability.h>
#include <sys/wait.h>

#include "proc/requirements.h"
#include "unit.h"

/* In a child, since what is given up does not come back. */
static uint32_t missing_after(void (*give_up)(void)) {
        int status, pipe_fds[2];
        uint32_t missing = 0;
        pid_t child;

        ck_assert_int_eq(pipe(pipe_fds), 0);
        child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
                give_up();
                missing = requirements_missing();
                _exit(write(pipe_fds[1], &missing, sizeof(missing)) != sizeof(missing));
        }
        ck_assert_int_eq(read(pipe_fds[0], &missing, sizeof(missing)), sizeof(missing));
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        close(pipe_fds[0]);
        close(pipe_fds[1]);
        return missing;
}

static void nothing(void) {
}

static void capabilities(void) {
        cap_t none = cap_init();

        cap_set_proc(none);
        cap_free(none);
}

static void openat2_errno(int error) {
        scmp_filter_ctx c = seccomp_init(SCMP_ACT_ALLOW);

        if (!c || seccomp_rule_add(c, SCMP_ACT_ERRNO((uint32_t) error), SCMP_SYS(openat2), 0) < 0 || seccomp_load(c) < 0)
                _exit(1);
        seccomp_release(c);
}

static void openat2_unknown(void) {
        openat2_errno(ENOSYS);
}

static void openat2_denied(void) {
        openat2_errno(EPERM);
}

static void user_namespace(void) {
        if (unshare(CLONE_NEWUSER) < 0)
                _exit(1);
}

static const struct {
        const char *name;
        void (*give_up)(void);
        uint32_t missing; /* among those that root has here */
} rows[] = {
        { "all that there is", nothing, 0 },
        { "no capabilities", capabilities, REQUIREMENTS_OF_RIGHTS },
        { "a kernel without openat2(2)", openat2_unknown, REQUIREMENT_OPENAT2 },
        { "a filter that denies it", openat2_denied, REQUIREMENT_OPENAT2 },
        /* All capabilities, but of a user namespace of its own. */
        { "in a user namespace", user_namespace, REQUIREMENT_MAP_FILES },
};

START_TEST(what_is_missing_is_found) {
        if (geteuid() != 0 || requirements_missing() != 0)
                return;
        ck_assert_msg(missing_after(rows[_i].give_up) == rows[_i].missing, "%s: %x", rows[_i].name,
                      missing_after(rows[_i].give_up));
}
END_TEST

START_TEST(each_is_described) {
        for (unsigned i = 0; 1u << i < REQUIREMENT_ALL; i++)
                for (unsigned k = 0; k < i; k++)
                        ck_assert_str_ne(requirement_describe(1u << i), requirement_describe(1u << k));
        ck_assert_ptr_nonnull(requirement_describe(0));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("requirements");
        TCase *tcase = tcase_create("requirements");

        tcase_add_loop_test(tcase, what_is_missing_is_found, 0, ELEMENTSOF(rows));
        tcase_add_test(tcase, each_is_described);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
