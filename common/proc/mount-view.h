/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * How a process sees paths: from its root directory, in its mount namespace. Paths
 * are resolved beneath that root by openat2(2) with RESOLVE_IN_ROOT, never by joining
 * strings, so that a symbolic link cannot lead out of it.
 *
 * Nothing on a network or userspace file system is touched, unless the caller says
 * so: where the namespace has such mounts, or users could mount some at any moment, only
 * what the kernel has cached already is resolved in one go (RESOLVE_CACHED), all else a
 * component at a time, each checked against mountinfo before it is entered.
 */

#include <stdbool.h>
#include <stdint.h>

#include "proc/file-identity.h"
#include "proc/mountinfo.h"
#include "proc/process.h"

typedef struct MountViewDirectories MountViewDirectories;

typedef struct MountView {
        uint64_t namespace;  /* inode of the mount namespace */
        FileIdentity root;   /* of the root directory */
        int root_fd;         /* owned; O_PATH. Keeps its mount busy: to be closed soon */
        char *root_path;     /* owned; the root as the kernel names it to us, "/" or "/jail" */
        MountViewDirectories *directories; /* owned; those that names were looked up in, open as long as the root is */
        MountTable mounts;   /* of the namespace, as far as the root can see */
        bool own_users;      /* the process belongs to a user namespace other than ours: its mounts are not trusted */
        bool root_remote;    /* the root lies on a file system that `mounts` does not show, and that is remote, or may be */
} MountView;

/* Embeds an owned descriptor: initialise with MOUNT_VIEW_NULL before mount_view_done() may see it. */
#define MOUNT_VIEW_NULL ((MountView){ .root_fd = -EBADF })
void mount_view_done(MountView *v);
/* Closes its descriptors, and keeps the rest: lookups are not possible any more, mount_view_is() still works. */
void mount_view_close(MountView *v);

/*
 * What identifies a view: the root directory, since a mount, and so its id, belongs to one mount namespace. On kernels
 * without mount ids in statx (before 5.8), the namespace as well. Returns 0, -EACCES, -EPERM, -ESRCH, -errno.
 */
int mount_view_identify(const Process *p, FileIdentity *ret_root, uint64_t *ret_namespace);
bool mount_view_is(const MountView *v, const FileIdentity *root, uint64_t namespace);

/* The inode number of the mount namespace. Returns 0, -EACCES, -ESRCH, -EBADMSG, -errno. */
int mount_view_read_namespace(const Process *p, uint64_t *ret);

/* Opens it. Returns 0, -ENOMEM, -errno as mount_view_identify(). */
int mount_view_open(const Process *p, MountView *ret);

/* Does a call on this file return, whatever any server does? From mountinfo alone. */
bool mount_view_answers(const MountView *v, const FileIdentity *i);

/*
 * A name as the kernel gave it to us (maps, map_files), cut to what the process itself
 * would say: names are relative to the reader's root, or to the root of a mount
 * namespace that the reader cannot reach. Returns a part of `name`, or NULL: it lies
 * outside of the root.
 */
const char *mount_view_path(const MountView *v, const char *name);

/*
 * What a path (absolute) leads to. ret_fd may be NULL; else the caller closes it (O_PATH).
 * remote: enter network and userspace file systems as well. Returns 0, -ENOENT,
 * -ENOTDIR, -ENAMETOOLONG, -EACCES, -ELOOP, -EREMOTE (skipped), -errno.
 */
int mount_view_lookup(const MountView *v, const char *path, bool remote, int *ret_fd, FileIdentity *ret);

/*
 * Opens a regular file for reading; proc_fd: an open /proc. Returns a descriptor that
 * the caller closes, -EINVAL where it is no regular file, or as mount_view_lookup(); -EREMOTE
 * also where a lookup may be answered from the kernel's cache, but an open file not.
 */
int mount_view_open_file(const MountView *v, int proc_fd, const char *path, bool remote, FileIdentity *ret);

/* Reopens an O_PATH descriptor of a regular file for reading, by way of /proc/self/fd. */
int mount_view_reopen(int proc_fd, int fd);
