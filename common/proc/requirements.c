/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/capability.h>
#include <sys/syscall.h>

#include "proc/file-identity.h"
#include "proc/requirements.h"
#include "util/base.h"

#ifndef SYS_openat2
#define SYS_openat2 __NR_openat2 /* known to the kernel's headers before glibc 2.32 */
#endif

static bool has_openat2(void) {
        struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
        int fd = (int) syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));

        fd_close(fd);
        return fd >= 0;
}

static bool has_mount_id(void) {
        FileIdentity i;

        return file_identity_read(AT_FDCWD, "/", &i) >= 0 && i.mount_id != 0;
}

/*
 * The right belongs to the first user namespace (Linux fs/proc/base.c, proc_map_files_get_link()): a capability of this
 * process may be of another one, so a link of its own is followed instead.
 */
static bool has_map_files(void) {
        FILE *maps = fopen("/proc/self/maps", "re");
        uint64_t start, end, inode;
        bool can = true; /* there may be no mapping of a file to try it on */
        char line[512];

        while (maps && fgets(line, sizeof(line), maps)) {
                char name[80];
                FileIdentity i;

                if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*s %*s %" SCNu64, &start, &end, &inode) != 3 || inode == 0)
                        continue;
                snprintf(name, sizeof(name), "/proc/self/map_files/%" PRIx64 "-%" PRIx64, start, end);
                can = file_identity_read(AT_FDCWD, name, &i) >= 0;
                break;
        }
        if (maps)
                fclose(maps);
        return can;
}

static bool has_capability(cap_value_t capability) {
        cap_flag_value_t value = CAP_CLEAR;
        cap_t have = cap_get_proc();
        bool has;

        has = have && cap_get_flag(have, capability, CAP_EFFECTIVE, &value) >= 0 && value == CAP_SET;
        cap_free(have);
        return has;
}

uint32_t requirements_missing(void) {
        return (has_openat2() ? 0u : REQUIREMENT_OPENAT2) |
               (has_mount_id() ? 0u : REQUIREMENT_MOUNT_ID) |
               (has_capability(CAP_SYS_PTRACE) ? 0u : REQUIREMENT_PTRACE) |
               (has_map_files() ? 0u : REQUIREMENT_MAP_FILES) |
               (has_capability(CAP_DAC_READ_SEARCH) ? 0u : REQUIREMENT_SEARCH);
}

const char *requirement_describe(Requirement bit) {
        switch (bit) {
        case REQUIREMENT_OPENAT2:
                return "openat2(2) is missing or denied (Linux 5.6 or later is needed): no path can be resolved, nothing can be judged";
        case REQUIREMENT_MOUNT_ID:
                return "statx(2) gives no mount ids (Linux 5.8 or later is needed): detached and covered mounts cannot be told apart";
        case REQUIREMENT_PTRACE:
                return "CAP_SYS_PTRACE is missing: processes of other users cannot be read";
        case REQUIREMENT_MAP_FILES:
                return "CAP_CHECKPOINT_RESTORE is missing in the initial user namespace: files that are mapped and renamed over "
                       "or deleted cannot be compared with those on disk";
        case REQUIREMENT_SEARCH:
                return "CAP_DAC_READ_SEARCH is missing: directories of other users cannot be searched";
        default:
                return "a requirement is missing";
        }
}
