/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "proc/maps.h"

/* include/uapi/linux/fs.h of Linux 6.11, which the headers of older systems lack. */
struct procmap_query {
        uint64_t size;
        uint64_t query_flags;
        uint64_t query_addr;
        uint64_t vma_start;
        uint64_t vma_end;
        uint64_t vma_flags;
        uint64_t vma_page_size;
        uint64_t vma_offset;
        uint64_t inode;
        uint32_t dev_major;
        uint32_t dev_minor;
        uint32_t vma_name_size;
        uint32_t build_id_size;
        uint64_t vma_name_addr;
        uint64_t build_id_addr;
};
#define STALELIB_PROCMAP_QUERY _IOWR('f', 17, struct procmap_query)
#define PROCMAP_VMA_READABLE 0x01
#define PROCMAP_VMA_WRITABLE 0x02
#define PROCMAP_VMA_EXECUTABLE 0x04
#define PROCMAP_VMA_SHARED 0x08
#define PROCMAP_COVERING_OR_NEXT 0x10
#define PROCMAP_FILE_BACKED 0x20

/* The kernel's bits of a VMA are ours, by design of the enum. */
_Static_assert(VMA_READ == PROCMAP_VMA_READABLE && VMA_WRITE == PROCMAP_VMA_WRITABLE &&
               VMA_EXECUTE == PROCMAP_VMA_EXECUTABLE && VMA_SHARED == PROCMAP_VMA_SHARED, "bits");

/* --- the text --- */

/* What a hexadecimal digit of the kernel's (lower case) is worth, and 1; 0: none. Most of reading the text is reading numbers. */
static const uint8_t digits[256] = {
        ['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
        ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

/* Reads a hexadecimal number that ends with `end`. */
static int parse_hex(const char **s, char end, uint64_t *ret) {
        const char *p = *s;
        uint64_t value = 0;
        uint8_t digit;

        for (; (digit = digits[(unsigned char) *p]) > 0; p++) {
                if (value >> 60)
                        return -EBADMSG;
                value = value << 4 | (digit - 1u);
        }
        if (p == *s || *p != end)
                return -EBADMSG;
        *s = p + 1;
        *ret = value;
        return 0;
}

/* "start-end perms offset major:minor inode   name", proc_pid_maps(5). */
int maps_parse_line(const char *line, MapsLine *ret) {
        MapsLine l = {};
        uint64_t dev_major, dev_minor;
        const char *s = line;

        if (parse_hex(&s, '-', &l.start) < 0 || parse_hex(&s, ' ', &l.end) < 0 || l.end <= l.start)
                return -EBADMSG;
        for (size_t i = 0; i < 4; i++) {
                static const char set[] = "rwxs", unset[] = "---p";

                if (s[i] == set[i])
                        l.flags |= 1u << i;
                else if (s[i] != unset[i])
                        return -EBADMSG;
        }
        s += 4;
        if (*s++ != ' ' || parse_hex(&s, ' ', &l.offset) < 0 || parse_hex(&s, ':', &dev_major) < 0 ||
            parse_hex(&s, ' ', &dev_minor) < 0 || dev_major > UINT32_MAX || dev_minor > UINT32_MAX)
                return -EBADMSG;
        l.dev_major = (uint32_t) dev_major;
        l.dev_minor = (uint32_t) dev_minor;
        if (*s < '0' || *s > '9')
                return -EBADMSG;
        for (; *s >= '0' && *s <= '9'; s++)
                if (__builtin_mul_overflow(l.inode, 10, &l.inode) ||
                    __builtin_add_overflow(l.inode, (uint64_t) (*s - '0'), &l.inode))
                        return -EBADMSG;
        if (*s != ' ' && *s != '\0')
                return -EBADMSG;
        while (*s == ' ')
                s++;
        l.name = s;
        *ret = l;
        return 0;
}

const char *maps_file_name(uint64_t start, uint64_t end, char buffer[static MAPS_FILE_NAME_SIZE]) {
        snprintf(buffer, MAPS_FILE_NAME_SIZE, "map_files/%" PRIx64 "-%" PRIx64, start, end);
        return buffer;
}

/* --- the query --- */

/* Returns 0, -errno. */
static int query(int fd, uint64_t flags, uint64_t address, char *name, size_t size, struct procmap_query *ret) {
        *ret = (struct procmap_query){
                .size = sizeof(*ret),
                .query_flags = flags,
                .query_addr = address,
                .vma_name_addr = (uint64_t) (uintptr_t) name,
                .vma_name_size = (uint32_t) size,
        };
        return ioctl(fd, STALELIB_PROCMAP_QUERY, ret) < 0 ? -errno : 0;
}

int maps_next(int maps_fd, bool executable, uint64_t *address, char *name, MapsLine *ret) {
        const uint64_t flags = PROCMAP_COVERING_OR_NEXT | PROCMAP_FILE_BACKED | (executable ? PROCMAP_VMA_EXECUTABLE : 0);
        struct procmap_query q;
        int r;

        r = query(maps_fd, flags, *address, name, name ? MAPS_SHORT_NAME : 0, &q);
        if (r == -ENAMETOOLONG && name)
                r = query(maps_fd, flags, *address, name, MAPS_NAME_SIZE, &q);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (q.vma_end <= *address) /* cannot be, but must not loop */
                return -EIO;
        *address = q.vma_end;
        *ret = (MapsLine){
                .start = q.vma_start,
                .end = q.vma_end,
                .offset = q.vma_offset,
                .inode = q.inode,
                .flags = (uint32_t) q.vma_flags & (VMA_READ | VMA_WRITE | VMA_EXECUTE | VMA_SHARED),
                .dev_major = q.dev_major,
                .dev_minor = q.dev_minor,
                .name = name,
        };
        if (name)
                name[q.vma_name_size > 0 ? q.vma_name_size - 1 : 0] = '\0';
        return 1;
}

int maps_name_at(int maps_fd, const MapsLine *vma, char *buffer, size_t size) {
        struct procmap_query q;
        int r;

        r = query(maps_fd, PROCMAP_FILE_BACKED, vma->start, buffer, size, &q);
        if (r < 0)
                return r == -ENOENT || r == -ENAMETOOLONG ? 0 : r;
        return q.vma_name_size > 0 && q.vma_start == vma->start && q.inode == vma->inode &&
                q.dev_major == vma->dev_major && q.dev_minor == vma->dev_minor;
}

int maps_span_at(int maps_fd, uint64_t address, MapsSpan *ret) {
        struct procmap_query q;
        int r;

        r = query(maps_fd, PROCMAP_COVERING_OR_NEXT | PROCMAP_FILE_BACKED, address, NULL, 0, &q);
        if (r < 0 && r != -ENOENT)
                return r;
        if (r == -ENOENT)
                *ret = (MapsSpan){ .start = address, .end = UINT64_MAX };
        else if (q.vma_start > address)
                *ret = (MapsSpan){ .start = address, .end = q.vma_start };
        else
                *ret = (MapsSpan){ q.vma_start, q.vma_end, /* file= */ true, q.dev_major, q.dev_minor };
        return 0;
}
