/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "scan/view-cache.h"

static CachedView *cached_view_free(CachedView *v) {
        mount_view_done(&v->view);
        free(v);
        return NULL;
}

void view_cache_done(ViewCache *c) {
        for (size_t i = 0; i < c->n_views; i++)
                cached_view_free(c->views[i]);
        free(c->views);
        *c = (ViewCache){};
}

bool cached_view_is_open(const CachedView *v) {
        return v->view.root_fd >= 0;
}

CachedView *view_cache_find(const ViewCache *c, const FileIdentity *root, uint64_t namespace) {
        for (size_t i = 0; i < c->n_views; i++)
                if (mount_view_is(&c->views[i]->view, root, namespace))
                        return c->views[i];
        return NULL;
}

CachedView *view_cache_find_open(const ViewCache *c, uint32_t serial) {
        for (size_t i = 0; i < c->n_views; i++)
                if (c->views[i]->serial == serial)
                        return cached_view_is_open(c->views[i]) ? c->views[i] : NULL;
        return NULL;
}

CachedView *view_cache_add(ViewCache *c, CachedView *known, MountView *take) {
        if (!known) {
                if (!GROW(c->views, c->allocated_views, c->n_views + 1))
                        return NULL;
                known = calloc(1, sizeof(*known));
                if (!known)
                        return NULL;
                known->serial = ++c->next_serial;
                c->views[c->n_views++] = known;
        } else
                mount_view_done(&known->view);
        known->view = *take;
        *take = MOUNT_VIEW_NULL;
        return known;
}

const Mount *view_cache_find_mount(const ViewCache *c, const CachedView *first, uint64_t mount_id) {
        const Mount *m = mount_id > 0 ? mount_table_find(&first->view.mounts, mount_id) : NULL;

        for (size_t i = 0; !m && mount_id > 0 && i < c->n_views; i++)
                if (cached_view_is_open(c->views[i]))
                        m = mount_table_find(&c->views[i]->view.mounts, mount_id);
        return m;
}

const Mount *view_cache_find_device(const ViewCache *c, const CachedView *first, uint32_t dev_major, uint32_t dev_minor) {
        const Mount *m = mount_table_of_device(&first->view.mounts, dev_major, dev_minor);

        for (size_t i = 0; !m && i < c->n_views; i++)
                if (cached_view_is_open(c->views[i]))
                        m = mount_table_of_device(&c->views[i]->view.mounts, dev_major, dev_minor);
        return m;
}

void view_cache_close(ViewCache *c, uint32_t sweep) {
        size_t kept = 0;

        for (size_t i = 0; i < c->n_views; i++) {
                CachedView *v = c->views[i];

                if (v->used != sweep) {
                        cached_view_free(v);
                        continue;
                }
                mount_view_close(&v->view);
                c->views[kept++] = v;
        }
        c->n_views = kept;
}
