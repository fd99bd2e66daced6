/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "fuzz.h"
#include "proc/mountinfo.h"
#include "util/base.h"

/* The text of /proc/PID/mountinfo. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(mount_table_done) MountTable t = {};
        _cleanup_free_ char *text = malloc(size + 1);
        size_t remote = 0;

        FUZZ_CHECK(text);
        memcpy(text, data, size);
        text[size] = '\0';
        FUZZ_CHECK(mount_table_parse(text, &t) == 0);
        FUZZ_CHECK(t.n_mounts <= MOUNTS_MAX);
        for (size_t i = 0; i < t.n_mounts; i++) {
                const Mount *m = &t.mounts[i], *found = mount_table_find(&t, m->id);

                FUZZ_CHECK(found && found->id == m->id);
                FUZZ_CHECK(m->top < t.n_mounts);
                FUZZ_CHECK(m->parent == MOUNT_NO_PARENT || mount_table_find(&t, m->parent));
                found = mount_table_covering(&t, m->point);
                FUZZ_CHECK(!found || found->point[0] == '/');
                if (m->remote && m->point[0] == '/' && !strstr(m->point, "//") && (m->point[1] == '\0' || m->point[strlen(m->point) - 1] != '/'))
                        FUZZ_CHECK(mount_table_crosses_remote(&t, m->point));
                remote += m->remote;
                mount_root_deleted(m);
        }
        FUZZ_CHECK(remote == t.n_remote && t.any_remote == (remote > 0));
        return 0;
}
