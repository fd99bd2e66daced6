/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/stat.h>

#include "judge/verdict.h"
#include "sweep/fast-path.h"
#include "sweep/sibling-cache.h"

/* A process with more executable ranges is examined instead. */
#define RANGES_MAX 4096
#define BUCKETS 4096u

void fast_path_done(FastPath *fp) {
        free(fp->files);
        free(fp->ranges);
        free(fp->paths);
        free(fp->file_buckets);
        *fp = (FastPath){};
}

static int make_buckets(FastPath *fp) {
        if (fp->file_buckets)
                return 0;
        fp->file_buckets = malloc(BUCKETS * sizeof(*fp->file_buckets));
        if (!fp->file_buckets)
                return -ENOMEM;
        memset(fp->file_buckets, 0xff, BUCKETS * sizeof(*fp->file_buckets));
        return 0;
}

/* --- files that were found to be what their path leads to --- */

static uint32_t *file_bucket(Scan *scan, const CachedView *view, const FastPathRange *r) {
        uint64_t key[3] = { view->serial, (uint64_t) r->dev_major << 32 | r->dev_minor, r->inode };

        return &scan->fast_path.file_buckets[hash_bytes(&scan->lookups.key, key, sizeof(key)) % BUCKETS];
}

static const FastPathFile *find_file(Scan *scan, const CachedView *view, const FastPathRange *r) {
        const FastPath *fp = &scan->fast_path;

        for (uint32_t i = *file_bucket(scan, view, r); i != UINT32_MAX; i = fp->files[i].next) {
                const FastPathFile *f = &fp->files[i];

                if (f->inode == r->inode && f->view == view->serial && f->dev_major == r->dev_major &&
                    f->dev_minor == r->dev_minor)
                        return f;
        }
        return NULL;
}

static bool is_printed_as(const FileIdentity *file, const FastPathRange *r) {
        return file_identity_has(file, r->dev_major, r->dev_minor, r->inode);
}

/*
 * Files of btrfs, and of an overlay whose layers lie on several file systems, are printed with another device than
 * stat(2) tells, and on btrfs two files may be printed alike: so each range itself is asked for its file. Returns 1, 0.
 */
static int is_of_file(const Scan *scan, const SweepOptions *options, const CachedView *view, const Process *p,
                      const FastPathRange *r, const FileIdentity *file) {
        char name[MAPS_FILE_NAME_SIZE];
        FileIdentity i;

        if (r->dev_major != 0 || !scan_device_answers(scan, options, view, r->dev_major, r->dev_minor))
                return 0;
        scan_beacon(scan, options, p, NULL); /* map_files takes the lock of its memory */
        return file_identity_read(p->fd, maps_file_name(r->start, r->end, name), &i) >= 0 && file_identity_equal(&i, file);
}

/* The name of a range; buffer: at least MAPS_SHORT_NAME bytes, *ret_raw: to be freed after its use. Returns 1, 0, -errno. */
static int read_name(Scan *scan, const Process *p, const FastPathRange *range, char *buffer, char **ret_raw, const char **ret) {
        MapsLine line = fast_path_range_line(range);
        int r;

        if (p->maps_fd >= 0) {
                *ret = buffer;
                return maps_name_at(p->maps_fd, &line, buffer, MAPS_SHORT_NAME);
        }
        r = maps_text_find(&scan->maps.text, range->start, &line);
        if (r > 0)
                *ret = maps_text_name(p, &line, ret_raw);
        return r;
}

/*
 * Asks for the name of a range, and looks that up. A file with one name only is then
 * known for all processes of the view: whoever maps the same inode by another name maps
 * it by one that is gone, which its loader's name tells. Returns 1, 0: not settled, -errno.
 */
static int look_up_file(Scan *scan, const SweepOptions *options, const CachedView *view, const Process *p, size_t range,
                        ProcessResult *s, uint32_t *ret_path) {
        FastPath *fp = &scan->fast_path;
        const FastPathRange *r = &fp->ranges[range];
        char buffer[MAPS_SHORT_NAME] = ""; /* valgrind does not know that the kernel writes there */
        _cleanup_free_ char *raw = NULL;
        const char *name, *path;
        const Path *found;
        uint32_t *bucket;
        int k;

        k = read_name(scan, p, r, buffer, &raw, &name);
        if (k <= 0)
                return k;
        path = mount_view_path(&view->view, name);
        if (!path || verdict_cut_mark(path) != strlen(path))
                return 0;
        scan_beacon(scan, options, p, &(Mapping){ .dev_major = r->dev_major, .dev_minor = r->dev_minor });
        k = scan_look_up(scan, options, view, path, /* mapped= */ true, ret_path);
        if (k < 0)
                return k;
        found = &scan->lookups.paths[*ret_path];
        if (found->error < 0 || !S_ISREG(found->identity.mode) || found->modified > 0)
                return 0;
        if (!is_printed_as(&found->identity, r)) {
                s->misprinted = true;
                return is_of_file(scan, options, view, p, r, &found->identity);
        }
        if (found->identity.nlink != 1)
                return 1;
        if (!GROW(fp->files, fp->allocated_files, fp->n_files + 1))
                return -ENOMEM;
        bucket = file_bucket(scan, view, r);
        fp->files[fp->n_files] = (FastPathFile){
                .inode = r->inode,
                .dev_major = r->dev_major,
                .dev_minor = r->dev_minor,
                .view = view->serial,
                .path = *ret_path,
                .next = *bucket,
        };
        *bucket = (uint32_t) fp->n_files++;
        return 1;
}

/* --- processes that are alike to the address: forked from one, without an execve(2) in between --- */

static uint64_t hash_ranges(Scan *scan, const CachedView *view) {
        HashKey key = { scan->lookups.key.k0, scan->lookups.key.k1 ^ view->serial };

        return hash_bytes(&key, scan->fast_path.ranges, scan->fast_path.n_ranges * sizeof(*scan->fast_path.ranges));
}

/* --- one process --- */

static int add_range(FastPath *fp, const MapsLine *line) {
        if (!GROW(fp->ranges, fp->allocated_ranges, fp->n_ranges + 1))
                return -ENOMEM;
        fp->ranges[fp->n_ranges++] = (FastPathRange){
                .start = line->start,
                .end = line->end,
                .inode = line->inode,
                .dev_major = line->dev_major,
                .dev_minor = line->dev_minor,
        };
        return 0;
}

static int query_ranges(FastPath *fp, int maps_fd) {
        uint64_t address = 0;
        MapsLine line;
        int r;

        while ((r = maps_next(maps_fd, /* executable= */ true, &address, NULL, &line)) > 0) {
                if (fp->n_ranges >= RANGES_MAX)
                        return 0;
                r = add_range(fp, &line);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : fp->n_ranges > 0;
}

static int read_ranges_as_text(Scan *scan, const Process *p) {
        MapsText *t = &scan->maps.text;
        FastPath *fp = &scan->fast_path;
        int r;

        r = maps_text_read(p, t);
        for (size_t i = 0; r >= 0 && i < t->n_lines; i++) {
                MapsLine line;

                if (!maps_text_is_executable(t, i) || maps_text_line(t, i, &line) < 0 || !maps_line_is_of_file(&line))
                        continue;
                if (fp->n_ranges >= RANGES_MAX)
                        return 0;
                r = add_range(fp, &line);
        }
        return r < 0 ? r : fp->n_ranges > 0 && !t->cut;
}

/* p->maps_fd stays closed where the text tells the names as well. Returns 1, 0: not to be settled so, -errno. */
static int read_ranges(Scan *scan, const SweepOptions *options, Process *p) {
        FastPath *fp = &scan->fast_path;
        int r;

        fp->n_ranges = 0;
        if (options->text_maps || fp->no_query)
                return read_ranges_as_text(scan, p);
        p->maps_fd = process_open_maps(p);
        if (p->maps_fd < 0)
                return p->maps_fd;
        r = query_ranges(fp, p->maps_fd);
        if (r == -ENOTTY || r == -EINVAL) {
                fp->no_query = true; /* Linux before 6.11 */
                p->maps_fd = fd_close(p->maps_fd);
                return read_ranges_as_text(scan, p);
        }
        return r;
}

static int add_path(FastPath *fp, uint32_t path) {
        if (!GROW(fp->paths, fp->allocated_paths, fp->n_paths + 1))
                return -ENOMEM;
        fp->paths[fp->n_paths++] = path;
        return 0;
}

static bool is_internal(const Scan *scan, const FastPathRange *r) {
        return r->dev_major == scan->shm_major && r->dev_minor == scan->shm_minor;
}

/* Every executable range. range_path[i] is the number of its file's path, or PATH_NONE. */
static int check_files(Scan *scan, const SweepOptions *options, const CachedView *view, const Process *p,
                       ProcessResult *s, int64_t *newest) {
        FastPath *fp = &scan->fast_path;
        uint32_t path = PATH_NONE;
        int r;

        for (size_t i = 0; i < fp->n_ranges; i++) {
                const FastPathRange *line = &fp->ranges[i];
                const FastPathFile *f;

                if (is_internal(scan, line)) {
                        s->mappings++;
                        s->ignored++;
                        path = PATH_NONE;
                } else if (i == 0 || path == PATH_NONE || !is_printed_as(&scan->lookups.paths[path].identity, line)) {
                        f = find_file(scan, view, line);
                        r = f ? 1 : look_up_file(scan, options, view, p, i, s, &path);
                        if (r <= 0)
                                return r;
                        if (f)
                                path = f->path;
                        s->mappings++;
                        if (scan->lookups.paths[path].identity.ctime > *newest)
                                *newest = scan->lookups.paths[path].identity.ctime;
                }
                r = add_path(fp, path);
                if (r < 0)
                        return r;
        }
        return 1;
}

/* The executable range of a loaded file: the last one before its dynamic section, and not before its own beginning. */
static size_t range_of_link(const FastPath *fp, const LinkMap *l) {
        size_t low = 0, high = fp->n_ranges;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (fp->ranges[middle].start <= l->l_ld)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low > 0 && fp->ranges[low - 1].start >= l->l_addr ? low - 1 : SIZE_MAX;
}

/* The name must lead to the file that the range is of. Returns 1, 0, -errno. */
static int check_name(Scan *scan, const SweepOptions *options, const CachedView *view, const Process *p,
                      const char *name, size_t range) {
        FastPath *fp = &scan->fast_path;
        const Path *found;
        uint32_t path;
        int r;

        if (!verdict_name_resolvable(name))
                return 1;
        if (range == SIZE_MAX || fp->paths[range] == PATH_NONE)
                return 0;
        if (streq(scan->lookups.paths[fp->paths[range]].name, name))
                return 1;
        scan_beacon(scan, options, p, &(Mapping){ .dev_major = fp->ranges[range].dev_major, .dev_minor = fp->ranges[range].dev_minor });
        r = scan_look_up(scan, options, view, name, /* mapped= */ false, &path);
        if (r < 0)
                return r;
        found = &scan->lookups.paths[path];
        if (found->error < 0 || !file_identity_equal(&found->identity, &scan->lookups.paths[fp->paths[range]].identity))
                return 0;
        r = add_path(fp, path);
        return r < 0 ? r : 1;
}

static int check_names(Scan *scan, const SweepOptions *options, const CachedView *view, const Process *p,
                       Loader *loader) {
        const FastPath *fp = &scan->fast_path;
        int r;

        scan_beacon(scan, options, p, NULL);
        r = scan_memory(scan, options, view, p);
        if (r < 0)
                return r;
        r = loader_read(p, scan->memory, &scan->debug_offset, loader);
        if (r < 0)
                return r;
        if (!loader->list_read || !loader->list.complete || loader->list.n_maps == 0)
                return 0;
        for (size_t i = 0; i < loader->list.n_maps; i++) {
                const LinkMap *l = &loader->list.maps[i];

                r = check_name(scan, options, view, p, l->l_name, range_of_link(fp, l));
                if (r <= 0)
                        return r;
        }
        /* The name of a script is not settled so: another file is run than was asked for. */
        return check_name(scan, options, view, p, loader->execfn, range_of_link(fp, &loader->list.maps[0]));
}

/* The names, without those that stand for no file. */
static int make_set(Scan *scan, uint32_t *ret) {
        FastPath *fp = &scan->fast_path;
        size_t n = 0;

        for (size_t i = 0; i < fp->n_paths; i++)
                if (fp->paths[i] != PATH_NONE)
                        fp->paths[n++] = fp->paths[i];
        return lookup_cache_add_set(&scan->lookups, fp->paths, n, ret);
}

/* Are all its files older than its memory is? The age of that is asked for only where one is newer than the first process. */
static int is_older(Scan *scan, Process *p, int64_t newest) {
        int64_t start;
        int r;

        if (newest < scan->first_nsec - SCAN_SLACK_NSEC)
                return 1;
        r = process_identify(scan->proc_fd, p);
        if (r >= 0)
                r = scan_start_nsec(scan, p, &start);
        return r < 0 ? r : newest < start - SCAN_SLACK_NSEC;
}

/* All that is looked at. *ret_newest: latest ctime of its files. */
static int check_all(Scan *scan, const SweepOptions *options, const CachedView *view, Process *p, Loader *loader,
                     int64_t *ret_newest, ProcessResult *ret) {
        ProcessResult s = {};
        int r;

        scan->fast_path.n_paths = 0;
        *ret_newest = 0;
        r = check_files(scan, options, view, p, &s, ret_newest);
        if (r > 0)
                r = check_names(scan, options, view, p, loader);
        if (r <= 0)
                return r;
        r = make_set(scan, &s.set);
        if (r >= 0)
                r = is_older(scan, p, *ret_newest);
        if (r > 0)
                *ret = s;
        return r;
}

/* A process like one that was settled. Returns 1; 0: not like it; -errno. */
static int check_sibling(Scan *scan, const SweepOptions *options, const CachedView *view, Process *p,
                         const Sibling *sibling, ProcessResult *ret) {
        int r;

        r = sibling_matches(scan, options, view, sibling, p);
        if (r > 0)
                r = is_older(scan, p, sibling->newest);
        if (r > 0)
                *ret = sibling->result;
        return r;
}

int fast_path_check(Scan *scan, const SweepOptions *options, Process *process, const CachedView *view, Loader *loader,
                    ProcessResult *ret) {
        FastPath *fp = &scan->fast_path;
        const Sibling *sibling;
        struct stat st;
        int64_t newest;
        int r;

        fp->key = (SiblingKey){};
        r = make_buckets(fp);
        if (r < 0)
                return r;
        if (fstat(process->fd, &st) < 0) /* the owner of the directory: proc(5) */
                return -errno;
        r = read_ranges(scan, options, process);
        if (r <= 0)
                return r;
        fp->key = (SiblingKey){ .hash = hash_ranges(scan, view), .uid = st.st_uid, .n_ranges = fp->n_ranges };
        sibling = sibling_cache_find(&scan->siblings, &fp->key);
        if (sibling && !sibling->settled)
                return 0;
        r = sibling ? check_sibling(scan, options, view, process, sibling, ret) : 0;
        if (r != 0)
                return r;
        r = check_all(scan, options, view, process, loader, &newest, ret);
        if (r > 0 && sibling_cache_add_settled(scan, &fp->key, process, loader, ret, newest) < 0)
                return -ENOMEM;
        return r;
}
