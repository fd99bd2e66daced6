/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <sys/stat.h>

#include "scan/path-lookup.h"

/* Of a file without build-id, this much is hashed. */
#define BASELINE_BYTES_MAX (1u << 20)

/* A hash of what the file holds: its build-id, else its beginning. 0: could not be read. */
static uint64_t read_content(const SweepContext *ctx, const CachedView *view, const Path *p) {
        _cleanup_(elf_file_done) ElfFile elf = {};
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *bytes = NULL;
        FileIdentity i;
        ssize_t n;

        fd = mount_view_open_file(&view->view, ctx->scan->proc_fd, p->name, ctx->options.remote_file_systems, &i);
        if (fd < 0 || !file_identity_untouched(&i, &p->identity))
                return 0;
        if (elf_file_read(fd, &elf) >= 0 && elf.build_id_length > 0)
                return hash_bytes(&ctx->scan->lookups.key, elf.build_id, elf.build_id_length) | 1;
        bytes = malloc(BASELINE_BYTES_MAX);
        n = bytes ? pread(fd, bytes, BASELINE_BYTES_MAX, 0) : -1;
        return n < 0 ? 0 : hash_bytes(&ctx->scan->lookups.key, bytes, (size_t) n) | 1;
}

/* Stores a hash of the content of a mapped file, and notes when that has changed under the same inode. */
static void compare_content(SweepContext *ctx, const CachedView *view, Path *p, const FileIdentity *before) {
        bool same_file = before && file_identity_equal(before, &p->identity);
        uint64_t content;

        if (!S_ISREG(p->identity.mode) || (p->content != 0 && same_file && file_identity_untouched(before, &p->identity)))
                return;
        if (p->content == 0) {
                if (ctx->baselines_left == 0)
                        return;
                ctx->baselines_left--;
        }
        content = read_content(ctx, view, p);
        if (content != 0 && p->content != 0 && same_file && content != p->content)
                p->modified = ctx->scan->sweep;
        p->content = content;
}

static int watched_compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Remembers a directory (with its view); false: it was known, or memory is short. */
static bool watch_is_new(Scan *scan, uint32_t serial, const char *directory, size_t n) {
        char *key, **place;
        size_t at;

        if (asprintf(&key, "%u:%.*s", serial, (int) n, directory) < 0)
                return false;
        if ((scan->n_watched > 0 &&
             bsearch(&key, scan->watched, scan->n_watched, sizeof(*scan->watched), watched_compare)) ||
            !GROW(scan->watched, scan->allocated_watched, scan->n_watched + 1)) {
                free(key);
                return false;
        }
        for (at = scan->n_watched; at > 0 && strcmp(scan->watched[at - 1], key) > 0; at--)
                ;
        place = &scan->watched[at];
        memmove(place + 1, place, (scan->n_watched - at) * sizeof(*place));
        *place = key;
        scan->n_watched++;
        return true;
}

/* Reports the last component in its directory, and, once for each directory, of the components that lead there. */
static void report_to_watch(SweepContext *ctx, const CachedView *view, const char *name) {
        _cleanup_free_ char *path = strdup(name);

        while (path) {
                _cleanup_close_ int fd = -EBADF;
                char *slash = strrchr(path, '/');
                FileIdentity i;

                if (!slash || slash[1] == '\0')
                        return;
                *slash = '\0';
                if (mount_view_lookup(&view->view, *path ? path : "/", ctx->options.remote_file_systems, &fd, &i) >= 0 &&
                    S_ISDIR(i.mode))
                        ctx->options.watch(ctx->options.userdata, fd, slash + 1);
                if (*path == '\0' || !watch_is_new(ctx->scan, view->serial, path, strlen(path)))
                        return;
        }
}

static bool is_skipped(const SweepContext *ctx, const CachedView *view, const char *name) {
        const Mount *m;

        if (ctx->options.n_skip_devices == 0)
                return false;
        m = mount_table_covering(&view->view.mounts, name);
        return m && sweep_context_skips_device(ctx, m->dev_major, m->dev_minor);
}

static void do_lookup(SweepContext *ctx, const CachedView *view, uint32_t path, bool mapped) {
        Path *p = &ctx->scan->lookups.paths[path];
        bool first = p->looked_up == 0;
        FileIdentity before = p->identity, now;
        int r;

        if (is_skipped(ctx, view, p->name))
                r = -ETIMEDOUT;
        else
                r = mount_view_lookup(&view->view, p->name, ctx->options.remote_file_systems, NULL, &now);
        path_answer(p, ctx->scan->sweep, r, &now);
        p->mapped = p->mapped || mapped;
        if (ctx->options.watch && (first || p->changed == ctx->scan->sweep))
                report_to_watch(ctx, view, p->name);
        if ((p->content != 0 || ctx->baselines_left > 0) && p->mapped && r >= 0)
                compare_content(ctx, view, p, first ? NULL : &before);
}

static bool is_looked_up(const SweepContext *ctx, uint32_t path) {
        return ctx->scan->lookups.paths[path].looked_up == ctx->scan->sweep && !(ctx->options.without & SWEEP_LAYER_LOOKUPS);
}

int path_lookup(SweepContext *ctx, const CachedView *view, const char *name, bool mapped, uint32_t *ret) {
        int r;

        r = lookup_cache_add(&ctx->scan->lookups, view->serial, name, ret);
        if (r < 0)
                return r;
        if (!is_looked_up(ctx, *ret))
                do_lookup(ctx, view, *ret, mapped);
        return 0;
}

void path_lookup_refresh(SweepContext *ctx, const CachedView *view, uint32_t path) {
        if (!is_looked_up(ctx, path))
                do_lookup(ctx, view, path, ctx->scan->lookups.paths[path].mapped);
}
