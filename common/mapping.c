/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "mapping.h"

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

/* The kernel's bits for a range are ours, by design of the enum. */
_Static_assert(RANGE_READ == PROCMAP_VMA_READABLE && RANGE_WRITE == PROCMAP_VMA_WRITABLE &&
               RANGE_EXECUTE == PROCMAP_VMA_EXECUTABLE && RANGE_SHARED == PROCMAP_VMA_SHARED, "bits");

void mapping_list_clear(MappingList *l) {
        for (size_t i = 0; i < l->n_names; i++)
                free(l->names[i]);
        l->n_names = l->n_ranges = l->n_mappings = 0;
        l->cut = false;
}

void mapping_list_done(MappingList *l) {
        mapping_list_clear(l);
        free(l->names);
        free(l->ranges);
        free(l->mappings);
        *l = (MappingList){};
}

const char *mapping_file_name(const MappingList *l, const Mapping *m, char *buffer) {
        const Range *r = &l->ranges[m->first_range];

        snprintf(buffer, MAPPING_FILE_NAME_MAX, "map_files/%" PRIx64 "-%" PRIx64, r->start, r->end);
        return buffer;
}

/* The file of the range before, if this range goes on with it: spares asking for the name again. */
static const Mapping *continued(const MappingList *l, const MapsLine *line) {
        const Range *last;
        const Mapping *m;

        if (l->n_ranges == 0)
                return NULL;
        last = &l->ranges[l->n_ranges - 1];
        m = &l->mappings[last->mapping];
        /*
         * The same inode number behind an end without a gap, further on in the file. On
         * btrfs, files of two subvolumes may share device and number, but each library
         * begins again at offset 0.
         */
        if (last->end != line->start || line->offset <= last->offset || m->inode != line->inode ||
            m->dev_major != line->dev_major || m->dev_minor != line->dev_minor)
                return NULL;
        return m;
}

static Mapping *find(MappingList *l, const MapsLine *line) {
        for (size_t i = l->n_mappings; i-- > 0;) {
                Mapping *m = &l->mappings[i];

                if (m->inode == line->inode && m->dev_major == line->dev_major && m->dev_minor == line->dev_minor &&
                    streq(m->name, line->name))
                        return m;
        }
        return NULL;
}

static Mapping *create(MappingList *l, const MapsLine *line) {
        char *name;

        if (!GROW(l->mappings, l->allocated_mappings, l->n_mappings + 1) ||
            !GROW(l->names, l->allocated_names, l->n_names + 1))
                return NULL;
        name = strdup(line->name);
        if (!name)
                return NULL;
        l->names[l->n_names++] = name;
        l->mappings[l->n_mappings] = (Mapping){
                .dev_major = line->dev_major,
                .dev_minor = line->dev_minor,
                .inode = line->inode,
                .name = name,
                .first_range = (uint32_t) l->n_ranges,
                .start = line->start,
        };
        return &l->mappings[l->n_mappings++];
}

/* Adds a range. `line->name` is NULL where it goes on with the range before. Returns 1 where the list is full. */
static int add(MappingList *l, const MapsLine *line) {
        Mapping *m;
        uint64_t file_end;

        if (l->n_ranges >= MAPPING_RANGES_MAX) {
                l->cut = true;
                return 1;
        }
        if (!GROW(l->ranges, l->allocated_ranges, l->n_ranges + 1))
                return -ENOMEM;
        m = line->name ? find(l, line) : &l->mappings[l->ranges[l->n_ranges - 1].mapping];
        if (!m)
                m = create(l, line);
        if (!m)
                return -ENOMEM;
        l->ranges[l->n_ranges++] = (Range){
                .start = line->start,
                .end = line->end,
                .offset = line->offset,
                .mapping = (uint32_t) (m - l->mappings),
                .flags = line->flags,
        };
        m->flags |= line->flags;
        m->end = line->end;
        /* The holes that a loader leaves between segments (no access at all) may well lie behind the file's end. */
        if (line->flags & (RANGE_READ | RANGE_WRITE | RANGE_EXECUTE) &&
            !__builtin_add_overflow(line->offset, line->end - line->start, &file_end) && file_end > m->file_end)
                m->file_end = file_end;
        return 0;
}

/* Returns -ENOTTY where the kernel has no such query, -ENAMETOOLONG where a name is longer than it can say. */
static int read_by_query(int fd, MappingList *l) {
        char name[PATH_MAX + 1];
        uint64_t address = 0;

        for (;;) {
                struct procmap_query q = {
                        .size = sizeof(q),
                        .query_flags = PROCMAP_COVERING_OR_NEXT | PROCMAP_FILE_BACKED,
                        .query_addr = address,
                };
                MapsLine line;
                int r;

                if (ioctl(fd, STALELIB_PROCMAP_QUERY, &q) < 0)
                        return errno == ENOENT ? 0 : -errno;
                line = (MapsLine){
                        .start = q.vma_start,
                        .end = q.vma_end,
                        .offset = q.vma_offset,
                        .inode = q.inode,
                        .flags = (uint32_t) q.vma_flags & (RANGE_READ | RANGE_WRITE | RANGE_EXECUTE | RANGE_SHARED),
                        .dev_major = q.dev_major,
                        .dev_minor = q.dev_minor,
                };
                if (!continued(l, &line)) {
                        struct procmap_query named = q;

                        named.query_flags = PROCMAP_FILE_BACKED;
                        named.query_addr = q.vma_start;
                        named.vma_name_addr = (uint64_t) (uintptr_t) name;
                        named.vma_name_size = sizeof(name);
                        if (ioctl(fd, STALELIB_PROCMAP_QUERY, &named) < 0) {
                                if (errno != ENOENT)
                                        return -errno;
                                address = q.vma_end; /* unmapped meanwhile */
                                continue;
                        }
                        /* Another one may have come in its place: what belongs together is said together. */
                        line.start = named.vma_start;
                        line.end = named.vma_end;
                        line.offset = named.vma_offset;
                        line.inode = named.inode;
                        line.dev_major = named.dev_major;
                        line.dev_minor = named.dev_minor;
                        name[sizeof(name) - 1] = '\0';
                        line.name = named.vma_name_size > 0 ? name : "";
                }
                if (line.end <= address) /* cannot be, but must not loop */
                        return -EIO;
                r = add(l, &line);
                if (r != 0)
                        return r < 0 ? r : 0;
                address = line.end;
        }
}

/* Reads a hexadecimal number that ends with `end`. */
static int parse_hex(const char **s, char end, uint64_t *ret) {
        uint64_t value = 0;
        const char *p = *s;

        for (;; p++) {
                unsigned digit;

                if (*p >= '0' && *p <= '9')
                        digit = (unsigned) (*p - '0');
                else if (*p >= 'a' && *p <= 'f')
                        digit = (unsigned) (*p - 'a') + 10;
                else
                        break;
                if (value >> 60)
                        return -EBADMSG;
                value = value << 4 | digit;
        }
        if (p == *s || *p != end)
                return -EBADMSG;
        *s = p + 1;
        *ret = value;
        return 0;
}

/* "start-end perms offset major:minor inode   name", proc_pid_maps(5). */
int mapping_parse_line(const char *line, MapsLine *ret) {
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
        l.name = s + strspn(s, " ");
        *ret = l;
        return 0;
}

/*
 * In the text, a newline of a name is \012, and so is a name that really holds these
 * four characters: map_files has the bytes themselves.
 */
static const char *unambiguous(const Process *p, const MapsLine *line, char **buffer) {
        char name[MAPPING_FILE_NAME_MAX];
        char *found = NULL;

        if (!strstr(line->name, "\\012"))
                return line->name;
        snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, line->start, line->end);
        if (process_read_link(p, name, &found) < 0)
                return line->name;
        free(*buffer);
        *buffer = found;
        return found;
}

static int add_text_line(const Process *p, char *text, MappingList *l) {
        _cleanup_free_ char *raw = NULL;
        MapsLine line;

        /* Without an inode it is no file. What cannot be parsed is a format we do not know: better nothing than a guess. */
        if (mapping_parse_line(text, &line) < 0 || line.inode == 0)
                return 0;
        line.name = continued(l, &line) ? NULL : unambiguous(p, &line, &raw);
        return add(l, &line);
}

static int read_by_text(const Process *p, int fd, MappingList *l) {
        _cleanup_free_ char *buffer = NULL;
        size_t size = 0, allocated = 0;

        for (;;) {
                char *line, *end;
                ssize_t n;

                if (size > MAPPING_NAME_MAX + 128)
                        return -EBADMSG;
                if (!GROW(buffer, allocated, size + 8192))
                        return -ENOMEM;
                /* The kernel hands out whole lines, about a page at a time: only 0 is the end. */
                n = read(fd, buffer + size, allocated - size - 1);
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return 0;
                size += (size_t) n;
                buffer[size] = '\0';
                for (line = buffer; (end = memchr(line, '\n', size - (size_t) (line - buffer))); line = end + 1) {
                        int r;

                        *end = '\0';
                        r = add_text_line(p, line, l);
                        if (r != 0)
                                return r < 0 ? r : 0;
                }
                size -= (size_t) (line - buffer);
                memmove(buffer, line, size);
        }
}

int mapping_list_read(const Process *p, bool text, MappingList *l) {
        _cleanup_close_ int fd = -EBADF;
        int r = -ENOTTY;

        mapping_list_clear(l);
        fd = openat(p->fd, "maps", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? -ESRCH : -errno;
        if (!text)
                r = read_by_query(fd, l);
        if (r == -ENOTTY || r == -ENAMETOOLONG || r == -EINVAL) {
                mapping_list_clear(l);
                r = read_by_text(p, fd, l);
        }
        return r;
}
