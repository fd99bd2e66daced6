/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>

#include "child.h"
#include "proc/exec-time.h"

static int proc_fd = -EBADF;
static ExecTimeCache cache;

static void setup(void) {
        proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        ck_assert_int_ge(proc_fd, 0);
}

static void teardown(void) {
        exec_time_cache_done(&cache);
        proc_fd = fd_close(proc_fd);
}

/* Its own start time, and that of its memory. */
static uint64_t ages(pid_t pid, uint64_t *ret_memory) {
        _cleanup_(process_done) Process p = PROCESS_NULL;

        ck_assert_int_eq(process_open(proc_fd, pid, &p), 0);
        ck_assert_int_eq(exec_time_read(&cache, proc_fd, &p, ret_memory), 0);
        return p.start_time;
}

/* Until whoever is started now has another start time than this process. */
static void wait_for_ticks(void) {
        const uint64_t ticks = (uint64_t) sysconf(_SC_CLK_TCK);
        uint64_t memory, own = ages(getpid(), &memory);
        struct timespec now;

        do
                clock_gettime(CLOCK_BOOTTIME, &now);
        while ((uint64_t) now.tv_sec * ticks + (uint64_t) now.tv_nsec * ticks / 1000000000u <= own + 1);
}

static void wait_here(int fd, const void *data _unused_) {
        child_ready(fd);
}

static void fork_here(int fd, const void *ret) {
        pid_t pid = child_start(wait_here, NULL);

        memcpy(*(void *const *) ret, &pid, sizeof(pid));
        child_ready(fd);
}

static void execute_here(int fd, const void *data _unused_) {
        char command[64];

        snprintf(command, sizeof(command), "printf x >&%d; exec sleep 60", fd);
        execl("/bin/sh", "sh", "-c", command, NULL);
}

START_TEST(a_forked_child_is_as_old_as_the_memory_it_inherits) {
        uint64_t parents, childs, own;
        pid_t child;

        wait_for_ticks();
        child = child_start(wait_here, NULL);
        own = ages(getpid(), &parents);
        ck_assert_uint_gt(ages(child, &childs), own);
        ck_assert_uint_le(parents, own);
        ck_assert_uint_eq(childs, parents);
        child_end(child);
}
END_TEST

START_TEST(so_is_a_grandchild) {
        uint64_t parents, grandchilds;
        pid_t child, *grandchild = mmap(NULL, sizeof(*grandchild), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        ck_assert_ptr_ne(grandchild, MAP_FAILED);
        wait_for_ticks();
        child = child_start(fork_here, &grandchild);
        ck_assert_uint_gt(ages(*grandchild, &grandchilds), ages(getpid(), &parents));
        ck_assert_uint_eq(grandchilds, parents);
        child_end(child); /* and with it the grandchild */
        munmap(grandchild, sizeof(*grandchild));
}
END_TEST

START_TEST(after_execve_it_is_as_old_as_itself) {
        pid_t child;
        uint64_t memory;

        wait_for_ticks();
        child = child_start(execute_here, NULL);
        ck_assert_uint_eq(ages(child, &memory), memory);
        child_end(child);
}
END_TEST

START_TEST(what_was_known_of_a_pid_goes_when_another_process_has_it) {
        _cleanup_(process_done) Process p = PROCESS_NULL;
        Process first;
        uint64_t start;

        ck_assert_int_eq(process_open(proc_fd, getpid(), &p), 0);
        first = p;
        first.start_time = 1;
        first.parent = 0;
        ck_assert_int_eq(exec_time_read(&cache, proc_fd, &first, &start), 0);
        ck_assert_uint_eq(start, 1);
        p.parent = 0;
        ck_assert_int_eq(exec_time_read(&cache, proc_fd, &p, &start), 0);
        ck_assert_uint_eq(start, p.start_time);
}
END_TEST

/* What no kernel shows, but what pids used again in the middle of it may add up to. */
static const struct {
        const char *name;
        pid_t parent;
        uint64_t parents_start, parents_stack, expected;
} rows[] = {
        { "an older parent with the same stack", 2000000001, 10, 0x7ffc00001000, 10 },
        { "a parent that is younger", 2000000001, 30, 0x7ffc00001000, 20 },
        { "a parent with another stack", 2000000001, 10, 0x7ffc00002000, 20 },
        { "no parent", 0, 10, 0x7ffc00001000, 20 },
        { "its own parent", 2000000002, 10, 0x7ffc00001000, 20 },
        { "a parent that is gone", 2000000003, 10, 0x7ffc00001000, 20 },
};

START_TEST(only_an_older_parent_with_the_same_memory_counts) {
        Process parent = { .pid = 2000000001, .start_time = rows[_i].parents_start, .start_code = 0x400000,
                           .start_stack = rows[_i].parents_stack };
        Process child = { .pid = 2000000002, .parent = rows[_i].parent, .start_time = 20, .start_code = 0x400000,
                          .start_stack = 0x7ffc00001000 };
        uint64_t start;

        ck_assert_int_eq(exec_time_read(&cache, proc_fd, &parent, &start), 0);
        ck_assert_int_eq(exec_time_read(&cache, proc_fd, &child, &start), 0);
        ck_assert_msg(start == rows[_i].expected, "%s", rows[_i].name);
        exec_time_cache_done(&cache);
        ck_assert_int_eq(exec_time_read(&cache, proc_fd, &child, &start), 0);
        ck_assert_uint_eq(start, 20);
}
END_TEST

START_TEST(unseen_memory_is_nobodys) {
        Process parent = { .pid = 2000000001, .start_time = 10, .start_code = 1 };
        Process child = { .pid = 2000000002, .parent = 2000000001, .start_time = 20, .start_code = 1 };
        uint64_t start;

        ck_assert_int_eq(exec_time_read(&cache, proc_fd, &parent, &start), 0);
        ck_assert_int_eq(exec_time_read(&cache, proc_fd, &child, &start), 0);
        ck_assert_uint_eq(start, 20);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("exec-time");
        TCase *tcase = tcase_create("exec-time");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, a_forked_child_is_as_old_as_the_memory_it_inherits);
        tcase_add_test(tcase, so_is_a_grandchild);
        tcase_add_test(tcase, after_execve_it_is_as_old_as_itself);
        tcase_add_test(tcase, what_was_known_of_a_pid_goes_when_another_process_has_it);
        tcase_add_loop_test(tcase, only_an_older_parent_with_the_same_memory_counts, 0, ELEMENTSOF(rows));
        tcase_add_test(tcase, unseen_memory_is_nobodys);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
