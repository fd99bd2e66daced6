/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Sweeps one after another over the same Scan: what changed between two of them must be
 * seen by the second, and only that. A child loads and unloads a plugin on command.
 */

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "child.h"
#include "scan/sweep-context.h"
#include "sweep/process-change.h"
#include "sweep/sweep.h"
#include "unit.h"

#define PAGE 4096

static char directory[] = "/tmp/stalelib-sweep-XXXXXX";
static char plugin[PATH_MAX], another_name[PATH_MAX];
static int to_child, from_child;
static pid_t child;
static Scan *scan;
static Snapshot *last;
static SweepOptions options;

static void copy(const char *from, const char *to) {
        char buffer[65536];
        int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
        ssize_t n;

        ck_assert_int_ge(in, 0);
        ck_assert_int_ge(out, 0);
        while ((n = read(in, buffer, sizeof(buffer))) > 0)
                ck_assert_int_eq(write(out, buffer, (size_t) n), n);
        close(in);
        close(out);
}

/* As a package manager does it: a new file, renamed over the old one. */
static void replace(const char *with) {
        char temporary[PATH_MAX + 8];

        snprintf(temporary, sizeof(temporary), "%s.new", plugin);
        copy(with, temporary);
        ck_assert_int_eq(rename(temporary, plugin), 0);
}

/* Where nothing was to be seen, a page of the file: the memory is as large as before. */
static void exchange(void *page, const char *file, int protection) {
        int fd = open(file, O_RDONLY | O_CLOEXEC);

        if (fd < 0 || mmap(page, PAGE, protection, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
                _exit(1);
        close(fd);
}

static void go_on_in_a_fork(bool open) {
        int opened[2];
        char c;

        if (pipe(opened) < 0)
                _exit(1);
        if (fork() > 0) {
                if (open && (!dlopen(PLUGIN_1, RTLD_NOW) || write(opened[1], "", 1) != 1))
                        _exit(1);
                for (;;)
                        pause();
        }
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (open && (read(opened[0], &c, 1) != 1 || !dlopen(another_name, RTLD_NOW)))
                _exit(1);
}

/*
 * -: nothing, o: open, c: close, x: execute this program anew, e and r: exchange a page for an executable and a readable
 * one, a: and another page for one of a file that stays, f: a fork of it goes on, l: and opens that file by another name
 * than its parent then does. Each is answered by a byte.
 */
static void child_run(int in, int out) {
        void *handle = NULL;
        char *page = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        char command;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (read(in, &command, 1) == 1) {
                if (command == 'o')
                        handle = dlopen(plugin, RTLD_NOW);
                else if (command == 'c')
                        dlclose(handle);
                else if (command == 'e' || command == 'r')
                        exchange(page, plugin, command == 'e' ? PROT_READ | PROT_EXEC : PROT_READ);
                else if (command == 'a')
                        exchange(page + PAGE, PLUGIN_1, PROT_READ | PROT_EXEC);
                else if (command == 'f' || command == 'l')
                        go_on_in_a_fork(command == 'l');
                else if (command == 'x') {
                        char a[16], b[16];

                        snprintf(a, sizeof(a), "%d", in);
                        snprintf(b, sizeof(b), "%d", out);
                        execl("/proc/self/exe", "child", a, b, NULL);
                        _exit(1);
                }
                if (write(out, handle ? "+" : "-", 1) != 1)
                        break;
        }
        _exit(0);
}

/* Until then, not all that it has run is counted. */
static void await_sleep(pid_t pid) {
        char name[32], state = 'R';

        snprintf(name, sizeof(name), "/proc/%d/stat", (int) pid);
        while (state != 'S') {
                FILE *f = fopen(name, "re");

                ck_assert_ptr_nonnull(f);
                ck_assert_int_eq(fscanf(f, "%*d %*s %c", &state), 1);
                fclose(f);
        }
}

static void tell(char command, char expected) {
        char answer;

        ck_assert_int_eq(write(to_child, &command, 1), 1);
        ck_assert_int_eq(read(from_child, &answer, 1), 1);
        ck_assert_int_eq(answer, expected);
        await_sleep(child);
}

static void setup(void) {
        int down[2], up[2];

        strcpy(directory + strlen(directory) - 6, "XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(directory));
        snprintf(plugin, sizeof(plugin), "%s/plugin.so", directory);
        snprintf(another_name, sizeof(another_name), "%s/name.so", directory);
        copy(PLUGIN_1, plugin);
        ck_assert_int_eq(pipe(down), 0);
        ck_assert_int_eq(pipe(up), 0);
        child = fork();
        if (child == 0)
                child_run(down[0], up[1]);
        close(down[0]);
        close(up[1]);
        to_child = down[1];
        from_child = up[0];
        tell('o', '+');
        options = (SweepOptions){ .baselines = SIZE_MAX };
        scan = scan_new();
        ck_assert_ptr_nonnull(scan);
        last = NULL;
}

/* As on a kernel before 6.11. */
static void setup_text(void) {
        setup();
        options.text_maps = true;
}

static void teardown(void) {
        char command[PATH_MAX + 16];

        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        close(to_child);
        close(from_child);
        last = snapshot_free(last);
        scan = scan_free(scan);
        snprintf(command, sizeof(command), "rm -rf %s", directory);
        ck_assert_int_eq(system(command), 0);
}

/* Its finding in the next sweep, or NULL. */
static const Finding *sweep_for(pid_t pid) {
        Snapshot *next;

        options.previous = last;
        ck_assert_int_eq(sweep_run(scan, &options, &next), 0);
        snapshot_free(last);
        last = next;
        for (size_t i = 0; i < last->n_findings; i++)
                if (last->findings[i]->pid == pid)
                        return last->findings[i];
        return NULL;
}

static const Finding *sweep(void) {
        return sweep_for(child);
}

static bool recovered(void) {
        for (size_t i = 0; i < last->n_recovered; i++)
                if (last->recovered[i]->pid == child)
                        return true;
        return false;
}

START_TEST(a_replaced_library_is_seen_and_stays_seen) {
        ck_assert_ptr_null(sweep());
        replace(PLUGIN_2);
        for (int i = 0; i < 3; i++) {
                const Finding *f = sweep();

                ck_assert_ptr_nonnull(f);
                ck_assert_int_eq(f->state, STATE_REPLACED);
                ck_assert_str_eq(f->path, plugin);
                ck_assert(f->disk.known && f->disk.inode != f->mapped.inode);
                ck_assert_uint_eq(f->n_pins, 1);
                ck_assert_int_eq(f->pins[0].reason, PIN_OPEN_HANDLES);
                ck_assert_ptr_nonnull(f->message);
                ck_assert_ptr_nonnull(f->advice);
        }
}
END_TEST

START_TEST(a_reopened_library_is_stale_no_more) {
        replace(PLUGIN_2);
        ck_assert_ptr_nonnull(sweep());
        tell('c', '+');
        tell('o', '+');
        ck_assert_ptr_null(sweep());
        ck_assert(!recovered());
}
END_TEST

START_TEST(a_closed_library_is_stale_no_more) {
        replace(PLUGIN_2);
        ck_assert_ptr_nonnull(sweep());
        tell('c', '+');
        ck_assert_ptr_null(sweep());
        ck_assert(!recovered());
}
END_TEST

START_TEST(a_program_executed_anew_is_stale_no_more) {
        replace(PLUGIN_2);
        ck_assert_ptr_nonnull(sweep());
        tell('x', '-');
        ck_assert_ptr_null(sweep());
}
END_TEST

START_TEST(a_file_that_comes_back_is_told_as_recovered) {
        char aside[PATH_MAX + 8];

        snprintf(aside, sizeof(aside), "%s.aside", plugin);
        ck_assert_int_eq(link(plugin, aside), 0);
        replace(PLUGIN_2);
        ck_assert_ptr_nonnull(sweep());
        ck_assert_int_eq(rename(aside, plugin), 0);
        ck_assert_ptr_null(sweep());
        ck_assert(recovered());
        ck_assert_ptr_null(sweep());
        ck_assert(!recovered());
}
END_TEST

START_TEST(a_library_moved_aside_is_seen_by_the_name_that_was_opened) {
        char aside[PATH_MAX + 8];
        const Finding *f;

        ck_assert_ptr_null(sweep());
        snprintf(aside, sizeof(aside), "%s.bak", plugin);
        ck_assert_int_eq(rename(plugin, aside), 0);
        f = sweep();
        ck_assert_ptr_nonnull(f);
        ck_assert_int_eq(f->state, STATE_MOVED);
        copy(PLUGIN_2, plugin);
        f = sweep();
        ck_assert_ptr_nonnull(f);
        ck_assert_int_eq(f->state, STATE_SUPERSEDED);
        ck_assert_str_eq(f->path, aside);
        ck_assert_str_eq(f->loader_name, plugin);
        ck_assert_str_eq(f->successor, plugin);
}
END_TEST

/* Writes another build over the file's bytes without truncating it: private pages stay as they were. */
START_TEST(a_library_written_to_in_place_is_seen_by_who_saw_it_before) {
        const Finding *f;

        ck_assert_ptr_null(sweep());
        copy(PLUGIN_2, plugin);
        for (int i = 0; i < 3; i++) {
                f = sweep();
                ck_assert_ptr_nonnull(f);
                ck_assert_int_eq(f->state, STATE_MODIFIED);
        }
}
END_TEST

START_TEST(a_touched_library_is_current) {
        ck_assert_ptr_null(sweep());
        ck_assert_ptr_null(sweep());
        ck_assert_int_eq(chmod(plugin, 0700), 0);
        ck_assert_int_eq(utimensat(AT_FDCWD, plugin, NULL, 0), 0);
        ck_assert_ptr_null(sweep());
        copy(PLUGIN_1, plugin); /* the very same bytes */
        ck_assert_ptr_null(sweep());
}
END_TEST

START_TEST(an_ended_process_is_gone) {
        replace(PLUGIN_2);
        ck_assert_ptr_nonnull(sweep());
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        ck_assert_ptr_null(sweep());
        ck_assert_ptr_null(snapshot_find_looked(last, child));
}
END_TEST

static ProcessRecord *record_of(pid_t pid) {
        for (size_t i = 0; i < scan->n_records; i++)
                if (scan->records[i]->pid == pid)
                        return scan->records[i];
        ck_abort_msg("there is no record of process %d", (int) pid);
        return NULL;
}

START_TEST(a_process_that_has_not_run_is_not_examined_anew) {
        const ProcessRecord *r;

        replace(PLUGIN_2);
        ck_assert_ptr_nonnull(sweep());
        r = record_of(child);
        ck_assert_uint_gt(r->cpu_nsec, 0);
        ck_assert_ptr_nonnull(sweep());
        ck_assert_ptr_eq(record_of(child), r);
        tell('-', '+');
        ck_assert_ptr_nonnull(sweep());
        ck_assert_ptr_ne(record_of(child), r);
}
END_TEST

START_TEST(a_process_is_examined_anew_when_its_time_has_come) {
        const ProcessRecord *r;

        ck_assert_ptr_null(sweep());
        r = record_of(child);
        record_of(child)->due_sec = 0;
        ck_assert_ptr_null(sweep());
        ck_assert_ptr_ne(record_of(child), r);
        ck_assert_uint_gt(record_of(child)->due_sec, 0);
}
END_TEST

/* A page exchanged for one of another file changes the size of nothing. Data is no finding: it does not run. */
static const struct {
        char command;
        bool stale;
} exchanges[] = {
        { 'e', true },
        { 'r', false },
};

START_TEST(an_exchanged_mapping_is_seen_by_the_next_sweep) {
        const Finding *f;

        tell('c', '+');
        ck_assert_ptr_null(sweep());
        tell(exchanges[_i].command, '+');
        ck_assert_int_eq(unlink(plugin), 0);
        f = sweep();
        ck_assert_int_eq(f != NULL, exchanges[_i].stale);
        if (f)
                ck_assert_str_eq(f->path, plugin);
        options.pids = &child;
        options.n_pids = 1;
        ck_assert_int_eq(sweep() != NULL, exchanges[_i].stale);
}
END_TEST

static pid_t child_of_child(void) {
        char name[64];
        FILE *children;
        pid_t pid;

        snprintf(name, sizeof(name), "/proc/%d/task/%d/children", (int) child, (int) child);
        children = fopen(name, "re");
        ck_assert_ptr_nonnull(children);
        ck_assert_int_eq(fscanf(children, "%d", &pid), 1);
        fclose(children);
        return pid;
}

/* Of two fork siblings, one has the page of another file. */
START_TEST(a_fork_that_exchanged_a_mapping_is_told_apart) {
        pid_t other;

        tell('c', '+');
        tell('a', '+'); /* like no other that was forked from this program */
        tell('f', '+');
        other = child_of_child();
        tell('e', '+');
        ck_assert_int_eq(unlink(plugin), 0);
        ck_assert_ptr_nonnull(sweep_for(other));
        ck_assert_ptr_null(sweep());
}
END_TEST

/* Or has opened the same file by another name. */
START_TEST(a_fork_that_opened_a_file_by_another_name_is_told_apart) {
        pid_t other;

        ck_assert_int_eq(symlink(PLUGIN_1, another_name), 0);
        tell('c', '+');
        tell('l', '+');
        other = child_of_child();
        ck_assert_int_eq(unlink(another_name), 0);
        ck_assert_int_eq(symlink(PLUGIN_2, another_name), 0);
        ck_assert_ptr_nonnull(sweep_for(other));
        ck_assert_ptr_null(sweep());
}
END_TEST

START_TEST(examinations_are_spread_at_first_and_hourly_then) {
        const uint32_t now = 1000;
        const ProcessRecord before = { .due_sec = now };
        ProcessRecord r = { .pid = 4321 };

        process_change_schedule(&r, NULL, now);
        ck_assert_uint_eq(r.due_sec, now + 4321 % 3600);
        process_change_schedule(&r, &before, now);
        ck_assert_uint_eq(r.due_sec, now + 3600);
}
END_TEST

START_TEST(a_full_sweep_says_the_same) {
        replace(PLUGIN_2);
        ck_assert_ptr_nonnull(sweep());
        options.full = true;
        ck_assert_ptr_nonnull(sweep());
        options.text_maps = true;
        ck_assert_ptr_nonnull(sweep());
}
END_TEST

START_TEST(what_hung_before_is_left_out_and_counted) {
        SweepProcess skip;

        replace(PLUGIN_2);
        skip = (SweepProcess){ .pid = child, .start_time = sweep()->start_time };
        options.pids = &child; /* others come and go */
        options.n_pids = 1;
        options.full = true;
        options.skip_processes = &skip;
        options.n_skip_processes = 1;
        ck_assert_uint_eq(sweep()->flags & FLAG_UNCONFIRMED, FLAG_UNCONFIRMED);
        ck_assert_uint_eq(last->counts.unreadable, 1);
        ck_assert_int_eq(snapshot_find_looked(last, child)->look, LOOK_FAILED);
        skip.start_time++; /* another process of this number */
        ck_assert_uint_eq(sweep()->flags & FLAG_UNCONFIRMED, 0);
}
END_TEST

static void run_as_a_user(int fd, const void *data _unused_) {
        child_require(setgid(4242) == 0 && setuid(4242) == 0);
        child_ready(fd);
}

START_TEST(what_hung_is_not_even_read) {
        pid_t other = child_start(run_as_a_user, NULL);
        const SweepProcess skip = { .pid = other };

        options.skip_processes = &skip;
        options.n_skip_processes = 1;
        sweep();
        ck_assert_int_eq(snapshot_find_looked(last, other)->look, LOOK_FAILED);
        ck_assert_int_eq(snapshot_find_looked(last, child)->look, LOOK_DONE);
        child_end(other);
}
END_TEST

START_TEST(all_of_an_owner_are_left_out_and_counted_and_root_is_not) {
        static const uint64_t owners[] = { 0, 4242 };
        pid_t others[2];

        if (geteuid() != 0)
                return;
        for (size_t i = 0; i < 2; i++)
                others[i] = child_start(run_as_a_user, NULL);
        options.owners = true;
        options.skip_owners = owners;
        options.n_skip_owners = ELEMENTSOF(owners);
        for (size_t round = 0; round < 2; round++) {
                sweep();
                ck_assert_uint_eq(last->counts.left_out, 2);
                for (size_t i = 0; i < 2; i++)
                        ck_assert_int_eq(snapshot_find_looked(last, others[i])->look, LOOK_FAILED);
                ck_assert_int_eq(snapshot_find_looked(last, child)->look, LOOK_DONE);
        }
        options.n_skip_owners = 0;
        sweep();
        ck_assert_uint_eq(last->counts.left_out, 0);
        ck_assert_int_eq(snapshot_find_looked(last, others[0])->look, LOOK_DONE);
        child_end(others[0]);
        child_end(others[1]);
}
END_TEST

START_TEST(a_device_that_hung_is_counted_as_unknown) {
        SweepDevice skip;
        struct stat st;
        uint64_t hung;

        replace(PLUGIN_2);
        ck_assert_ptr_nonnull(sweep());
        hung = last->counts.unknown_by[UNKNOWN_HUNG];
        ck_assert_int_eq(stat(plugin, &st), 0);
        skip = (SweepDevice){ major(st.st_dev), minor(st.st_dev) };
        options.full = true;
        options.skip_devices = &skip;
        options.n_skip_devices = 1;
        sweep();
        ck_assert_uint_gt(last->counts.unknown_by[UNKNOWN_HUNG], hung);
}
END_TEST

/* A finding whose file cannot be judged for a while. */
START_TEST(what_can_be_judged_no_more_stays_unconfirmed) {
        SweepDevice skip;
        struct stat st;

        replace(PLUGIN_2);
        ck_assert_uint_eq(sweep()->flags & FLAG_UNCONFIRMED, 0);
        ck_assert_int_eq(stat(plugin, &st), 0);
        skip = (SweepDevice){ major(st.st_dev), minor(st.st_dev) };
        options.skip_devices = &skip;
        options.full = true;
        for (int i = 0; i < 2; i++) {
                options.n_skip_devices = 1;
                for (int k = 0; k < 2; k++) {
                        ck_assert_uint_eq(sweep()->flags & FLAG_UNCONFIRMED, FLAG_UNCONFIRMED);
                        ck_assert_int_eq(snapshot_find_looked(last, child)->look, LOOK_DONE);
                        ck_assert(!recovered());
                }
                options.n_skip_devices = 0;
                ck_assert_uint_eq(sweep()->flags & FLAG_UNCONFIRMED, 0);
        }
        options.n_skip_devices = 1;
        ck_assert_ptr_nonnull(sweep());
        tell('c', '+'); /* it is not mapped any more: nothing is left that could not be judged */
        ck_assert_ptr_null(sweep());
        ck_assert(!recovered());
}
END_TEST

START_TEST(what_is_current_when_it_can_be_judged_again_is_told_as_recovered) {
        char aside[PATH_MAX + 8];
        SweepDevice skip;
        struct stat st;

        snprintf(aside, sizeof(aside), "%s.aside", plugin);
        ck_assert_int_eq(link(plugin, aside), 0);
        replace(PLUGIN_2);
        ck_assert_ptr_nonnull(sweep());
        ck_assert_int_eq(stat(plugin, &st), 0);
        skip = (SweepDevice){ major(st.st_dev), minor(st.st_dev) };
        options.skip_devices = &skip;
        options.n_skip_devices = 1;
        options.full = true;
        ck_assert_uint_eq(sweep()->flags & FLAG_UNCONFIRMED, FLAG_UNCONFIRMED);
        ck_assert_int_eq(rename(aside, plugin), 0);
        options.n_skip_devices = 0;
        ck_assert_ptr_null(sweep());
        ck_assert(recovered());
}
END_TEST

static bool plugin_watched, directory_watched;

static void watch(void *userdata _unused_, int directory_fd, const char *name) {
        struct stat here, there;

        ck_assert_int_eq(fstat(directory_fd, &here), 0);
        if (streq(name, "plugin.so") && stat(directory, &there) == 0 && here.st_ino == there.st_ino)
                plugin_watched = true;
        if (streq(name, strrchr(directory, '/') + 1) && stat("/tmp", &there) == 0 && here.st_ino == there.st_ino)
                directory_watched = true;
}

START_TEST(the_entries_that_verdicts_hang_on_are_told) {
        plugin_watched = directory_watched = false;
        options.watch = watch;
        sweep();
        ck_assert(plugin_watched);
        ck_assert(directory_watched);
}
END_TEST

START_TEST(only_the_processes_asked_for_are_looked_at) {
        pid_t pids[] = { child, child, 1, INT_MAX };

        replace(PLUGIN_2);
        options.pids = pids;
        options.n_pids = ELEMENTSOF(pids);
        ck_assert_ptr_nonnull(sweep());
        ck_assert_uint_eq(last->n_looked, 2);
        ck_assert_ptr_null(snapshot_find_looked(last, INT_MAX));
}
END_TEST

START_TEST(globs_of_the_caller_are_heeded) {
        const char *paths[] = { "/nowhere/*", "*/plugin.so", NULL }, *none[] = { "/nowhere/*", NULL };

        replace(PLUGIN_2);
        options.ignore_paths = none;
        ck_assert_ptr_nonnull(sweep());
        options.ignore_paths = paths;
        options.full = true;
        ck_assert_ptr_null(sweep());
        options.ignore_paths = NULL;
        options.ignore_exes = (const char *[]){ "*/test-sweep", NULL };
        ck_assert_ptr_null(sweep());
}
END_TEST

static TCase *all_tests(const char *name, SFun how) {
        TCase *tcase = tcase_create(name);

        tcase_set_timeout(tcase, 60);
        tcase_add_checked_fixture(tcase, how, teardown);
        tcase_add_test(tcase, a_replaced_library_is_seen_and_stays_seen);
        tcase_add_test(tcase, a_reopened_library_is_stale_no_more);
        tcase_add_test(tcase, a_closed_library_is_stale_no_more);
        tcase_add_test(tcase, a_program_executed_anew_is_stale_no_more);
        tcase_add_test(tcase, a_file_that_comes_back_is_told_as_recovered);
        tcase_add_test(tcase, a_library_moved_aside_is_seen_by_the_name_that_was_opened);
        tcase_add_test(tcase, a_library_written_to_in_place_is_seen_by_who_saw_it_before);
        tcase_add_test(tcase, a_touched_library_is_current);
        tcase_add_test(tcase, an_ended_process_is_gone);
        tcase_add_test(tcase, a_process_that_has_not_run_is_not_examined_anew);
        tcase_add_test(tcase, a_process_is_examined_anew_when_its_time_has_come);
        tcase_add_loop_test(tcase, an_exchanged_mapping_is_seen_by_the_next_sweep, 0, ELEMENTSOF(exchanges));
        tcase_add_test(tcase, a_fork_that_exchanged_a_mapping_is_told_apart);
        tcase_add_test(tcase, a_fork_that_opened_a_file_by_another_name_is_told_apart);
        tcase_add_test(tcase, examinations_are_spread_at_first_and_hourly_then);
        tcase_add_test(tcase, a_full_sweep_says_the_same);
        tcase_add_test(tcase, what_hung_before_is_left_out_and_counted);
        tcase_add_test(tcase, what_hung_is_not_even_read);
        tcase_add_test(tcase, all_of_an_owner_are_left_out_and_counted_and_root_is_not);
        tcase_add_test(tcase, a_device_that_hung_is_counted_as_unknown);
        tcase_add_test(tcase, what_can_be_judged_no_more_stays_unconfirmed);
        tcase_add_test(tcase, what_is_current_when_it_can_be_judged_again_is_told_as_recovered);
        tcase_add_test(tcase, the_entries_that_verdicts_hang_on_are_told);
        tcase_add_test(tcase, only_the_processes_asked_for_are_looked_at);
        tcase_add_test(tcase, globs_of_the_caller_are_heeded);
        return tcase;
}

int main(int argc, char **argv) {
        Suite *suite;

        if (argc == 3 && streq(argv[0], "child")) {
                if (write(atoi(argv[2]), "-", 1) == 1)
                        child_run(atoi(argv[1]), atoi(argv[2]));
                return 1;
        }
        suite = suite_create("sweep");
        suite_add_tcase(suite, all_tests("sweep", setup));
        suite_add_tcase(suite, all_tests("sweep by the text of maps", setup_text));
        return unit_run(suite);
}
