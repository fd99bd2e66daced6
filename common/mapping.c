/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "hash.h"
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

#define NAMES_BLOCK 16384
#define KEPT_RANGES 16384
#define LAYOUT_RANGES_MAX 16
#define LAYOUTS_MAX 16384

/* The kernel's bits for a range are ours, by design of the enum. */
_Static_assert(RANGE_READ == PROCMAP_VMA_READABLE && RANGE_WRITE == PROCMAP_VMA_WRITABLE &&
               RANGE_EXECUTE == PROCMAP_VMA_EXECUTABLE && RANGE_SHARED == PROCMAP_VMA_SHARED, "bits");

/* How a library lies in memory. Its ranges are relative to the first, which begins at offset 0 of the file. */
typedef struct Layout {
        uint64_t inode;
        uint32_t dev_major, dev_minor;
        uint32_t first, n; /* of MappingLayouts.ranges */
} Layout;

struct MappingLayouts {
        Layout *layouts;
        Range *ranges;
        uint32_t *buckets; /* index and 1; 0: empty. A power of two, at most half of them used */
        size_t n_layouts, allocated_layouts, n_ranges, allocated_ranges, n_buckets;
        HashKey key;
};

/* A block of names. They are borrowed, so a full block stays where it is, and another one comes before it. */
struct MappingNames {
        MappingNames *next;
        size_t size, used;
        char bytes[];
};

static void names_free(MappingNames *names) {
        while (names) {
                MappingNames *next = names->next;

                free(names);
                names = next;
        }
}

static const char *names_add(MappingList *l, const char *name) {
        size_t n = strlen(name) + 1;
        char *copy;

        if (!l->names || l->names->size - l->names->used < n) {
                size_t size = n > NAMES_BLOCK ? n : NAMES_BLOCK;
                MappingNames *block = malloc(sizeof(*block) + size);

                if (!block)
                        return NULL;
                *block = (MappingNames){ .next = l->names, .size = size };
                l->names = block;
        }
        copy = l->names->bytes + l->names->used;
        memcpy(copy, name, n);
        l->names->used += n;
        l->names_size += n;
        return copy;
}

void mapping_list_clear(MappingList *l) {
        /* What one huge process needed is not kept for all that follow. */
        if (l->allocated_ranges > KEPT_RANGES) {
                free(l->ranges);
                free(l->mappings);
                l->ranges = NULL;
                l->mappings = NULL;
                l->allocated_ranges = l->allocated_mappings = 0;
        }
        if (l->names) {
                names_free(l->names->next);
                l->names->next = NULL;
                l->names->used = 0;
        }
        l->n_ranges = l->n_mappings = l->names_size = 0;
        l->cut = false;
}

void mapping_list_forget(MappingList *l) {
        if (!l->layouts)
                return;
        free(l->layouts->layouts);
        free(l->layouts->ranges);
        free(l->layouts->buckets);
        free(l->layouts);
        l->layouts = NULL;
}

void mapping_list_done(MappingList *l) {
        mapping_list_forget(l);
        names_free(l->names);
        free(l->ranges);
        free(l->mappings);
        *l = (MappingList){};
}

const char *mapping_file_name(const MappingList *l, const Mapping *m, char *buffer) {
        const Range *r = &l->ranges[m->first_range];

        snprintf(buffer, MAPPING_FILE_NAME_MAX, "map_files/%" PRIx64 "-%" PRIx64, r->start, r->end);
        return buffer;
}

static int compare(const Mapping *m, uint64_t inode, uint32_t dev_major, uint32_t dev_minor, const char *name) {
        if (m->inode != inode)
                return m->inode < inode ? -1 : 1;
        if (m->dev_major != dev_major)
                return m->dev_major < dev_major ? -1 : 1;
        if (m->dev_minor != dev_minor)
                return m->dev_minor < dev_minor ? -1 : 1;
        /* On btrfs, files of two subvolumes may share device and number; a hard link is another path to judge. */
        return strcmp(m->name, name);
}

/* The mapping of the range before, if this one is of the same file. */
static Mapping *continued(const MappingList *l, const MapsLine *line) {
        Mapping *m;

        if (l->n_mappings == 0)
                return NULL;
        m = &l->mappings[l->n_mappings - 1];
        return compare(m, line->inode, line->dev_major, line->dev_minor, line->name) == 0 ? m : NULL;
}

static Mapping *create(MappingList *l, const MapsLine *line) {
        const char *name;

        if (!GROW(l->mappings, l->allocated_mappings, l->n_mappings + 1))
                return NULL;
        name = names_add(l, line->name);
        if (!name)
                return NULL;
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

/* Adds a range, not yet looking for an earlier mapping of the same file. Returns 1 where the list is full. */
static int add(MappingList *l, const MapsLine *line) {
        Mapping *m = continued(l, line);
        uint64_t file_end;

        if (l->n_ranges >= MAPPING_RANGES_MAX || (!m && l->names_size >= MAPPING_NAMES_MAX)) {
                l->cut = true;
                return 1;
        }
        if (!GROW(l->ranges, l->allocated_ranges, l->n_ranges + 1))
                return -ENOMEM;
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

static int compare_indices(const void *a, const void *b, void *userdata) {
        const Mapping *mappings = userdata;
        uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;
        const Mapping *m = &mappings[y];
        int r = compare(&mappings[x], m->inode, m->dev_major, m->dev_minor, m->name);

        return r != 0 ? r : x < y ? -1 : x > y;
}

static void absorb(Mapping *m, const Mapping *later) {
        m->flags |= later->flags;
        m->end = later->end;
        if (later->file_end > m->file_end)
                m->file_end = later->file_end;
}

/*
 * Makes one mapping of those whose ranges do not follow each other. By sorting, not by
 * hashing: the process chooses the names and the numbers, and could choose them to collide.
 */
static int merge(MappingList *l) {
        _cleanup_free_ uint32_t *order = NULL, *target = NULL;
        size_t n = 0;

        if (l->n_mappings < 2)
                return 0;
        order = malloc(l->n_mappings * sizeof(*order));
        target = malloc(l->n_mappings * sizeof(*target));
        if (!order || !target)
                return -ENOMEM;
        for (size_t i = 0; i < l->n_mappings; i++)
                order[i] = (uint32_t) i;
        qsort_r(order, l->n_mappings, sizeof(*order), compare_indices, l->mappings);

        /* target: the first mapping of the same file, which in its group comes first and has the lowest index. */
        for (size_t i = 0; i < l->n_mappings; i++) {
                const Mapping *m = &l->mappings[order[i]];
                bool same = i > 0 && compare(&l->mappings[order[i - 1]], m->inode, m->dev_major, m->dev_minor, m->name) == 0;

                target[order[i]] = same ? target[order[i - 1]] : order[i];
        }
        for (size_t i = 0; i < l->n_mappings; i++)
                if (target[i] == i) {
                        l->mappings[n] = l->mappings[i];
                        target[i] = (uint32_t) n++;
                } else {
                        target[i] = target[target[i]];
                        absorb(&l->mappings[target[i]], &l->mappings[i]);
                }
        l->n_mappings = n;
        for (size_t i = 0; i < l->n_ranges; i++)
                l->ranges[i].mapping = target[l->ranges[i].mapping];
        return 0;
}

/* The bucket of a file, or the empty one that it would go into. */
static uint32_t *layout_bucket(const MappingLayouts *t, uint64_t inode, uint32_t dev_major, uint32_t dev_minor) {
        uint64_t bytes[2] = { inode, (uint64_t) dev_major << 32 | dev_minor };

        for (size_t i = hash_bytes(&t->key, bytes, sizeof(bytes));; i++) {
                uint32_t *bucket = &t->buckets[i & (t->n_buckets - 1)];
                const Layout *y = &t->layouts[*bucket - 1];

                if (*bucket == 0 || (y->inode == inode && y->dev_major == dev_major && y->dev_minor == dev_minor))
                        return bucket;
        }
}

/* Room for one more. Returns false where there is none: then nothing more is learned. */
static bool layouts_grow(MappingLayouts *t) {
        size_t n = t->n_buckets ? t->n_buckets * 2 : 256;
        uint32_t *buckets;

        if (t->n_layouts >= LAYOUTS_MAX || !GROW(t->layouts, t->allocated_layouts, t->n_layouts + 1) ||
            !GROW(t->ranges, t->allocated_ranges, t->n_ranges + LAYOUT_RANGES_MAX))
                return false;
        if ((t->n_layouts + 1) * 2 <= t->n_buckets)
                return true;
        buckets = calloc(n, sizeof(*buckets));
        if (!buckets)
                return false;
        free(t->buckets);
        t->buckets = buckets;
        t->n_buckets = n;
        for (size_t i = 0; i < t->n_layouts; i++)
                *layout_bucket(t, t->layouts[i].inode, t->layouts[i].dev_major, t->layouts[i].dev_minor) = (uint32_t) i + 1;
        return true;
}

/* How many ranges from the i-th on are one library in one piece, or 0. */
static size_t piece_length(const MappingList *l, size_t i) {
        size_t n = 1;

        if (l->ranges[i].offset != 0)
                return 0;
        while (i + n < l->n_ranges && l->ranges[i + n].mapping == l->ranges[i].mapping && l->ranges[i + n].offset != 0 &&
               l->ranges[i + n].start == l->ranges[i + n - 1].end)
                n++;
        return n >= 2 && n <= LAYOUT_RANGES_MAX ? n : 0;
}

/* Before merge(): mappings are still pieces. Lack of memory only costs time. */
static void learn_layouts(MappingList *l) {
        MappingLayouts *t = l->layouts;
        size_t n;

        if (!t) {
                t = l->layouts = calloc(1, sizeof(*t));
                if (!t)
                        return;
                t->key = hash_key_new();
        }
        for (size_t i = 0; i < l->n_ranges; i += n ?: 1) {
                const Mapping *m = &l->mappings[l->ranges[i].mapping];
                uint32_t *bucket;

                n = piece_length(l, i);
                if (n == 0)
                        continue;
                if (!layouts_grow(t))
                        return;
                bucket = layout_bucket(t, m->inode, m->dev_major, m->dev_minor);
                if (*bucket > 0)
                        continue;
                t->layouts[t->n_layouts] = (Layout){ m->inode, m->dev_major, m->dev_minor, (uint32_t) t->n_ranges, (uint32_t) n };
                for (size_t j = 0; j < n; j++) {
                        Range r = l->ranges[i + j];

                        r.start -= l->ranges[i].start;
                        r.end -= l->ranges[i].start;
                        t->ranges[t->n_ranges++] = r;
                }
                *bucket = (uint32_t) ++t->n_layouts;
        }
}

/* Adds the other ranges of a library whose first range was just added. Returns 1 where there are such, 0, -ENOMEM. */
static int add_layout(MappingList *l, MapsLine *line) {
        const MappingLayouts *t = l->layouts;
        const Range *ranges;
        const Layout *y;
        uint32_t bucket;
        uint64_t start = line->start;

        if (!t || t->n_layouts == 0 || line->offset != 0)
                return 0;
        bucket = *layout_bucket(t, line->inode, line->dev_major, line->dev_minor);
        if (bucket == 0)
                return 0;
        y = &t->layouts[bucket - 1];
        ranges = &t->ranges[y->first];
        if (line->end - line->start != ranges[0].end || line->flags != ranges[0].flags)
                return 0;
        for (uint32_t i = 1; i < y->n; i++) {
                int r;

                if (__builtin_add_overflow(start, ranges[i].start, &line->start) || __builtin_add_overflow(start, ranges[i].end, &line->end))
                        return 0;
                line->offset = ranges[i].offset;
                line->flags = ranges[i].flags;
                r = add(l, line);
                if (r != 0)
                        return r < 0 ? r : 0; /* the list is full: the next range will say so again */
        }
        return 1;
}

static MapsLine line_of_query(const struct procmap_query *q) {
        return (MapsLine){
                .start = q->vma_start,
                .end = q->vma_end,
                .offset = q->vma_offset,
                .inode = q->inode,
                .flags = (uint32_t) q->vma_flags & (RANGE_READ | RANGE_WRITE | RANGE_EXECUTE | RANGE_SHARED),
                .dev_major = q->dev_major,
                .dev_minor = q->dev_minor,
        };
}

static int query(int fd, unsigned flags, uint64_t address, char *name, size_t size, struct procmap_query *ret) {
        *ret = (struct procmap_query){
                .size = sizeof(*ret),
                .query_flags = PROCMAP_COVERING_OR_NEXT | PROCMAP_FILE_BACKED |
                               (flags & MAPPING_EXECUTABLE_ONLY ? PROCMAP_VMA_EXECUTABLE : 0),
                .query_addr = address,
                .vma_name_addr = (uint64_t) (uintptr_t) name,
                .vma_name_size = (uint32_t) size,
        };
        return ioctl(fd, STALELIB_PROCMAP_QUERY, ret) < 0 ? -errno : 0;
}

/*
 * One call a range, its name always with it: a second call for the name costs more
 * than the names of five ranges, and could meet another file by then.
 * Returns -ENOTTY where the kernel has no such query, -ENAMETOOLONG where a name is
 * longer than it can say, -ESRCH where the memory is gone.
 */
static int read_by_query(int fd, unsigned flags, MappingList *l) {
        char name[PATH_MAX + 1] = "";
        bool new_files = false;
        uint64_t address = 0;

        for (;;) {
                struct procmap_query q;
                MapsLine line;
                int r;

                r = query(fd, flags, address, name, MAPPING_SHORT_NAME, &q);
                if (r == -ENAMETOOLONG)
                        r = query(fd, flags, address, name, sizeof(name), &q);
                if (r == -ENOENT)
                        break;
                if (r < 0)
                        return r;
                if (q.vma_end <= address) /* cannot be, but must not loop */
                        return -EIO;
                name[q.vma_name_size > 0 ? q.vma_name_size - 1 : 0] = '\0';
                line = line_of_query(&q);
                line.name = name;
                r = add(l, &line);
                if (r != 0)
                        return r < 0 ? r : 0;
                if (!(flags & MAPPING_EXECUTABLE_ONLY)) {
                        r = add_layout(l, &line);
                        if (r < 0)
                                return r;
                        new_files = new_files || (r == 0 && line.offset == 0);
                }
                address = line.end;
        }
        if (new_files)
                learn_layouts(l);
        return 0;
}

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
        while (*s == ' ')
                s++;
        l.name = s;
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

        if (!strchr(line->name, '\\') || !strstr(line->name, "\\012"))
                return line->name;
        snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, line->start, line->end);
        if (process_read_link(p, name, &found) < 0)
                return line->name;
        free(*buffer);
        *buffer = found;
        return found;
}

/* process: to ask about an ambiguous name; or NULL. */
static int add_text_line(const Process *p, unsigned flags, const char *text, MappingList *l) {
        _cleanup_free_ char *raw = NULL;
        MapsLine line;

        /* What cannot be parsed is a format we do not know: better nothing than a guess. */
        if (mapping_parse_line(text, &line) < 0)
                return 0;
        /* Not the inode alone: the first SysV segment has number 0 (ipc/shm.c). Device 0:0 is never given out (fs/super.c). */
        if (line.inode == 0 && line.dev_major == 0 && line.dev_minor == 0)
                return 0;
        if (flags & MAPPING_EXECUTABLE_ONLY && !(line.flags & RANGE_EXECUTE))
                return 0;
        if (p)
                line.name = unambiguous(p, &line, &raw);
        return add(l, &line);
}

/* All whole lines of the buffer. Returns 1 where the list is full; how much was taken up in *ret_used. */
static int add_text(const Process *p, unsigned flags, char *text, size_t size, MappingList *l, size_t *ret_used) {
        char *line, *end;

        for (line = text; (end = memchr(line, '\n', size - (size_t) (line - text))); line = end + 1) {
                int r;

                *end = '\0';
                r = add_text_line(p, flags, line, l);
                if (r != 0)
                        return r;
        }
        *ret_used = (size_t) (line - text);
        return 0;
}

/* Returns -ESRCH where the memory is gone. */
static int read_by_text(const Process *p, int fd, unsigned flags, MappingList *l) {
        _cleanup_free_ char *buffer = NULL;
        size_t size = 0, allocated = 0, used;
        ssize_t n;
        int r;

        for (;;) {
                if (size > MAPPING_NAME_MAX + 128)
                        return -EBADMSG;
                if (!GROW(buffer, allocated, size + 8192))
                        return -ENOMEM;
                /* The kernel hands out whole lines, about a page at a time: only 0 is the end. */
                n = read(fd, buffer + size, allocated - size);
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t) n;
                r = add_text(p, flags, buffer, size, l, &used);
                if (r != 0)
                        return r < 0 ? r : 0;
                size -= used;
                memmove(buffer, buffer + used, size);
        }
        /* Also the end: the program was left, or executed another, while it was read. Then its beginning is gone as well. */
        n = pread(fd, buffer, 1, 0);
        return n > 0 ? 0 : n == 0 ? -ESRCH : -errno;
}

int mapping_list_parse(char *text, unsigned flags, MappingList *l) {
        size_t used;
        int r;

        mapping_list_clear(l);
        r = add_text(NULL, flags, text, strlen(text), l, &used);
        return r < 0 ? r : merge(l);
}

static int read_once(const Process *p, unsigned flags, MappingList *l) {
        _cleanup_close_ int fd = -EBADF;
        int r = -ENOTTY;

        mapping_list_clear(l);
        fd = openat(p->fd, "maps", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? -ESRCH : -errno;
        if (!(flags & MAPPING_TEXT))
                r = read_by_query(fd, flags, l);
        if (r == -ENOTTY || r == -ENAMETOOLONG || r == -EINVAL) {
                mapping_list_clear(l);
                r = read_by_text(p, fd, flags, l);
        }
        return r < 0 ? r : merge(l);
}

int mapping_list_read(const Process *p, unsigned flags, MappingList *l) {
        int r = -ESRCH;

        /* The descriptor is of one memory: a program that executes another meanwhile is read once more. */
        for (size_t i = 0; i < 3 && r == -ESRCH; i++) {
                r = read_once(p, flags, l);
                if (r == -ESRCH && !process_alive(p))
                        break;
        }
        if (r < 0)
                mapping_list_clear(l);
        return r;
}

int mapping_next_executable(int maps_fd, uint64_t *address, MapsLine *ret) {
        struct procmap_query q = {
                .size = sizeof(q),
                .query_flags = PROCMAP_COVERING_OR_NEXT | PROCMAP_FILE_BACKED | PROCMAP_VMA_EXECUTABLE,
                .query_addr = *address,
        };

        if (ioctl(maps_fd, STALELIB_PROCMAP_QUERY, &q) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (q.vma_end <= *address)
                return -EIO;
        *address = q.vma_end;
        *ret = line_of_query(&q);
        return 1;
}

int mapping_name_at(int maps_fd, const MapsLine *range, char *buffer, size_t size) {
        struct procmap_query q = {
                .size = sizeof(q),
                .query_flags = PROCMAP_FILE_BACKED,
                .query_addr = range->start,
                .vma_name_addr = (uint64_t) (uintptr_t) buffer,
                .vma_name_size = (uint32_t) size,
        };

        if (ioctl(maps_fd, STALELIB_PROCMAP_QUERY, &q) < 0)
                return errno == ENOENT || errno == ENAMETOOLONG ? 0 : -errno;
        return q.vma_name_size > 0 && q.vma_start == range->start && q.inode == range->inode &&
                q.dev_major == range->dev_major && q.dev_minor == range->dev_minor;
}

bool mapping_is_at(int maps_fd, uint64_t address, uint32_t dev_major, uint32_t dev_minor, uint64_t inode) {
        struct procmap_query q = { .size = sizeof(q), .query_flags = PROCMAP_FILE_BACKED, .query_addr = address };

        return ioctl(maps_fd, STALELIB_PROCMAP_QUERY, &q) >= 0 && q.vma_start == address && q.inode == inode &&
                q.dev_major == dev_major && q.dev_minor == dev_minor;
}

int mapping_span_at(int maps_fd, uint64_t address, MappingSpan *ret) {
        struct procmap_query q = {
                .size = sizeof(q),
                .query_flags = PROCMAP_COVERING_OR_NEXT | PROCMAP_FILE_BACKED,
                .query_addr = address,
        };

        if (ioctl(maps_fd, STALELIB_PROCMAP_QUERY, &q) < 0) {
                if (errno != ENOENT)
                        return -errno;
                *ret = (MappingSpan){ .start = address, .end = UINT64_MAX };
        } else if (q.vma_start > address)
                *ret = (MappingSpan){ .start = address, .end = q.vma_start };
        else
                *ret = (MappingSpan){ q.vma_start, q.vma_end, /* file= */ true, q.dev_major, q.dev_minor };
        return 0;
}

size_t mapping_list_find(const MappingList *l, uint64_t address) {
        size_t low = 0, high = l->n_ranges;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (l->ranges[middle].end <= address)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == l->n_ranges || l->ranges[low].start > address)
                return SIZE_MAX;
        return l->ranges[low].mapping;
}
