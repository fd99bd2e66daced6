/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The mounts of one mount namespace, as /proc/PID/mountinfo tells them: which of
 * them may hang whoever touches them, which still exist, which cover a path. Asking
 * this text touches no file system.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "process.h"

#define MOUNTS_MAX 65536

typedef struct Mount {
        uint64_t id;
        char *root;      /* owned; what of the file system is mounted. "//deleted" at its end: an unlinked file or directory */
        char *point;     /* owned; where */
        bool remote;     /* a network or userspace file system, or one that mounts on access */
} Mount;

typedef struct MountTable {
        Mount *mounts;   /* in the kernel's order: of two on one point, the later is on top */
        size_t n_mounts, allocated;
        bool any_remote;
        bool whole;      /* has a mount on "/": nothing of the namespace is out of its sight */
} MountTable;

void mount_table_done(MountTable *t);

/* Returns 0, -ENOMEM, -errno. Lines that are not understood are left out. */
int mount_table_read(const Process *p, MountTable *ret);
/* The same from text; pure. */
int mount_table_parse(char *text, MountTable *ret);

const Mount *mount_table_find(const MountTable *t, uint64_t id);
/* The mount that a path (absolute, without symbolic links) leads to: the deepest; the topmost of several. */
const Mount *mount_table_covering(const MountTable *t, const char *path);
/* Would walking this path touch a remote mount? */
bool mount_table_crosses_remote(const MountTable *t, const char *path);
/* Is the mount's root an unlinked file or directory? */
bool mount_root_deleted(const Mount *m);
