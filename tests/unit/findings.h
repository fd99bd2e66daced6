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
