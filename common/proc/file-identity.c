/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/stat.h>

#include "proc/file-identity.h"

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000u /* Linux 5.8 */
#endif

/* glibc's struct statx may be older than the kernel's: stx_mnt_id follows stx_dev_minor. */
static uint64_t mount_id(const struct statx *sx) {
        uint64_t id;

        if (!(sx->stx_mask & STATX_MNT_ID))
                return 0;
        memcpy(&id, (const char *) &sx->stx_dev_minor + sizeof(sx->stx_dev_minor), sizeof(id));
        return id;
}

static int64_t nanoseconds(const struct statx_timestamp *t) {
        return (int64_t) ((uint64_t) t->tv_sec * 1000000000u + t->tv_nsec);
}

static int read_identity(int dir_fd, const char *name, int flags, FileIdentity *ret) {
        struct statx sx;

        flags |= AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT | (*name ? 0 : AT_EMPTY_PATH);
        if (statx(dir_fd, name, flags, STATX_BASIC_STATS | STATX_MNT_ID, &sx) < 0)
                return -errno;
        *ret = (FileIdentity){
                .dev_major = sx.stx_dev_major,
                .dev_minor = sx.stx_dev_minor,
                .inode = sx.stx_ino,
                .nlink = sx.stx_nlink,
                .size = sx.stx_size,
                .mount_id = mount_id(&sx),
                .ctime = nanoseconds(&sx.stx_ctime),
                .mtime = nanoseconds(&sx.stx_mtime),
                .mode = sx.stx_mode,
        };
        return 0;
}

int file_identity_read(int dir_fd, const char *name, FileIdentity *ret) {
        return read_identity(dir_fd, name, 0, ret);
}

int file_identity_read_link(int dir_fd, const char *name, FileIdentity *ret) {
        return read_identity(dir_fd, name, AT_SYMLINK_NOFOLLOW, ret);
}

bool file_identity_has(const FileIdentity *i, uint32_t dev_major, uint32_t dev_minor, uint64_t inode) {
        return i->inode == inode && i->dev_major == dev_major && i->dev_minor == dev_minor;
}

bool file_identity_equal(const FileIdentity *a, const FileIdentity *b) {
        return file_identity_has(a, b->dev_major, b->dev_minor, b->inode);
}

bool file_identity_untouched(const FileIdentity *a, const FileIdentity *b) {
        return file_identity_equal(a, b) && a->ctime == b->ctime && a->size == b->size;
}

void file_identity_to_file_id(const FileIdentity *i, FileId *ret) {
        ret->dev_major = i->dev_major;
        ret->dev_minor = i->dev_minor;
        ret->inode = i->inode;
        ret->known = true;
}
