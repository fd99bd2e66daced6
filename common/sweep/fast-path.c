/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/stat.h>

#include "judge/verdict.h"
#include "scan/path-lookup.h"
#include "sweep/fast-path.h"

/* A process with more executable VMAs is examined instead. */
#define VMAS_MAX 4096

void fast_path_init(FastPath *fp, SweepContext *ctx) {
        *fp = (FastPath){ .ctx = ctx };
}

void fast_path_done(FastPath *fp) {
        free(fp->vmas);
        free(fp->paths);
        *fp = (FastPath){};
}

static const Path *path_at(const FastPath *fp, uint32_t path) {
        return &fp->ctx->scan->lookups.paths[path];
}

/* --- the executable VMAs --- */

static int add_vma(FastPath *fp, const MapsLine *line) {
        if (!GROW(fp->vmas, fp->allocated_vmas, fp->n_vmas + 1))
                return -ENOMEM;
        fp->vmas[fp->n_vmas++] = (ExecVma){
                .start = line->start,
                .end = line->end,
                .inode = line->inode,
                .dev_major = line->dev_major,
                .dev_minor = line->dev_minor,
        };
        return 0;
}

static int query_vmas(FastPath *fp) {
        uint64_t address = 0;
        MapsLine line;
        int r;

        while ((r = maps_next(fp->process->maps_fd, /* executable= */ true, &address, NULL, &line)) > 0) {
                if (fp->n_vmas >= VMAS_MAX)
                        return 0;
                r = add_vma(fp, &line);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : fp->n_vmas > 0;
}

static int read_vmas_as_text(FastPath *fp) {
        MapsText *t = &fp->ctx->maps.text;
        int r;

        r = maps_text_read(fp->process, t);
        for (size_t i = 0; r >= 0 && i < t->n_lines; i++) {
                MapsLine line;

                if (!maps_text_is_executable(t, i) || maps_text_line(t, i, &line) < 0 || !maps_line_is_of_file(&line))
                        continue;
                if (fp->n_vmas >= VMAS_MAX)
                        return 0;
                r = add_vma(fp, &line);
        }
        return r < 0 ? r : fp->n_vmas > 0 && !t->cut;
}

/* maps_fd of the process stays closed where the text has the names as well. Returns as fast_path_begin(). */
static int read_vmas(FastPath *fp) {
        Process *p = fp->process;
        int r;

        fp->n_vmas = 0;
        if (fp->ctx->options.text_maps || fp->ctx->no_query)
                return read_vmas_as_text(fp);
        p->maps_fd = process_open_maps(p);
        if (p->maps_fd < 0)
                return p->maps_fd;
        r = query_vmas(fp);
        if (r == -ENOTTY || r == -EINVAL) {
                fp->ctx->no_query = true; /* Linux before 6.11 */
                p->maps_fd = fd_close(p->maps_fd);
                return read_vmas_as_text(fp);
        }
        return r;
}

static uint64_t hash_vmas(const FastPath *fp) {
        const HashKey *k = &fp->ctx->scan->lookups.key;

        return hash_bytes(&(HashKey){ k->k0, k->k1 ^ fp->view->serial }, fp->vmas, fp->n_vmas * sizeof(*fp->vmas));
}

int fast_path_begin(FastPath *fp, Process *process, const CachedView *view, SiblingKey *ret) {
        struct stat st;
        int r;

        fp->process = process;
        fp->view = view;
        if (fstat(process->fd, &st) < 0) /* the owner of the directory: proc(5) */
                return -errno;
        r = read_vmas(fp);
        if (r > 0)
                *ret = (SiblingKey){ .hash = hash_vmas(fp), .uid = st.st_uid, .n_vmas = fp->n_vmas };
        return r;
}

/* --- files that are what their path leads to --- */

static bool is_printed_as(const FileIdentity *file, const ExecVma *v) {
        return file_identity_has(file, v->dev_major, v->dev_minor, v->inode);
}

/*
 * Files of btrfs, and of an overlay whose layers lie on several file systems, have another device in maps than st_dev,
 * and on btrfs two files may be printed alike: so the file of each VMA itself is read.
 */
static bool is_of_file(const FastPath *fp, const ExecVma *v, const FileIdentity *file) {
        char name[MAPS_FILE_NAME_SIZE];
        FileIdentity i;

        if (v->dev_major != 0 || !sweep_context_device_answers(fp->ctx, fp->view, v->dev_major, v->dev_minor))
                return false;
        sweep_context_beacon(fp->ctx, fp->process, NULL); /* map_files takes the mmap_lock */
        return file_identity_read(fp->process->fd, maps_file_name(v->start, v->end, name), &i) >= 0 &&
                file_identity_equal(&i, file);
}

/* The name of a VMA; buffer: at least MAPS_SHORT_NAME bytes, *ret_raw: to be freed after its use. Returns 1, 0, -errno. */
static int read_name(FastPath *fp, const ExecVma *v, char *buffer, char **ret_raw, const char **ret) {
        MapsLine line = { .start = v->start, .end = v->end, .inode = v->inode, .dev_major = v->dev_major, .dev_minor = v->dev_minor };
        int r;

        if (fp->process->maps_fd >= 0) {
                *ret = buffer;
                return maps_name_at(fp->process->maps_fd, &line, buffer, MAPS_SHORT_NAME);
        }
        r = maps_text_find(&fp->ctx->maps.text, v->start, &line);
        if (r > 0)
                *ret = maps_text_name(fp->process, &line, ret_raw);
        return r;
}

static int look_up(FastPath *fp, const ExecVma *v, const char *name, bool mapped, uint32_t *ret) {
        sweep_context_beacon(fp->ctx, fp->process, &(Mapping){ .dev_major = v->dev_major, .dev_minor = v->dev_minor });
        return path_lookup(fp->ctx, fp->view, name, mapped, ret);
}

/* Reads the name of a VMA and looks it up. Returns 1, 0: not settled, -errno. */
static int check_vma(FastPath *fp, const ExecVma *v, ProcessResult *result, uint32_t *ret_path) {
        char buffer[MAPS_SHORT_NAME] = ""; /* valgrind does not know that the kernel writes there */
        _cleanup_free_ char *raw = NULL;
        const char *name, *path;
        const Path *found;
        int r;

        r = read_name(fp, v, buffer, &raw, &name);
        if (r <= 0)
                return r;
        path = mount_view_path(&fp->view->view, name);
        if (!path || verdict_cut_mark(path) != strlen(path))
                return 0;
        r = look_up(fp, v, path, /* mapped= */ true, ret_path);
        if (r < 0)
                return r;
        found = path_at(fp, *ret_path);
        if (found->error < 0 || !S_ISREG(found->identity.mode) || found->modified > 0)
                return 0;
        if (!is_printed_as(&found->identity, v)) {
                result->misprinted = true;
                return is_of_file(fp, v, &found->identity);
        }
        return 1;
}

/* --- one process --- */

static int add_path(FastPath *fp, uint32_t path) {
        if (!GROW(fp->paths, fp->allocated_paths, fp->n_paths + 1))
                return -ENOMEM;
        fp->paths[fp->n_paths++] = path;
        return 0;
}

/* Of memfd, SysV and MAP_SHARED memory: no file. */
static bool is_internal(const FastPath *fp, const ExecVma *v) {
        return v->dev_major == fp->ctx->scan->shm_major && v->dev_minor == fp->ctx->scan->shm_minor;
}

/* Every executable VMA. paths[i] is the number of the path of vmas[i], or PATH_NONE. */
static int check_files(FastPath *fp, ProcessResult *result, int64_t *newest) {
        uint32_t path = PATH_NONE;
        int r;

        for (size_t i = 0; i < fp->n_vmas; i++) {
                const ExecVma *v = &fp->vmas[i];

                if (is_internal(fp, v)) {
                        result->mappings++;
                        result->ignored++;
                        path = PATH_NONE;
                } else if (path == PATH_NONE || !is_printed_as(&path_at(fp, path)->identity, v)) {
                        r = check_vma(fp, v, result, &path);
                        if (r <= 0)
                                return r;
                        result->mappings++;
                        if (path_at(fp, path)->identity.ctime > *newest)
                                *newest = path_at(fp, path)->identity.ctime;
                }
                r = add_path(fp, path);
                if (r < 0)
                        return r;
        }
        return 1;
}

/* The executable VMA of a loaded file: the last one before its dynamic section, and not before its load address. */
static size_t find_vma(const FastPath *fp, const LinkMap *l) {
        size_t low = 0, high = fp->n_vmas;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (fp->vmas[middle].start <= l->l_ld)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low > 0 && fp->vmas[low - 1].start >= l->l_addr ? low - 1 : SIZE_MAX;
}

/* The name must lead to the file of the VMA. Returns 1, 0, -errno. */
static int check_name(FastPath *fp, const char *name, size_t vma) {
        const Path *found, *mapped;
        uint32_t path;
        int r;

        if (!verdict_name_resolvable(name))
                return 1;
        if (vma == SIZE_MAX || fp->paths[vma] == PATH_NONE)
                return 0;
        if (streq(path_at(fp, fp->paths[vma])->name, name))
                return 1;
        r = look_up(fp, &fp->vmas[vma], name, /* mapped= */ false, &path);
        if (r < 0)
                return r;
        found = path_at(fp, path);
        mapped = path_at(fp, fp->paths[vma]);
        if (found->error < 0 || !file_identity_equal(&found->identity, &mapped->identity))
                return 0;
        r = add_path(fp, path);
        return r < 0 ? r : 1;
}

static int check_names(FastPath *fp, Loader *loader) {
        SweepContext *ctx = fp->ctx;
        int r;

        sweep_context_beacon(ctx, fp->process, NULL);
        r = sweep_context_memory(ctx, fp->view, fp->process);
        if (r < 0)
                return r;
        r = loader_read(fp->process, ctx->memory, loader);
        if (r < 0)
                return r;
        if (!loader->list_read || !loader->list.complete || loader->list.n_maps == 0)
                return 0;
        for (size_t i = 0; i < loader->list.n_maps; i++) {
                const LinkMap *l = &loader->list.maps[i];

                r = check_name(fp, l->l_name, find_vma(fp, l));
                if (r <= 0)
                        return r;
        }
        /* The name of a script does not pass: the file that runs is its interpreter. */
        return check_name(fp, loader->execfn, find_vma(fp, &loader->list.maps[0]));
}

/* The paths, without PATH_NONE. */
static int make_set(FastPath *fp, uint32_t *ret) {
        size_t n = 0;

        for (size_t i = 0; i < fp->n_paths; i++)
                if (fp->paths[i] != PATH_NONE)
                        fp->paths[n++] = fp->paths[i];
        return lookup_cache_add_set(&fp->ctx->scan->lookups, fp->paths, n, ret);
}

int fast_path_check(FastPath *fp, Loader *loader, int64_t *ret_newest, ProcessResult *ret) {
        ProcessResult result = {};
        int64_t newest = 0;
        int r;

        fp->n_paths = 0;
        r = check_files(fp, &result, &newest);
        if (r > 0)
                r = check_names(fp, loader);
        if (r <= 0)
                return r;
        r = make_set(fp, &result.set);
        if (r >= 0)
                r = sweep_context_is_older(fp->ctx, fp->process, newest);
        if (r > 0) {
                *ret = result;
                *ret_newest = newest;
        }
        return r;
}
