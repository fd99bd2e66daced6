/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Which file it is: what statx(2) says of a mapped file and of what has its path now.
 * Always with AT_STATX_DONT_SYNC, which does not ask the server of a network or
 * userspace file system.
 */

#include <stdbool.h>
#include <stdint.h>

#include "report/finding.h"

typedef struct Identity {
        uint32_t dev_major, dev_minor; /* st_dev */
        uint64_t inode;
        uint64_t nlink;
        uint64_t size;     /* bytes */
        uint64_t mount_id; /* as in /proc/PID/mountinfo; 0: the kernel does not say (before 5.8) */
        int64_t ctime, mtime; /* ns since the epoch */
        uint16_t mode;
} Identity;

/* Of name below dir_fd, following links; "" for dir_fd itself. Returns 0 or -errno. */
int identity_read(int dir_fd, const char *name, Identity *ret);
/* The same of a symbolic link itself, where it is one. */
int identity_read_link(int dir_fd, const char *name, Identity *ret);

/* The same file: same device, same inode number. Holds only while something keeps the inode. */
bool identity_equal(const Identity *a, const Identity *b);

/* Has it these numbers? Those that the kernel prints in maps are other ones on btrfs and overlayfs. */
bool identity_has(const Identity *i, uint32_t dev_major, uint32_t dev_minor, uint64_t inode);

/* The same in all that could tell that the file was written to. */
bool identity_untouched(const Identity *a, const Identity *b);

/* Device, inode and known of a FileId; its build-id stays. */
void identity_to_file_id(const Identity *i, FileId *ret);
