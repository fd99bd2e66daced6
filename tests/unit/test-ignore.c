/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/ignore.h"
#include "unit.h"

/* Every rule, by its name in the table, has at least one row here, with a name as it is met in the wild. */
static const struct {
        const char *rule; /* NULL: not ignored */
        IgnoreFacts facts;
} rows[] = {
#define GONE(p) { .path = p, .removed = true, .nlink_known = true, .elf_known = true, .elf = true }
#define GONE_DATA(p) { .path = p, .removed = true, .nlink_known = true, .elf_known = true }
        { "removed file that is not ELF", GONE_DATA("/tmp/ffiW5exih") },
        { "removed file that is not ELF", GONE_DATA("/run/user/1000/orcexec.A1b2C3") },
        { "removed file that is not ELF", GONE_DATA("/dev/shm/.org.chromium.Chromium.x1y2z3") },
        { "removed file that is not ELF", GONE_DATA("/root/.debug/jit/jit-42.dump") },
        { NULL, GONE("/tmp/ffiW5exih") },
        { NULL, GONE("/dev/shm/plugin.so") },
        { NULL, { .path = "/tmp/ffiW5exih", .removed = true } },
        { NULL, { .path = "/usr/lib/locale/C.utf8/LC_CTYPE", .elf_known = true } },
        { "temporary file without a name", GONE("/tmp/#10952869") },
        { "temporary file without a name", { .path = "/#1", .removed = true } },
        { NULL, GONE("/tmp/#") },
        { NULL, GONE("/tmp/#12a") },
        { NULL, GONE("/tmp/a#12") },
        { NULL, { .path = "/tmp/#12", .removed = true, .nlink_known = true, .nlink = 1, .elf_known = true, .elf = true } },
        { "memfd", GONE("/memfd:plugin.so") },
        { "memfd", GONE("/memfd:") },
        { "memfd", GONE("/memfd:a/b") },
        { NULL, GONE("/opt/memfd:plugin.so") },
        { "System V shared memory", GONE("/SYSV00000000") },
        { NULL, GONE("/SYSV0000000x") },
        { "shared anonymous memory", GONE("/dev/zero") },
        { "huge pages", GONE("/anon_hugepage") },
        { "secret memory", GONE("/secretmem") },
        { "asynchronous input and output", GONE("/[aio]") },
        { "graphics memory, i915", GONE("/i915") },
        { "graphics memory", GONE("/drm mm object") },
        { "device memory", GONE("/dmabuf:") },
        { "JNA", GONE("/tmp/jna--1712433994/jna7942230164883463296.tmp") },
        { "JNA", GONE("/var/lib/graylog-server/.cache/JNA/temp/jna9813714574390699375.tmp") },
        { NULL, GONE("/tmp/jna.tmp") },
        { NULL, GONE("/tmp/jna123.tmp.so") },
        { NULL, GONE("/opt/xjna123456.tmp") },
        { "jffi", GONE("/tmp/jffi2434865470457235499.so") },
        { NULL, GONE("/opt/jffi-1.2.so") },
        { "zstd-jni", GONE("/opt/mailboxd/work/libzstd-jni-1.5.7-310023456789012345678.so") },
        { NULL, GONE("/usr/lib/jni/libzstd-jni-1.5.200.so") },
        { NULL, GONE("/opt/app/lib/libzstd-jni-1.5.7-3.so") },
        { "Netty", GONE("/tmp/libnetty_transport_native_epoll_x86_645823749823749823.so") },
        { "Netty", GONE("/tmp/libio_grpc_netty_shaded_netty_tcnative_linux_x86_641234567890123.so") },
        { NULL, GONE("/opt/app/lib/libnetty_transport_native_epoll_x86_64.so") },
        { "Conscrypt", GONE("/tmp/libconscrypt_openjdk_jni-linux-x86_641234567890123.so") },
        { "snappy-java", GONE("/tmp/snappy-1.1.10-b9ba72cc-cb56-4726-b38f-47bc7a207cd1-libsnappyjava.so") },
        { NULL, GONE("/opt/libsnappyjava.so") },
        { "sqlite-jdbc", GONE("/tmp/sqlite-3.36.0-110120d0-32c8-495c-affe-12ee5d24f92e-libsqlitejdbc.so") },
        { "jansi", GONE("/tmp/jansi-2.4.0-5a1b2c3d4e5f6a7b-libjansi.so") },
        { "lz4-java", GONE("/tmp/liblz4-java-1234567890123456789.so") },
        { "lz4-java", GONE("/tmp/liblz4-java1234567890123456789.so") },
        { "RocksDB", GONE("/tmp/librocksdbjni1234567890123456789.so") },
        { NULL, GONE("/opt/librocksdbjni-linux64.so") },
        { "brotli4j", GONE("/tmp/com_aayushatharva_brotli4j_123456789012345/libbrotli.so") },
        { NULL, GONE("/opt/brotli4j/libbrotli.so") },
        { NULL, GONE("libbrotli.so") },
        { "Bun, addons", GONE("/tmp/.7efdf7f29cfffbf1-00000001.node") },
        { "Bun, libraries", GONE("/tmp/.59ee776dfc9ebfd7-00000000.so") },
        { NULL, GONE("/tmp/.59ee776dfc9ebfd7.so") },
        { NULL, GONE("/opt/plugin.so") },
        { NULL, GONE("/usr/lib/x86_64-linux-gnu/jna1234567.tmp") },
        /* Of a file that was not removed, nothing is ignored. */
        { NULL, { .path = "/tmp/jna7942230164883463296.tmp", .elf_known = true, .elf = true } },
        { NULL, { .path = "/memfd:x", .elf_known = true } },
};

START_TEST(what_a_program_removed_itself_is_ignored) {
        const IgnoreRule *rule = ignore_find(&rows[_i].facts);

        ck_assert_msg(streq_null(rule ? rule->name : NULL, rows[_i].rule), "%s: %s", rows[_i].facts.path, rule ? rule->name : "not ignored");
}
END_TEST

START_TEST(every_rule_has_a_reason_and_an_example) {
        size_t n;
        const IgnoreRule *rules = ignore_rules(&n);

        for (size_t i = 0; i < n; i++) {
                bool found = false;

                for (size_t k = 0; k < ELEMENTSOF(rows); k++)
                        found = found || (rows[k].rule && streq(rows[k].rule, rules[i].name));
                ck_assert_msg(found, "no example of %s", rules[i].name);
                ck_assert_uint_gt(strlen(rules[i].reason), 20);
                ck_assert_int_eq(rules[i].reason[strlen(rules[i].reason) - 1], '.');
        }
}
END_TEST

static const struct {
        const char *pattern, *path;
        bool match;
} matches[] = {
        { "a", "/x/a", true },
        { "a", "/a/x", false },
        { "a", "a", true },
        { "a/b", "/x/a/b", true },
        { "a/b", "/a/x/b", false },
        { "a/b", "b", false },
        { "a/b", "a/b", true },
        { "/a", "/a", true },
        { "/a", "/x/a", false },
        { "*.so", "/x/.so", true },
        { "a*b*c", "/axbxbxc", true },
        { "a*b*c", "/axbxbxcx", false },
        { "a*c", "/ab/c", false },
        { "a*/c", "/ab/c", true },
        { "a*", "/x/abc", true },
        { "a#b", "/a123b", true },
        { "a#b", "/a12b", false },
        { "a*#b", "/a12345678b", true },
        { "a*#", "/a1234b567", true },
        { "%-%", "/0aF-9", true },
        { "%-%", "/-9", false },
        { "", "/a", false },
        { "", "", true },
};

START_TEST(a_pattern_matches_the_last_components) {
        ck_assert_msg(ignore_rule_matches(matches[_i].pattern, matches[_i].path) == matches[_i].match, "%s %s", matches[_i].pattern, matches[_i].path);
}
END_TEST

START_TEST(a_long_name_does_not_take_long) {
        char *path = malloc(1 << 20);

        ck_assert_ptr_nonnull(path);
        memset(path, '1', 1 << 20);
        path[(1 << 20) - 1] = '\0';
        ck_assert(!ignore_rule_matches("1*1*1*2", path));
        free(path);
}
END_TEST

START_TEST(globs_of_the_administrator_cross_slashes) {
        static const char *const globs[] = { "/opt/*.tmp", "*/cache/?.so", NULL }, *const none[] = { NULL };

        ck_assert(ignore_globs_match(globs, "/opt/a/b/c.tmp"));
        ck_assert(ignore_globs_match(globs, "/x/cache/y.so"));
        ck_assert(!ignore_globs_match(globs, "/x/cache/yy.so"));
        ck_assert(!ignore_globs_match(globs, NULL));
        ck_assert(!ignore_globs_match(none, "/opt/a.tmp"));
        ck_assert(!ignore_globs_match(NULL, "/opt/a.tmp"));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("ignore");
        TCase *tcase = tcase_create("ignore");

        tcase_add_loop_test(tcase, what_a_program_removed_itself_is_ignored, 0, ELEMENTSOF(rows));
        tcase_add_test(tcase, every_rule_has_a_reason_and_an_example);
        tcase_add_loop_test(tcase, a_pattern_matches_the_last_components, 0, ELEMENTSOF(matches));
        tcase_add_test(tcase, a_long_name_does_not_take_long);
        tcase_add_test(tcase, globs_of_the_administrator_cross_slashes);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
