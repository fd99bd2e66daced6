/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "mapping-layout.h"

#define NAMES_BLOCK 16384
#define KEPT_RANGES 16384
#define KEPT_TEXT 262144
/* A text that is longer is not kept at all. */
#define TEXT_MAX (1u << 20)

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

/* All but the text. */
static void clear_ranges(MappingList *l) {
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

void mapping_list_clear(MappingList *l) {
        clear_ranges(l);
        if (l->allocated_text > KEPT_TEXT) {
                free(l->text);
                l->text = NULL;
                l->allocated_text = 0;
        }
        l->text_size = 0;
        l->narrow_pid = 0;
}

void mapping_list_done(MappingList *l) {
        mapping_layouts_free(l->layouts);
        names_free(l->names);
        free(l->ranges);
        free(l->mappings);
        free(l->text);
        *l = (MappingList){};
}

const char *mapping_file_name(const MappingList *l, const Mapping *m, char *buffer) {
        const Range *r = &l->ranges[m->first_range];

        return maps_file_name(r->start, r->end, buffer);
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

/* Adds the other ranges of a library whose first range was just added. Returns 1 where there are such, 0, -ENOMEM. */
static int add_layout(MappingList *l, MapsLine *line) {
        const uint64_t start = line->start;
        const Range *ranges;
        size_t n;

        ranges = mapping_layouts_find(l->layouts, line, &n);
        if (!ranges)
                return 0;
        for (size_t i = 1; i < n; i++) {
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

/*
 * One call a range, its name always with it: a second call for the name costs more
 * than the names of five ranges, and could meet another file by then. Returns as maps_next().
 */
static int read_by_query(int fd, unsigned flags, MappingList *l) {
        const bool executable = flags & MAPPING_EXECUTABLE_ONLY;
        char name[MAPS_NAME_SIZE] = "";
        bool new_files = false;
        uint64_t address = 0;
        MapsLine line;
        int r;

        while ((r = maps_next(fd, executable, &address, name, &line)) > 0) {
                r = add(l, &line);
                if (r != 0)
                        return r < 0 ? r : 0;
                if (executable)
                        continue;
                r = add_layout(l, &line);
                if (r < 0)
                        return r;
                new_files = new_files || (r == 0 && line.offset == 0);
                address = line.end;
        }
        if (r >= 0 && new_files)
                mapping_layouts_learn(&l->layouts, l); /* before merge(): mappings are still pieces */
        return r;
}

/*
 * In the text, a newline of a name is \012, and so is a name that really holds these
 * four characters: map_files has the bytes themselves.
 */
static const char *unambiguous(const Process *p, const MapsLine *line, char **buffer) {
        char name[MAPS_FILE_NAME_SIZE];
        char *found = NULL;

        if (!strchr(line->name, '\\') || !strstr(line->name, "\\012"))
                return line->name;
        if (process_read_link(p, maps_file_name(line->start, line->end, name), &found) < 0)
                return line->name;
        free(*buffer);
        *buffer = found;
        return found;
}

/* "start-end r-xp …": four lines of five are of no executable range, and need no more reading than this. */
static bool is_executable(const char *text) {
        const char *permissions = strchr(text, ' ');

        return permissions && permissions[1] != '\0' && permissions[2] != '\0' && permissions[3] == 'x';
}

/* Not the inode alone: the first SysV segment has number 0 (ipc/shm.c). Device 0:0 is never given out (fs/super.c). */
static bool is_of_file(const MapsLine *line) {
        return line->inode != 0 || line->dev_major != 0 || line->dev_minor != 0;
}

/* process: to ask about an ambiguous name; or NULL. */
static int add_text_line(const Process *p, unsigned flags, const char *text, MappingList *l) {
        _cleanup_free_ char *raw = NULL;
        MapsLine line;

        if (flags & MAPPING_EXECUTABLE_ONLY && !is_executable(text))
                return 0;
        /* What cannot be parsed is a format we do not know: better nothing than a guess. */
        if (maps_parse_line(text, &line) < 0)
                return 0;
        if (!is_of_file(&line))
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

/* Reads on behind the `size` bytes that are in l->text. Returns as read(2), or -errno. */
static ssize_t read_text(int fd, size_t size, MappingList *l) {
        ssize_t n;

        if (!GROW(l->text, l->allocated_text, size + 8192))
                return -ENOMEM;
        n = read(fd, l->text + size, l->allocated_text - size);
        return n < 0 ? -errno : n;
}

/* Returns -ESRCH where the memory is gone. */
static int read_by_text(const Process *p, int fd, unsigned flags, MappingList *l) {
        size_t size = 0, done = 0, used;
        bool all = true;
        ssize_t n;
        char first;
        int r;

        for (;;) {
                if (size - done > MAPPING_NAME_MAX + 128)
                        return -EBADMSG;
                if (done > TEXT_MAX) {
                        memmove(l->text, l->text + done, size - done);
                        size -= done;
                        done = 0;
                        all = false;
                }
                /* The kernel hands out whole lines, about a page at a time: only 0 is the end. */
                n = read_text(fd, size, l);
                if (n < 0)
                        return (int) n;
                if (n == 0)
                        break;
                size += (size_t) n;
                r = add_text(p, flags, l->text + done, size - done, l, &used);
                if (r != 0)
                        return r < 0 ? r : 0;
                done += used;
        }
        l->text_size = all ? done : 0;
        l->narrow_pid = flags & MAPPING_EXECUTABLE_ONLY ? p->pid : 0;
        /* Also the end: the program was left, or executed another, while it was read. Then its beginning is gone as well. */
        n = pread(fd, &first, 1, 0);
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

/* Returns 0; -ESRCH: it has to be opened, anew or at all; -ENOMEM. */
static int ask_opened(const Process *p, unsigned flags, MappingList *l) {
        int r;

        if (p->maps_fd < 0 || flags & MAPPING_TEXT)
                return -ESRCH;
        mapping_list_clear(l);
        r = read_by_query(p->maps_fd, flags, l);
        if (r >= 0)
                r = merge(l);
        return r < 0 && r != -ENOMEM ? -ESRCH : r;
}

/* Returns 0, -ENOMEM. */
static int widen(const Process *p, MappingList *l) {
        int r = 0;

        clear_ranges(l);
        l->narrow_pid = 0;
        for (size_t i = 0; i < l->text_size && r == 0; i += strlen(l->text + i) + 1)
                r = add_text_line(p, 0, l->text + i, l);
        return r < 0 ? r : merge(l);
}

int mapping_list_read(const Process *p, unsigned flags, MappingList *l) {
        int r;

        if (!(flags & MAPPING_EXECUTABLE_ONLY) && l->narrow_pid == p->pid && l->text_size > 0)
                return widen(p, l);
        r = ask_opened(p, flags, l);
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

int mapping_list_span_at(const MappingList *l, uint64_t address, MapsSpan *ret) {
        size_t low = 0, high = l->text_size;
        MapsLine line, next = { .start = UINT64_MAX };

        if (l->text_size == 0)
                return -ENODATA;
        /* The first line that ends behind it: between these two, counted in bytes. */
        while (low < high) {
                size_t middle = low + (high - low) / 2;

                while (middle > low && l->text[middle - 1] != '\0')
                        middle--;
                if (maps_parse_line(l->text + middle, &line) < 0)
                        return -ENODATA;
                if (line.end <= address)
                        low = middle + strlen(l->text + middle) + 1;
                else {
                        high = middle;
                        next = line;
                }
        }
        *ret = next.start > address ? (MapsSpan){ .start = address, .end = next.start } :
                (MapsSpan){ next.start, next.end, is_of_file(&next), next.dev_major, next.dev_minor };
        return 0;
}
