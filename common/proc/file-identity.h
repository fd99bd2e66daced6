/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The identity of a file: statx(2) on a mapped file and on what has its path now.
 * Always with AT_STATX_DONT_SYNC, which does not query the server of a network or
 * userspace file system.
 */

#include <stdbool.h>
#include <stdint.h>

#include "report/finding.h"

typedef struct FileIdentity {
        uint32_t dev_major, dev_minor; /* st_dev */
        uint64_t inode;
        uint64_t nlink;
        uint64_t size;     /* bytes */
        uint64_t mount_id; /* as in /proc/PID/mountinfo; 0: the kernel does not say (before 5.8) */
        int64_t ctime, mtime; /* ns since the epoch */
        uint16_t mode;
} FileIdentity;

/* Of name below dir_fd, following links; "" for dir_fd itself. Returns 0 or -errno. */
int file_identity_read(int dir_fd, const char *name, FileIdentity *ret);
/* The same of a symbolic link itself, where it is one. */
int file_identity_read_link(int dir_fd, const char *name, FileIdentity *ret);

/* The same file: same device, same inode number. Holds only while something keeps the inode. */
bool file_identity_equal(const FileIdentity *a, const FileIdentity *b);

/* Has it these numbers? Those that the kernel prints in maps are other ones on btrfs and overlayfs. */
bool file_identity_has(const FileIdentity *i, uint32_t dev_major, uint32_t dev_minor, uint64_t inode);

/* Equal in all that a write to the file changes. */
bool file_identity_untouched(const FileIdentity *a, const FileIdentity *b);

/* Device, inode and known of a FileId; its build-id stays. */
void file_identity_to_file_id(const FileIdentity *i, FileId *ret);
