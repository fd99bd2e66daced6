/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "explain/explain.h"
#include "sweep/sibling-cache.h"

#define BUCKETS 4096u
/* Each holds a memory trace. Workers mostly follow the first of them soon, so the oldest entry is replaced. */
#define SIBLINGS_MAX 1024u

static void sibling_clear(Sibling *s) {
        memory_trace_done(&s->trace);
        free(s->auxv);
        s->auxv = NULL;
}

void sibling_cache_init(SiblingCache *c, SweepContext *ctx) {
        *c = (SiblingCache){ .ctx = ctx };
}

void sibling_cache_done(SiblingCache *c) {
        for (size_t i = 0; i < c->n_siblings; i++)
                sibling_clear(&c->siblings[i]);
        free(c->siblings);
        free(c->buckets);
        *c = (SiblingCache){};
}

static bool is_off(const SiblingCache *c) {
        return c->ctx->options.without & SWEEP_LAYER_SIBLINGS;
}

const Sibling *sibling_cache_find(const SiblingCache *c, const SiblingKey *key) {
        if (is_off(c))
                return NULL;
        for (uint32_t i = c->buckets ? c->buckets[key->hash % BUCKETS] : UINT32_MAX; i != UINT32_MAX; i = c->siblings[i].next) {
                const SiblingKey *k = &c->siblings[i].key;

                if (k->hash == key->hash && k->uid == key->uid && k->n_vmas == key->n_vmas)
                        return &c->siblings[i];
        }
        return NULL;
}

static void evict(SiblingCache *c, uint32_t i) {
        uint32_t *link = &c->buckets[c->siblings[i].key.hash % BUCKETS];

        while (*link != i)
                link = &c->siblings[*link].next;
        *link = c->siblings[i].next;
        sibling_clear(&c->siblings[i]);
}

static int add_entry(SiblingCache *c, const Sibling *sibling) {
        uint32_t *bucket, i;

        if (!c->buckets) {
                c->buckets = malloc(BUCKETS * sizeof(*c->buckets));
                if (!c->buckets)
                        return -ENOMEM;
                memset(c->buckets, 0xff, BUCKETS * sizeof(*c->buckets));
        }
        if (c->n_siblings < SIBLINGS_MAX) {
                if (!GROW(c->siblings, c->allocated, c->n_siblings + 1))
                        return -ENOMEM;
                i = (uint32_t) c->n_siblings++;
        } else {
                i = c->oldest;
                c->oldest = (c->oldest + 1) % SIBLINGS_MAX;
                evict(c, i);
        }
        bucket = &c->buckets[sibling->key.hash % BUCKETS];
        c->siblings[i] = *sibling;
        c->siblings[i].next = *bucket;
        *bucket = i;
        return 0;
}

/* From the loader where it has been read already. Returns 0, -ENOMEM, -errno. */
static int take_auxv(const Process *p, const Loader *loader, Sibling *sibling) {
        if (!loader || !loader->auxv)
                return process_read_file(p, "auxv", AUXV_MAX, &sibling->auxv, &sibling->auxv_size);
        sibling->auxv = malloc(loader->auxv_size + 1);
        if (!sibling->auxv)
                return -ENOMEM;
        memcpy(sibling->auxv, loader->auxv, loader->auxv_size);
        sibling->auxv_size = loader->auxv_size;
        return 0;
}

/* Reads what other processes are compared with. Returns 1; 0: nothing of use; -ENOMEM. */
static int take_evidence(SiblingCache *c, const Process *p, const Loader *loader, Sibling *sibling) {
        int r;

        if (is_off(c) || !c->ctx->memory || sibling->result.misprinted || sibling->result.unexecuted ||
            process_issues_have_unknown(process_result_issues(&sibling->result)) || sibling_cache_find(c, &sibling->key))
                return 0;
        r = take_auxv(p, loader, sibling);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        return memory_take_trace(c->ctx->memory, &sibling->trace);
}

static int add(SiblingCache *c, const Process *p, const Loader *loader, Sibling *sibling) {
        int r;

        r = take_evidence(c, p, loader, sibling);
        if (r > 0) {
                r = add_entry(c, sibling);
                if (r >= 0)
                        return 0;
        }
        sibling_clear(sibling);
        return r;
}

int sibling_cache_add_settled(SiblingCache *c, const SiblingKey *key, const Process *p, const Loader *loader,
                              const ProcessResult *result, int64_t newest) {
        Sibling sibling = { .key = *key, .settled = true, .result = *result, .newest = newest };

        return add(c, p, loader, &sibling);
}

int sibling_cache_add_examined(SiblingCache *c, const SiblingKey *key, const Process *p, const ProcessResult *result) {
        Sibling sibling = { .key = *key, .result = *result };
        int r;

        r = sweep_context_start_nsec(c->ctx, p, &sibling.started_nsec);
        return r < 0 ? r : add(c, p, /* loader= */ NULL, &sibling);
}

/* Has the process the same auxiliary vector, and the same memory wherever that of the sibling was read? Returns 1, 0, -ENOMEM. */
static int matches(SweepContext *ctx, const Sibling *sibling, const CachedView *view, const Process *p) {
        _cleanup_free_ char *auxv = NULL;
        _cleanup_close_ int fd = -EBADF;
        size_t size;
        bool same;
        int r;

        r = process_read_file(p, "auxv", AUXV_MAX, &auxv, &size);
        if (r < 0 || size != sibling->auxv_size || memcmp(auxv, sibling->auxv, size) != 0)
                return r == -ENOMEM ? r : 0;
        r = sweep_context_memory(ctx, view, p);
        if (r < 0)
                return r;
        fd = openat(p->fd, "mem", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return 0;
        memory_attach(ctx->memory, fd);
        same = memory_matches(ctx->memory, &sibling->trace);
        memory_attach(ctx->memory, -EBADF);
        return same;
}

int sibling_cache_share(SiblingCache *c, const Sibling *sibling, const CachedView *view, Process *p, ProcessResult *ret) {
        int64_t started;
        int r;

        if (sibling->settled) {
                r = matches(c->ctx, sibling, view, p);
                if (r > 0)
                        r = sweep_context_is_older(c->ctx, p, sibling->newest);
                if (r > 0)
                        *ret = sibling->result;
                return r;
        }
        r = sweep_context_start_nsec(c->ctx, p, &started);
        if (r < 0)
                return r;
        r = started == sibling->started_nsec ? matches(c->ctx, sibling, view, p) : 0;
        if (r <= 0)
                return r;
        r = explain_again(c->ctx, p, &sibling->result, ret);
        return r < 0 ? r : 1;
}
