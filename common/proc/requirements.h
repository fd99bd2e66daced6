/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What judging needs of the kernel and of this process's rights. Asked once at start: what is missing makes mappings
 * `unknown`, and is reported once instead of being inferred from their reasons.
 */

#include <stdint.h>

/* Bits of a mask, in the order in which they are described. */
typedef enum Requirement {
        REQUIREMENT_OPENAT2 = 1 << 0,   /* openat2(2), Linux 5.6: without it no path is resolved, nothing can be judged */
        REQUIREMENT_MOUNT_ID = 1 << 1,  /* STATX_MNT_ID of statx(2), Linux 5.8: detached and covered mounts */
        REQUIREMENT_PTRACE = 1 << 2,    /* CAP_SYS_PTRACE: processes of other users */
        REQUIREMENT_MAP_FILES = 1 << 3, /* CAP_CHECKPOINT_RESTORE in the first user namespace: links in map_files, proc_pid_map_files(5) */
        REQUIREMENT_SEARCH = 1 << 4,    /* CAP_DAC_READ_SEARCH: directories of other users */
        REQUIREMENT_ALL = (1 << 5) - 1,
} Requirement;

/* Those that are not needed to examine the caller's own processes. */
#define REQUIREMENTS_OF_RIGHTS (REQUIREMENT_PTRACE | REQUIREMENT_MAP_FILES | REQUIREMENT_SEARCH)

/* The mask of what this process, as it is now, does not have. */
uint32_t requirements_missing(void);

/* What is missing, and what that means, in a clause without a final full stop: static. bit: a single one. */
const char *requirement_describe(Requirement bit);
