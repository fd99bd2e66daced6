/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "findings.h"
#include "report/finding.h"
#include "unit.h"

/* A finding in which every member is set; static strings, so never to be ended itself. */
static Pin full_pins[] = {
        { PIN_HOLDER, CERTAINTY_LIKELY, (char *) "/lib/libholder.so", 1u << PIN_NODELETE, (char *) "needed by libholder.so" },
        { PIN_OPEN_HANDLES, CERTAINTY_CERTAIN, NULL, 0, (char *) "2 open handles" },
};

static Finding full(void) {
        return (Finding){
                .pid = 42, .start_time = 1000, .comm = (char *) "nginx", .exe = (char *) "/usr/sbin/nginx", .uid = 33,
                .unit = (char *) "nginx.service", .user_unit = (char *) "u.service", .container = (char *) "docker:0123",
                .path = (char *) "/opt/x.so", .loader_name = (char *) "/opt/current/x.so",
                .state = STATE_REPLACED, .flags = FLAG_SAME_CONTENT,
                .mapped = { .known = true, .dev_major = 253, .dev_minor = 1, .inode = 7, .build_id_length = 2, .build_id = { 0xab, 0x01 } },
                .disk = { .known = true, .dev_major = 253, .dev_minor = 1, .inode = 8, .build_id_length = 2, .build_id = { 0xcd, 0x02 } },
                .successor = (char *) "/opt/y.so", .pins = full_pins, .n_pins = ELEMENTSOF(full_pins),
                .runtimes = RUNTIME_NGINX, .action = ACTION_RESTART, .advice = (char *) "systemctl restart nginx.service",
                .message = (char *) "nginx (42) still runs the old /opt/x.so",
        };
}

START_TEST(a_copy_shares_nothing_and_differs_in_nothing) {
        Finding f = full(), copy = {}, again = {};

        ck_assert_int_eq(finding_copy(&f, &copy), 0);
        ck_assert_int_eq(finding_compare(&f, &copy), 0);
        ck_assert(!finding_differs(&f, &copy));
        ck_assert_str_eq(copy.comm, "nginx");
        ck_assert_str_eq(copy.exe, "/usr/sbin/nginx");
        ck_assert_str_eq(copy.loader_name, "/opt/current/x.so");
        ck_assert_uint_eq(copy.uid, 33);
        ck_assert(file_id_equal(&copy.mapped, &f.mapped));
        ck_assert_ptr_ne(copy.path, f.path);
        ck_assert_ptr_ne(copy.pins, f.pins);
        ck_assert_ptr_ne(copy.pins[0].holder, f.pins[0].holder);

        ck_assert_int_eq(finding_copy(&copy, &again), 0);
        finding_done(&copy);
        ck_assert_ptr_null(copy.path);
        ck_assert_str_eq(again.pins[1].detail, "2 open handles");
        finding_done(&again);
}
END_TEST

START_TEST(a_shared_finding_lives_until_the_last_lets_it_go) {
        Finding whole = full(), f = {};
        Finding *shared;

        ck_assert_int_eq(finding_copy(&whole, &f), 0);
        shared = finding_new(&f);
        ck_assert_ptr_nonnull(shared);
        ck_assert_ptr_null(f.path);
        ck_assert_ptr_eq(finding_ref(shared), shared);
        ck_assert_ptr_null(finding_unref(shared));
        ck_assert_str_eq(shared->path, whole.path);
        ck_assert_ptr_null(finding_unref(shared));
        ck_assert_ptr_null(finding_unref(NULL));
}
END_TEST

START_TEST(an_empty_finding_can_be_copied_and_ended) {
        Finding f = {}, copy = {};

        ck_assert_int_eq(finding_copy(&f, &copy), 0);
        ck_assert_ptr_null(copy.pins);
        ck_assert(!finding_differs(&f, &copy));
        finding_done(&copy);
        finding_done(&copy);
}
END_TEST

static void set_pid(Finding *f) { f->pid = 43; }
static void set_start(Finding *f) { f->start_time = 1001; }
static void set_major(Finding *f) { f->mapped.dev_major = 254; }
static void set_minor(Finding *f) { f->mapped.dev_minor = 2; }
static void set_inode(Finding *f) { f->mapped.inode = 8; }
static void set_path_only(Finding *f) { f->path = (char *) "/opt/z.so"; }

static const struct {
        const char *name;
        void (*change)(Finding *f);
        bool other;
} keys[] = {
        { "pid", set_pid, true },
        { "start time: the pid was used again", set_start, true },
        { "device, major", set_major, true },
        { "device, minor", set_minor, true },
        { "inode", set_inode, true },
        { "path: a rename does not make it another file", set_path_only, false },
};

START_TEST(process_and_file_make_a_finding) {
        Finding a = full(), b = full();

        keys[_i].change(&b);
        if (keys[_i].other) {
                ck_assert_msg(finding_compare(&a, &b) < 0, "%s", keys[_i].name);
                ck_assert_msg(finding_compare(&b, &a) > 0, "%s", keys[_i].name);
        } else
                ck_assert_msg(finding_compare(&a, &b) == 0, "%s", keys[_i].name);
}
END_TEST

START_TEST(the_path_stands_in_for_an_unknown_file) {
        Finding a = { .pid = 1, .path = (char *) "/a" }, b = { .pid = 1, .path = (char *) "/b" }, none = { .pid = 1 };

        ck_assert_int_lt(finding_compare(&a, &b), 0);
        ck_assert_int_gt(finding_compare(&b, &a), 0);
        ck_assert_int_eq(finding_compare(&a, &a), 0);
        ck_assert_int_lt(finding_compare(&none, &a), 0);
        ck_assert_int_eq(finding_compare(&none, &none), 0);
}
END_TEST

static Pin other_pins[2];

static Pin *changed_pin(Finding *f) {
        memcpy(other_pins, full_pins, sizeof(other_pins));
        f->pins = other_pins;
        return other_pins + 1;
}

static void set_state(Finding *f) { f->state = STATE_DELETED; }
static void set_flags(Finding *f) { f->flags = 0; }
static void set_disk_known(Finding *f) { f->disk.known = false; }
static void set_disk_inode(Finding *f) { f->disk.inode = 9; }
static void set_disk_build_id(Finding *f) { f->disk.build_id[1] = 3; }
static void set_disk_build_id_length(Finding *f) { f->disk.build_id_length = 1; }
static void set_pin_count(Finding *f) { f->n_pins = 1; }
static void set_pin_reason(Finding *f) { changed_pin(f)->reason = PIN_MUSL; }
static void set_pin_certainty(Finding *f) { changed_pin(f)->certainty = CERTAINTY_LIKELY; }
static void set_pin_holder(Finding *f) { changed_pin(f)->holder = (char *) "/lib/y.so"; }
static void set_pin_holder_pins(Finding *f) { changed_pin(f)->holder_pins = 1; }
static void set_pin_detail(Finding *f) { changed_pin(f)->detail = (char *) "3 open handles"; }
static void set_runtimes(Finding *f) { f->runtimes = 0; }
static void set_action(Finding *f) { f->action = ACTION_RELOAD; }
static void set_advice(Finding *f) { f->advice = NULL; }
static void set_message(Finding *f) { f->message = (char *) ""; }
static void set_unit(Finding *f) { f->unit = NULL; }
static void set_user_unit(Finding *f) { f->user_unit = (char *) "v.service"; }
static void set_container(Finding *f) { f->container = (char *) "lxc:x"; }
static void set_successor(Finding *f) { f->successor = NULL; }

static void (*const shown[])(Finding *f) = {
        set_state, set_flags, set_disk_known, set_disk_inode, set_disk_build_id, set_disk_build_id_length, set_pin_count,
        set_pin_reason, set_pin_certainty, set_pin_holder, set_pin_holder_pins, set_pin_detail, set_runtimes, set_action,
        set_advice, set_message, set_unit, set_user_unit, set_container, set_successor, set_path_only,
};

START_TEST(whatever_is_shown_makes_a_difference) {
        Finding a = full(), b = full();

        ck_assert(finding_is_same(&a, &b));
        shown[_i](&b);
        ck_assert(finding_differs(&a, &b));
        ck_assert(finding_differs(&b, &a));
        ck_assert(!finding_is_same(&a, &b));
}
END_TEST

static void set_uid(Finding *f) { f->uid = 4242; }
static void set_comm(Finding *f) { f->comm = NULL; }
static void set_exe(Finding *f) { f->exe = (char *) "/other"; }
static void set_loader_name(Finding *f) { f->loader_name = (char *) "other.so"; }
static void set_mapped_build_id(Finding *f) { f->mapped.build_id_length = 3; }

static void (*const beside[])(Finding *f) = { set_uid, set_comm, set_exe, set_loader_name, set_mapped_build_id, set_pid };

START_TEST(what_is_the_same_is_so_in_all) {
        Finding a = full(), b = full();

        beside[_i](&b);
        ck_assert(!finding_is_same(&a, &b));
        ck_assert(!finding_is_same(&b, &a));
}
END_TEST

static const struct {
        FileId id;
        const char *device, *build_id;
} ids[] = {
        { {}, "0:0", "" },
        { { .dev_major = 253, .dev_minor = 0 }, "253:0", "" },
        { { .dev_major = UINT32_MAX, .dev_minor = UINT32_MAX, .build_id_length = 3, .build_id = { 0x00, 0xff, 0x1a } },
          "4294967295:4294967295", "00ff1a" },
        { { .build_id_length = 255 }, "0:0", "0000000000000000000000000000000000000000000000000000000000000000" },
};

static const struct {
        uint32_t flags;
        Urgency urgency;
} urgencies[] = {
        { 0, URGENCY_NORMAL },
        { FLAG_SAME_CONTENT, URGENCY_NONE },
        { FLAG_SAME_CONTENT | FLAG_BOTH_GENERATIONS, URGENCY_NONE },
        { FLAG_CRASH_RISK, URGENCY_URGENT },
        { FLAG_CRASH_RISK | FLAG_SAME_CONTENT, URGENCY_URGENT },
        { FLAG_UNCONFIRMED, URGENCY_NORMAL },
        { FLAG_FILE_BIND_MOUNT, URGENCY_NORMAL },
};

START_TEST(urgency_goes_by_the_flags) {
        const Finding f = { .flags = urgencies[_i].flags };

        ck_assert_int_eq(finding_urgency(&f), urgencies[_i].urgency);
}
END_TEST

START_TEST(an_identity_can_be_written) {
        char device[FILE_ID_DEVICE_MAX], build_id[2 * BUILD_ID_MAX + 1];

        ck_assert_str_eq(file_id_device(&ids[_i].id, device), ids[_i].device);
        ck_assert_str_eq(file_id_build_id(&ids[_i].id, build_id), ids[_i].build_id);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("finding");
        TCase *tcase = tcase_create("finding");

        tcase_add_test(tcase, a_copy_shares_nothing_and_differs_in_nothing);
        tcase_add_test(tcase, a_shared_finding_lives_until_the_last_lets_it_go);
        tcase_add_test(tcase, an_empty_finding_can_be_copied_and_ended);
        tcase_add_loop_test(tcase, process_and_file_make_a_finding, 0, ELEMENTSOF(keys));
        tcase_add_test(tcase, the_path_stands_in_for_an_unknown_file);
        tcase_add_loop_test(tcase, whatever_is_shown_makes_a_difference, 0, ELEMENTSOF(shown));
        tcase_add_loop_test(tcase, what_is_the_same_is_so_in_all, 0, ELEMENTSOF(beside));
        tcase_add_loop_test(tcase, an_identity_can_be_written, 0, ELEMENTSOF(ids));
        tcase_add_loop_test(tcase, urgency_goes_by_the_flags, 0, ELEMENTSOF(urgencies));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
