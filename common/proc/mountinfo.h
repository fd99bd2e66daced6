/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The mounts of one mount namespace, from /proc/PID/mountinfo: which of them may
 * block a caller, which still exist, which cover a path. Reading
 * this text touches no file system.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proc/process.h"

#define MOUNTS_MAX 65536

#define MOUNT_NO_PARENT UINT64_MAX

typedef struct Mount {
        uint64_t id;
        uint32_t dev_major, dev_minor; /* of the superblock: what maps prints, not always st_dev */
        uint64_t parent; /* what it is mounted on; MOUNT_NO_PARENT: not in the table */
        char *root;      /* owned; what of the file system is mounted. "//deleted" at its end: an unlinked file or directory */
        char *point;     /* owned; where */
        char *layers;    /* owned; of an overlay, its directories as they were named to it, each with its NUL, then an empty one; else NULL */
        uint32_t top;    /* index of the topmost of the mounts stacked on it at its point; itself, where there are none */
        bool remote;     /* a network or userspace file system, one that mounts on access, or an overlay with a layer on such */
        bool doubtful;   /* an overlay whose layers may be anything: see mount_table_doubt_overlays() */
} Mount;

typedef struct MountTable {
        Mount *mounts;   /* in the kernel's order: of two on one point, the later is on top */
        size_t n_mounts, allocated;
        uint32_t *by_id, *by_point, *by_device; /* owned; sorted indices: a hostile namespace may have tens of thousands of mounts */
        uint32_t *remote_by_point;  /* owned; of by_point, those that are remote */
        size_t n_remote;
        bool any_remote, any_doubtful;
        bool whole;      /* has a mount on "/": nothing of the namespace is out of its sight */
} MountTable;

void mount_table_done(MountTable *t);

/* Returns 0, -ENOMEM, -errno. Lines that are not understood are left out. */
int mount_table_read(const Process *p, MountTable *ret);
/* The same from text; pure. */
int mount_table_parse(char *text, MountTable *ret);

/*
 * Marks the overlays of `t` that have a layer on a remote mount of `where`: a call on
 * such an overlay hangs when its layer does. The layers were named in the namespace
 * of the process that mounted it, mostly the initial one, not in that of the container. Those
 * of the table itself are marked already.
 */
void mount_table_judge_overlays(MountTable *t, const MountTable *where);

/*
 * Marks the overlays of `t` (those that `where` has as well excepted; NULL: none) as
 * doubtful. For a namespace in which users mount: a layer of theirs may be a file
 * system of their own, and out of sight by now, whatever the options call it.
 */
void mount_table_doubt_overlays(MountTable *t, const MountTable *where);

/* A mount of the superblock with this device, as maps prints it. NULL: none. */
const Mount *mount_table_of_device(const MountTable *t, uint32_t dev_major, uint32_t dev_minor);
/* Does a call on it return, whatever any server does? */
static inline bool mount_answers(const Mount *m) {
        return !m->remote && !m->doubtful;
}

/* NULL: none. */
const Mount *mount_table_find(const MountTable *t, uint64_t id);
/* The mount that a path (absolute, without symbolic links) leads to. NULL: the one that the root lies on, out of sight. */
const Mount *mount_table_covering(const MountTable *t, const char *path);
/* Would walking this path touch a remote mount? */
bool mount_table_crosses_remote(const MountTable *t, const char *path);
/* Is the mount's root an unlinked file or directory? */
bool mount_root_deleted(const Mount *m);
