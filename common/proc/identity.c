/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/stat.h>

#include "proc/identity.h"

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000u /* Linux 5.8 */
#endif

/* glibc's struct statx may be older than the kernel's: stx_mnt_id stands behind stx_dev_minor. */
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

static int read_identity(int dir_fd, const char *name, int flags, Identity *ret) {
        struct statx sx;

        flags |= AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT | (*name ? 0 : AT_EMPTY_PATH);
        if (statx(dir_fd, name, flags, STATX_BASIC_STATS | STATX_MNT_ID, &sx) < 0)
                return -errno;
        *ret = (Identity){
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

int identity_read(int dir_fd, const char *name, Identity *ret) {
        return read_identity(dir_fd, name, 0, ret);
}

int identity_read_link(int dir_fd, const char *name, Identity *ret) {
        return read_identity(dir_fd, name, AT_SYMLINK_NOFOLLOW, ret);
}

bool identity_has(const Identity *i, uint32_t dev_major, uint32_t dev_minor, uint64_t inode) {
        return i->inode == inode && i->dev_major == dev_major && i->dev_minor == dev_minor;
}

bool identity_equal(const Identity *a, const Identity *b) {
        return identity_has(a, b->dev_major, b->dev_minor, b->inode);
}

bool identity_untouched(const Identity *a, const Identity *b) {
        return identity_equal(a, b) && a->ctime == b->ctime && a->size == b->size;
}

void identity_to_file_id(const Identity *i, FileId *ret) {
        ret->dev_major = i->dev_major;
        ret->dev_minor = i->dev_minor;
        ret->inode = i->inode;
        ret->known = true;
}
