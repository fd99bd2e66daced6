/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "child.h"
#include "proc/process.h"

static int proc_fd = -EBADF;

static void open_proc(void) {
        proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        ck_assert_int_ge(proc_fd, 0);
}

static void close_proc(void) {
        proc_fd = fd_close(proc_fd);
}

static void wait_here(int fd, const void *data _unused_) {
        child_ready(fd);
}

START_TEST(list_is_ascending_and_has_this_process_and_a_zombie) {
        _cleanup_(process_list_done) ProcessList list = {};
        bool self = false, zombie = false;
        siginfo_t info;
        pid_t child;

        child = fork();
        if (child == 0)
                _exit(0);
        ck_assert_int_eq(waitid(P_PID, (id_t) child, &info, WEXITED | WNOWAIT), 0);
        ck_assert_int_eq(process_list_read(proc_fd, &list), 0);
        for (size_t i = 0; i < list.n_pids; i++) {
                ck_assert(i == 0 || list.pids[i - 1] < list.pids[i]);
                self = self || list.pids[i] == getpid();
                zombie = zombie || list.pids[i] == child;
        }
        ck_assert(self);
        ck_assert(zombie);
        waitpid(child, NULL, 0);
}
END_TEST

START_TEST(open_process_is_alive_and_keeps_its_identity) {
        _cleanup_(process_done) Process p = PROCESS_NULL, again = PROCESS_NULL;

        ck_assert_int_eq(process_open(proc_fd, getpid(), &p), 0);
        ck_assert_int_eq(process_open(proc_fd, getpid(), &again), 0);
        ck_assert_int_eq(p.pid, getpid());
        ck_assert(p.has_memory);
        ck_assert_uint_gt(p.start_time, 0);
        ck_assert_uint_eq(p.start_time, again.start_time);
        ck_assert_uint_eq(p.start_time, p.thread_start_time);
        ck_assert(process_alive(&p));
}
END_TEST

static const struct {
        const char *name;
        pid_t pid;
} nobodies[] = { { "zero", 0 }, { "negative", -1 }, { "above every limit", 0x7fffffff } };

START_TEST(pid_of_nobody_is_gone) {
        Process p = PROCESS_NULL;

        ck_assert_int_eq(process_open(proc_fd, nobodies[_i].pid, &p), -ESRCH);
        ck_assert_int_lt(p.fd, 0);
}
END_TEST

START_TEST(zombie_opens_and_has_no_memory) {
        _cleanup_(process_done) Process p = PROCESS_NULL;
        siginfo_t info;
        pid_t child;

        child = fork();
        if (child == 0)
                _exit(0);
        ck_assert_int_eq(waitid(P_PID, (id_t) child, &info, WEXITED | WNOWAIT), 0);
        ck_assert_int_eq(process_open(proc_fd, child, &p), 0);
        ck_assert(!p.has_memory);
        ck_assert(!process_alive(&p));
        waitpid(child, NULL, 0);
}
END_TEST

START_TEST(kernel_thread_opens_and_has_no_memory) {
        _cleanup_(process_done) Process p = PROCESS_NULL;
        _cleanup_free_ char *comm = NULL;

        /* In a pid namespace of its own there is none: then nothing is shown here. */
        if (process_open(proc_fd, 2, &p) < 0 || process_read_file(&p, "comm", 64, &comm, NULL) < 0 ||
            !streq(comm, "kthreadd\n"))
                return;
        ck_assert(!p.has_memory);
        ck_assert(!process_alive(&p));
}
END_TEST

START_TEST(killed_process_is_gone_whatever_is_asked) {
        _cleanup_(process_done) Process p = PROCESS_NULL;
        _cleanup_free_ char *text = NULL, *link = NULL;
        pid_t child = child_start(wait_here, NULL);

        ck_assert_int_eq(process_open(proc_fd, child, &p), 0);
        ck_assert(process_alive(&p));
        child_end(child);
        ck_assert(!process_alive(&p));
        ck_assert_int_eq(process_read_file(&p, "maps", 4096, &text, NULL), -ESRCH);
        ck_assert_int_lt(process_read_link(&p, "exe", &link), 0);
        ck_assert_int_eq(process_open(proc_fd, child, &(Process){}), -ESRCH);
}
END_TEST

static const char *const comms[] = { ")", "(", ") Z 0 (", "a b", "a\nb", ") X", "\xff\xfe", " ", ") S 1 1 1 1" };

static void rename_here(int fd, const void *name) {
        child_require(prctl(PR_SET_NAME, name) == 0);
        child_ready(fd);
}

START_TEST(name_of_a_process_cannot_pretend_to_be_its_state) {
        _cleanup_(process_done) Process p = PROCESS_NULL, plain = PROCESS_NULL;
        pid_t before = child_start(wait_here, NULL), child = child_start(rename_here, comms[_i]);

        ck_assert_int_eq(process_open(proc_fd, before, &plain), 0);
        ck_assert_int_eq(process_open(proc_fd, child, &p), 0);
        ck_assert(p.has_memory);
        ck_assert(process_alive(&p));
        /* Started one after the other, within a minute. */
        ck_assert_uint_ge(p.start_time, plain.start_time);
        ck_assert_uint_le(p.start_time, plain.start_time + 60 * (uint64_t) sysconf(_SC_CLK_TCK));
        child_end(child);
        child_end(before);
}
END_TEST

static void *stay(void *fd) {
        char path[64], state[64] = "";

        /* Ready when the first thread is a zombie: poll what has no event. */
        snprintf(path, sizeof(path), "/proc/%d/stat", (int) getpid());
        do {
                int stat_fd = open(path, O_RDONLY | O_CLOEXEC);

                child_require(stat_fd >= 0 && read(stat_fd, state, sizeof(state) - 1) > 0);
                close(stat_fd);
        } while (!strstr(state, ") Z "));
        child_ready((int) (intptr_t) fd);
        return NULL;
}

static void exit_first_thread(int fd, const void *data _unused_) {
        pthread_t thread;

        child_require(pthread_create(&thread, NULL, stay, (void *) (intptr_t) fd) == 0);
        syscall(SYS_exit, 0);
}

START_TEST(process_whose_first_thread_exited_is_read_through_another) {
        _cleanup_(process_done) Process p = PROCESS_NULL, own = PROCESS_NULL;
        _cleanup_free_ char *exe = NULL, *own_exe = NULL, *maps = NULL;
        _cleanup_(process_group_done) ProcessGroup group = {};
        _cleanup_(finding_done) Finding f = {};
        pid_t child = child_start(exit_first_thread, NULL);

        ck_assert_int_eq(process_open(proc_fd, child, &p), 0);
        ck_assert(p.has_memory);
        ck_assert(process_alive(&p));
        ck_assert_int_eq(p.pid, child);
        ck_assert_uint_gt(p.start_time, 0);
        ck_assert_uint_le(p.start_time, p.thread_start_time);
        ck_assert_int_eq(process_read_link(&p, "exe", &exe), 0);
        ck_assert_int_eq(process_open(proc_fd, getpid(), &own), 0);
        ck_assert_int_eq(process_read_link(&own, "exe", &own_exe), 0);
        ck_assert_str_eq(exe, own_exe);
        ck_assert_int_eq(process_read_file(&p, "maps", 1 << 20, &maps, NULL), 0);
        ck_assert_ptr_nonnull(strstr(maps, "libc"));
        ck_assert_int_eq(faccessat(p.fd, "map_files", F_OK, 0), 0);
        ck_assert_int_eq(process_describe(&p, &group, &f), 0);
        ck_assert_uint_eq(f.uid, geteuid());
        child_end(child);
        ck_assert(!process_alive(&p));
}
END_TEST

START_TEST(file_is_read_whole_though_it_comes_in_pieces) {
        _cleanup_(process_done) Process p = PROCESS_NULL;
        _cleanup_free_ char *whole = NULL, *part = NULL, *nothing = NULL;
        size_t size, part_size;

        ck_assert_int_eq(process_open(proc_fd, getpid(), &p), 0);
        ck_assert_int_eq(process_read_file(&p, "smaps", 1 << 22, &whole, &size), 0);
        ck_assert_uint_gt(size, 4096);
        ck_assert_uint_eq(strlen(whole), size);
        ck_assert_int_eq(process_read_file(&p, "smaps", 5000, &part, &part_size), 0);
        ck_assert_uint_eq(part_size, 5000);
        ck_assert_int_eq(part[5000], '\0');
        ck_assert_int_eq(process_read_file(&p, "smaps", 0, &nothing, NULL), 0);
        ck_assert_str_eq(nothing, "");
        ck_assert_int_eq(process_read_file(&p, "no such file", 10, &nothing, NULL), -ENOENT);
}
END_TEST

START_TEST(description_has_name_and_user) {
        _cleanup_(process_done) Process p = PROCESS_NULL;
        _cleanup_(process_group_done) ProcessGroup group = {};
        _cleanup_(finding_done) Finding f = {}, again = {};
        pid_t child = child_start(rename_here, "a )b");

        ck_assert_int_eq(process_open(proc_fd, child, &p), 0);
        ck_assert_int_eq(process_describe(&p, &group, &f), 0);
        ck_assert_str_eq(f.comm, "a )b");
        ck_assert_uint_eq(f.uid, geteuid());
        ck_assert_int_eq(process_describe(&p, &group, &again), 0); /* of a group that is known by now */
        ck_assert_str_eq(again.comm, f.comm);
        ck_assert(streq_null(again.unit, f.unit) && streq_null(again.user_unit, f.user_unit) && streq_null(again.container, f.container));
        child_end(child);
        ck_assert_int_eq(process_describe(&p, &group, &f), -ESRCH);
}
END_TEST

#define NOBODY 65534

static void change_user(int fd, const void *data _unused_) {
        child_require(setresuid(0, NOBODY, 0) == 0);
        child_require(prctl(PR_SET_DUMPABLE, 0) == 0);
        child_ready(fd);
}

/* Its files are root's then, but not its directory. */
START_TEST(user_is_the_effective_one_of_a_process_that_may_not_be_dumped) {
        _cleanup_(process_done) Process p = PROCESS_NULL;
        _cleanup_(process_group_done) ProcessGroup group = {};
        _cleanup_(finding_done) Finding f = {};
        pid_t child;

        if (geteuid() != 0)
                return;
        child = child_start(change_user, NULL);
        ck_assert_int_eq(process_open(proc_fd, child, &p), 0);
        ck_assert_int_eq(process_describe(&p, &group, &f), 0);
        ck_assert_uint_eq(f.uid, NOBODY);
        child_end(child);
}
END_TEST

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
        const char *name, *cgroup, *container;
} containers[] = {
        { "none", "0::/system.slice/nginx.service\n", NULL },
        { "root", "0::/\n", NULL },
        { "empty", "", NULL },
        { "no path", "garbage", NULL },
        { "docker, systemd driver", "0::/system.slice/docker-" ID ".scope\n", "docker:0123456789ab" },
        { "docker, cgroupfs driver", "0::/docker/" ID "\n", "docker:0123456789ab" },
        { "docker below another group", "12:pids:/docker/" ID "/init\n", "docker:0123456789ab" },
        { "podman", "0::/machine.slice/libpod-" ID ".scope/container\n", "podman:0123456789ab" },
        { "kubernetes, containerd", "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID ".scope\n", "k8s:0123456789ab" },
        { "kubernetes, cri-o", "0::/kubepods.slice/crio-" ID ".scope\n", "k8s:0123456789ab" },
        { "lxc", "0::/lxc.payload.web1\n", "lxc:web1" },
        { "lxc, within", "0::/lxc.payload.web1/system.slice/ssh.service\n", "lxc:web1" },
        { "id too short", "0::/system.slice/docker-0123.scope\n", NULL },
        { "id is no hexadecimal number", "0::/docker/" "g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n", NULL },
        { "id goes on", "0::/system.slice/docker-" ID "0.scope\n", NULL },
        { "named so by a user", "0::/user.slice/user-1000.slice/docker-" ID ".scope\n", NULL },
        { "named so below a user's manager", "0::/x/user@1000.service/docker-" ID ".scope\n", NULL },
};

START_TEST(container_is_told_from_the_control_group) {
        _cleanup_free_ char *found = process_container_from_cgroup(containers[_i].cgroup);

        ck_assert_msg(streq_null(found, containers[_i].container), "%s: %s", containers[_i].name, found ? found : "none");
}
END_TEST

int main(void) {
        Suite *suite = suite_create("process");
        TCase *tcase = tcase_create("process");

        tcase_add_checked_fixture(tcase, open_proc, close_proc);
        tcase_add_test(tcase, list_is_ascending_and_has_this_process_and_a_zombie);
        tcase_add_test(tcase, open_process_is_alive_and_keeps_its_identity);
        tcase_add_loop_test(tcase, pid_of_nobody_is_gone, 0, ELEMENTSOF(nobodies));
        tcase_add_test(tcase, zombie_opens_and_has_no_memory);
        tcase_add_test(tcase, kernel_thread_opens_and_has_no_memory);
        tcase_add_test(tcase, killed_process_is_gone_whatever_is_asked);
        tcase_add_loop_test(tcase, name_of_a_process_cannot_pretend_to_be_its_state, 0, ELEMENTSOF(comms));
        tcase_add_test(tcase, process_whose_first_thread_exited_is_read_through_another);
        tcase_add_test(tcase, file_is_read_whole_though_it_comes_in_pieces);
        tcase_add_test(tcase, description_has_name_and_user);
        tcase_add_test(tcase, user_is_the_effective_one_of_a_process_that_may_not_be_dumped);
        tcase_add_loop_test(tcase, container_is_told_from_the_control_group, 0, ELEMENTSOF(containers));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
