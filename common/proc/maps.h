/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * /proc/PID/maps, a VMA at a time: by PROCMAP_QUERY (Linux 6.11), which takes no lock
 * that a hung process can hold, or a line of its text.
 */

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
        VMA_READ = 1 << 0,
        VMA_WRITE = 1 << 1,
        VMA_EXECUTE = 1 << 2,
        VMA_SHARED = 1 << 3,
};

/* The contents of a line. */
typedef struct MapsLine {
        uint64_t start, end;  /* addresses */
        uint64_t offset;      /* in the file, bytes */
        uint64_t inode;
        uint32_t flags;       /* RANGE_… */
        uint32_t dev_major, dev_minor; /* as the kernel prints them: not comparable with st_dev on btrfs and overlayfs */
        const char *name;     /* borrowed; "" where there is none */
} MapsLine;

/*
 * A line of the text, without its newline; ret->name points into it, and the kernel's \012 is left there.
 * Pure. Returns 0 or -EBADMSG.
 */
int maps_parse_line(const char *line, MapsLine *ret);
/* Not the inode alone: the first SysV segment has number 0 (ipc/shm.c). Device 0:0 is never given out (fs/super.c). */
static inline bool maps_line_is_of_file(const MapsLine *line) {
        return line->inode != 0 || line->dev_major != 0 || line->dev_minor != 0;
}

/* The file of a VMA as a name below the process's directory: "map_files/START-END". Returns the buffer. */
#define MAPS_FILE_NAME_SIZE 64
const char *maps_file_name(uint64_t start, uint64_t end, char buffer[static MAPS_FILE_NAME_SIZE]);

/*
 * All functions below query an open /proc/PID/maps. It refers to the mm at open time: after
 * execve(2), it has no other. Returns -ENOTTY or -EINVAL before Linux 6.11, -ESRCH where
 * the memory is gone, -errno.
 */

/*
 * The file-backed VMA at or after *address, which moves to its end. executable: only
 * such vmas count. name: at least MAPS_NAME_SIZE bytes for its name, with the kernel's
 * mark if it put one; or NULL: ret->name is then NULL, for two thirds of the price. Returns 1, 0
 * behind the last; -ENAMETOOLONG for a name that the kernel does not say; else as above.
 */
#define MAPS_NAME_SIZE (PATH_MAX + 1)
int maps_next(int maps_fd, bool executable, uint64_t *address, char *name, MapsLine *ret);

/*
 * The name of such a VMA, with the kernel's mark if it put one. Returns 1; 0 where another file is there by now,
 * or the name is longer than the buffer; else as above.
 */
#define MAPS_SHORT_NAME 256
int maps_name_at(int maps_fd, const MapsLine *vma, char *buffer, size_t size);

/* Addresses for which one answer holds, from `start` on, before `end`. */
typedef struct MapsSpan {
        uint64_t start, end;
        bool file; /* of a file, on this device, as printed */
        uint32_t dev_major, dev_minor;
} MapsSpan;

/* What is mapped at an address: a file's VMA, or all without a file up to the next one. Returns 0; else as above. */
int maps_span_at(int maps_fd, uint64_t address, MapsSpan *ret);
