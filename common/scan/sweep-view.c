/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "scan/sweep-view.h"

/* What its own mountinfo does not show: the layers of its overlays, and the file system of its root. */
static void settle_view(const SweepContext *ctx, const Process *p, MountView *v) {
        const CachedView *host = ctx->host_view;
        const Mount *m;

        if (p->pid == getpid()) /* this program came from there, and runs */
                return;
        if (host)
                mount_table_judge_overlays(&v->mounts, &host->view.mounts);
        if (v->own_users)
                mount_table_doubt_overlays(&v->mounts, host ? &host->view.mounts : NULL);
        if (v->root.mount_id > 0 ? mount_table_find(&v->mounts, v->root.mount_id) != NULL : v->mounts.whole)
                return;
        m = host ? view_cache_find_mount(&ctx->scan->views, host, v->root.mount_id) : NULL;
        v->root_remote = m ? !mount_answers(m) :
                host ? !sweep_context_is_local(ctx, host, v->root.dev_major, v->root.dev_minor) : v->root.dev_major == 0;
}

int sweep_view_open(SweepContext *ctx, const Process *p, CachedView **ret) {
        MountView fresh = MOUNT_VIEW_NULL;
        uint64_t namespace;
        FileIdentity root;
        CachedView *known;
        int r;

        r = mount_view_identify(p, &root, &namespace);
        if (r < 0)
                return r;
        known = view_cache_find(&ctx->scan->views, &root, namespace);
        if (known && cached_view_is_open(known)) {
                *ret = known;
                return 0;
        }
        r = mount_view_open(p, &fresh);
        if (r < 0)
                return r;
        if (known && known->view.namespace != fresh.namespace) /* the number of its mount is used again */
                known = NULL;
        known = view_cache_add(&ctx->scan->views, known, &fresh);
        if (!known) {
                mount_view_done(&fresh);
                return -ENOMEM;
        }
        settle_view(ctx, p, &known->view);
        known->used = ctx->scan->sweep;
        *ret = known;
        return 0;
}

/* --- processes by namespace --- */

/* So many are tried of a namespace, and so many namespaces are opened for the sake of one mount. */
#define MEMBERS_TRIED_MAX 16
#define NAMESPACES_OPEN_MAX 256

static int compare_members(const void *a, const void *b) {
        const NamespaceMember *x = a, *y = b;

        if (x->namespace != y->namespace)
                return x->namespace < y->namespace ? -1 : 1;
        return x->pid < y->pid ? -1 : x->pid > y->pid;
}

/* All that may be read. Lack of memory only costs evidence. */
static void read_members(SweepContext *ctx) {
        _cleanup_(process_list_done) ProcessList list = {};

        if (ctx->members_read)
                return;
        ctx->members_read = true;
        if (process_list_read(ctx->scan->proc_fd, &list) < 0)
                return;
        for (size_t i = 0; i < list.n_pids; i++) {
                _cleanup_(process_done) Process p = PROCESS_NULL;
                uint64_t namespace;

                if (process_open_directory(ctx->scan->proc_fd, list.pids[i], &p) < 0 || mount_view_read_namespace(&p, &namespace) < 0)
                        continue;
                if (!GROW(ctx->members, ctx->allocated_members, ctx->n_members + 1))
                        break;
                ctx->members[ctx->n_members++] = (NamespaceMember){ namespace, list.pids[i] };
        }
        if (ctx->n_members > 0)
                qsort(ctx->members, ctx->n_members, sizeof(*ctx->members), compare_members);
}

static size_t first_member(const SweepContext *ctx, uint64_t namespace) {
        size_t low = 0, high = ctx->n_members;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (ctx->members[middle].namespace < namespace)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

/* The view of a process of this namespace; NULL: gone, another one by now, may not be read. */
static CachedView *open_member(SweepContext *ctx, const NamespaceMember *m) {
        _cleanup_(process_done) Process p = PROCESS_NULL;
        CachedView *view;

        if (process_open_directory(ctx->scan->proc_fd, m->pid, &p) < 0 || sweep_view_open(ctx, &p, &view) < 0 ||
            view->view.namespace != m->namespace)
                return NULL;
        view->used = ctx->scan->sweep;
        return view;
}

/* From the namespace's own root: that lists all of its mounts. */
static bool is_whole(const CachedView *v) {
        return v->view.mounts.whole && streq(v->view.root_path, "/");
}

CachedView *sweep_view_whole(SweepContext *ctx, uint64_t namespace) {
        const ViewCache *c = &ctx->scan->views;

        for (size_t i = 0; i < c->n_views; i++)
                if (cached_view_is_open(c->views[i]) && c->views[i]->view.namespace == namespace && is_whole(c->views[i]))
                        return c->views[i];
        read_members(ctx);
        for (size_t i = first_member(ctx, namespace), tried = 0;
             i < ctx->n_members && ctx->members[i].namespace == namespace && tried < MEMBERS_TRIED_MAX; i++, tried++) {
                CachedView *v = open_member(ctx, &ctx->members[i]);

                if (v && is_whole(v))
                        return v;
        }
        return NULL;
}

/* One view of each namespace, from its own root where a process has that. Returns whether none was left out. */
static bool open_namespaces(SweepContext *ctx) {
        size_t opened = 0;

        read_members(ctx);
        for (size_t i = 0; i < ctx->n_members; i++) {
                if (i > 0 && ctx->members[i].namespace == ctx->members[i - 1].namespace)
                        continue;
                if (opened++ >= NAMESPACES_OPEN_MAX)
                        return false;
                sweep_view_whole(ctx, ctx->members[i].namespace);
        }
        return true;
}

bool sweep_view_open_namespaces(SweepContext *ctx) {
        if (ctx->namespaces_read)
                return false;
        ctx->namespaces_read = true;
        ctx->namespaces_whole = open_namespaces(ctx);
        return true;
}

static CachedView *find_view_with_mount(const SweepContext *ctx, uint64_t mount_id, const char *name, const CachedView *except) {
        for (size_t i = 0; i < ctx->scan->views.n_views; i++) {
                CachedView *v = ctx->scan->views.views[i];

                if (v != except && cached_view_is_open(v) && mount_table_find(&v->view.mounts, mount_id) && mount_view_path(&v->view, name))
                        return v;
        }
        return NULL;
}

CachedView *sweep_view_with_mount(SweepContext *ctx, uint64_t mount_id, const char *name, const CachedView *except, bool *ret_all) {
        CachedView *v = find_view_with_mount(ctx, mount_id, name, except);

        *ret_all = true;
        if (v)
                return v;
        if (sweep_view_open_namespaces(ctx))
                v = find_view_with_mount(ctx, mount_id, name, except);
        *ret_all = ctx->namespaces_whole;
        return v;
}
