/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "proc/mapping.h"

#define NAMES_BLOCK 16384
#define KEPT_RANGES 16384

/* A block of names. They are borrowed, so a full block is not moved, and a new one is linked before it. */
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
static void clear_vmas(MappingList *l) {
        /* What one huge process needed is not kept for all that follow. */
        if (l->allocated_vmas > KEPT_RANGES) {
                free(l->vmas);
                free(l->mappings);
                l->vmas = NULL;
                l->mappings = NULL;
                l->allocated_vmas = l->allocated_mappings = 0;
        }
        if (l->names) {
                names_free(l->names->next);
                l->names->next = NULL;
                l->names->used = 0;
        }
        l->n_vmas = l->n_mappings = l->names_size = 0;
        l->cut = false;
}

void mapping_list_clear(MappingList *l) {
        clear_vmas(l);
        maps_text_clear(&l->text);
}

void mapping_list_done(MappingList *l) {
        names_free(l->names);
        free(l->vmas);
        free(l->mappings);
        maps_text_done(&l->text);
        *l = (MappingList){};
}

const char *mapping_file_name(const MappingList *l, const Mapping *m, char *buffer) {
        const Vma *r = &l->vmas[m->first_vma];

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

/* The mapping of the previous VMA, if this one is of the same file. */
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
                .first_vma = (uint32_t) l->n_vmas,
                .start = line->start,
        };
        return &l->mappings[l->n_mappings++];
}

/* Adds a VMA, without searching an earlier mapping of the same file. Returns 1 where the list is full. */
static int add(MappingList *l, const MapsLine *line) {
        Mapping *m = continued(l, line);

        if (l->n_vmas >= MAPPING_RANGES_MAX || (!m && l->names_size >= MAPPING_NAMES_MAX)) {
                l->cut = true;
                return 1;
        }
        if (!GROW(l->vmas, l->allocated_vmas, l->n_vmas + 1))
                return -ENOMEM;
        if (!m)
                m = create(l, line);
        if (!m)
                return -ENOMEM;
        l->vmas[l->n_vmas++] = (Vma){
                .start = line->start,
                .end = line->end,
                .offset = line->offset,
                .mapping = (uint32_t) (m - l->mappings),
                .flags = line->flags,
        };
        m->flags |= line->flags;
        m->end = line->end;
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
}

/*
 * Makes one mapping of those whose vmas do not follow each other. By sorting, not by
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
        for (size_t i = 0; i < l->n_vmas; i++)
                l->vmas[i].mapping = target[l->vmas[i].mapping];
        return 0;
}

/*
 * One call a VMA, its name always with it: a second call for the name costs more
 * than the names of five vmas, and could return another file by then. Returns as maps_next().
 */
static int read_by_query(int fd, MappingList *l) {
        char name[MAPS_NAME_SIZE] = "";
        uint64_t address = 0;
        MapsLine line;
        int r;

        clear_vmas(l);
        while ((r = maps_next(fd, /* executable= */ false, &address, name, &line)) > 0) {
                r = add(l, &line);
                if (r != 0)
                        return r < 0 ? r : 0;
        }
        return r;
}

static int query_once(const Process *p, MappingList *l) {
        _cleanup_close_ int fd = process_open_maps(p);

        return fd < 0 ? fd : read_by_query(fd, l);
}

/* Returns as maps_next(). */
static int query(const Process *p, MappingList *l) {
        int r = p->maps_fd >= 0 ? read_by_query(p->maps_fd, l) : -ESRCH;

        /* The descriptor is of one memory: a program that executes another meanwhile is read once more. */
        for (size_t i = 0; i < 3 && r == -ESRCH; i++) {
                r = query_once(p, l);
                if (r == -ESRCH && !process_alive(p))
                        break;
        }
        return r;
}

/* Of l->text. p: to resolve an ambiguous name; or NULL. Returns 0 or -ENOMEM. */
static int take_text(const Process *p, MappingList *l) {
        _cleanup_free_ char *raw = NULL;
        int r = 0;

        clear_vmas(l);
        for (size_t i = 0; i < l->text.n_lines && r == 0; i++) {
                MapsLine line;

                /* An unknown format: nothing is guessed from it. */
                if (maps_text_line(&l->text, i, &line) < 0 || !maps_line_is_of_file(&line))
                        continue;
                if (p)
                        line.name = maps_text_name(p, &line, &raw);
                r = add(l, &line);
        }
        l->cut = l->cut || l->text.cut;
        return r < 0 ? r : 0;
}

static int read_by_text(const Process *p, MappingList *l) {
        int r = l->text.pid == p->pid ? 0 : maps_text_read(p, &l->text);

        l->text.pid = 0;
        return r < 0 ? r : take_text(p, l);
}

int mapping_list_parse(const char *text, MappingList *l) {
        int r;

        r = maps_text_parse(text, &l->text);
        if (r >= 0)
                r = take_text(NULL, l);
        return r < 0 ? r : merge(l);
}

int mapping_list_read(const Process *p, bool by_text, MappingList *l) {
        int r = -ENOTTY;

        if (!by_text && l->text.pid != p->pid) {
                maps_text_clear(&l->text);
                r = query(p, l);
        }
        if (r == -ENOTTY || r == -ENAMETOOLONG || r == -EINVAL)
                r = read_by_text(p, l);
        if (r >= 0)
                r = merge(l);
        if (r < 0)
                mapping_list_clear(l);
        return r;
}

size_t mapping_list_find_vma(const MappingList *l, uint64_t address) {
        size_t low = 0, high = l->n_vmas;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (l->vmas[middle].end <= address)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == l->n_vmas || l->vmas[low].start > address)
                return SIZE_MAX;
        return low;
}

size_t mapping_list_find(const MappingList *l, uint64_t address) {
        size_t vma = mapping_list_find_vma(l, address);

        return vma == SIZE_MAX ? SIZE_MAX : l->vmas[vma].mapping;
}
