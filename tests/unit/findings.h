/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Findings and snapshots made up in a line, for tests of what is done with them. */

#include "report/snapshot.h"
#include "unit.h"

static inline Finding finding_make(pid_t pid, uint64_t inode, const char *unit) {
        Finding f = {
                .pid = pid,
                .start_time = 7,
                .comm = strdup("nginx"),
                .exe = strdup("/usr/sbin/nginx"),
                .uid = 33,
                .unit = unit ? strdup(unit) : NULL,
                .path = strdup("/opt/probe/libdi_rechk.so"),
                .state = STATE_REPLACED,
                .mapped = { .dev_major = 253, .inode = inode, .known = true },
                .disk = { .dev_major = 253, .inode = inode + 1000, .known = true },
                .runtimes = RUNTIME_GO,
                .action = ACTION_RESTART,
                .advice = strdup("systemctl restart nginx.service"),
                .message = strdup("nginx still runs the old file"),
        };

        f.pins = calloc(1, sizeof(*f.pins));
        f.n_pins = 1;
        f.pins[0] = (Pin){ .reason = PIN_NODELETE, .detail = strdup("DF_1_NODELETE is set") };
        return f;
}

/* Every member set, with bytes in the names that must be escaped. */
static inline Finding finding_make_full(void) {
        Finding f = {
                .pid = 3391245,
                .start_time = UINT64_MAX,
                .comm = strdup("ng\x1b[31minx"),
                .exe = strdup("/usr/sbin/nginx"),
                .uid = UINT32_MAX,
                .unit = strdup("nginx\\x2da.service"),
                .user_unit = strdup("app.service"),
                .container = strdup("docker:0123456789ab"),
                .path = strdup("/opt/a b/\xff\n\"pl\\012ug\xc3\xa9.so"),
                .loader_name = strdup("/opt/current/plug.so"),
                .state = STATE_REPLACED,
                .flags = FLAG_SAME_CONTENT | FLAG_FILE_BIND_MOUNT,
                .mapped = { 253, 0, 5250054, true, 20, { 0xde, 0xad, 0xbe, 0xef, 5, [19] = 0x0a } },
                .disk = { UINT32_MAX, 1048575, UINT64_MAX, true, 0, {} },
                .successor = strdup("/opt/new.so"),
                .n_pins = 2,
                .runtimes = RUNTIME_GO | RUNTIME_NGINX,
                .action = ACTION_RESTART,
                .advice = strdup("systemctl restart 'nginx\\\\x2da.service'"),
                .message = strdup("it still runs the old /opt/a b/\\xff\\x0a\"… pl\\\\012ug"),
        };
        f.pins = calloc(2, sizeof(Pin));
        f.pins[0] = (Pin){ PIN_NODELETE, CERTAINTY_CERTAIN, NULL, 0, strdup("DF_1_NODELETE is set") };
        f.pins[1] = (Pin){ PIN_HOLDER, CERTAINTY_BY_ELIMINATION, strdup("/lib/\x01h.so"),
                            1u << PIN_NODELETE | 1u << PIN_UNKNOWN, strdup("it is DT_NEEDED") };
        return f;
}

/* By its members: what lies between them is anything. */
static inline bool file_id_equal(const FileId *a, const FileId *b) {
        return a->dev_major == b->dev_major && a->dev_minor == b->dev_minor && a->inode == b->inode && a->known == b->known &&
                a->build_id_length == b->build_id_length && memcmp(a->build_id, b->build_id, a->build_id_length) == 0;
}

static inline void snapshot_put(Snapshot *s, pid_t pid, uint64_t inode, const char *unit, uint32_t flags) {
        Finding f = finding_make(pid, inode, unit);

        f.flags = flags;
        ck_assert_int_eq(snapshot_take_finding(s, &f), 0);
}

static inline void snapshot_look(Snapshot *s, pid_t pid, Look look) {
        ck_assert_int_eq(snapshot_add_looked(s, pid, 7, look), 0);
}
