/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/mman.h>

#include "scan/sweep-context.h"

/* --- what outlives a sweep --- */

/* The device of the kernel's internal tmpfs: that of a memfd. Without one, no mapping has it. */
static void read_shm_device(Scan *scan) {
        _cleanup_close_ int fd = memfd_create("stalelib", MFD_CLOEXEC);
        FileIdentity i;

        scan->shm_major = scan->shm_minor = UINT32_MAX;
        if (fd >= 0 && file_identity_read(fd, "", &i) >= 0) {
                scan->shm_major = i.dev_major;
                scan->shm_minor = i.dev_minor;
        }
}

Scan *scan_new(void) {
        _cleanup_(scan_freep) Scan *scan = calloc(1, sizeof(*scan));
        long ticks = sysconf(_SC_CLK_TCK);

        if (!scan)
                return NULL;
        scan->proc_fd = -EBADF;
        scan->ticks_per_sec = ticks > 0 ? (uint64_t) ticks : 100;
        elf_cache_init(&scan->elfs);
        if (lookup_cache_init(&scan->lookups) < 0)
                return NULL;
        read_shm_device(scan);
        return TAKE_PTR(scan);
}

Scan *scan_free(Scan *scan) {
        if (!scan)
                return NULL;
        for (size_t i = 0; i < scan->n_records; i++)
                process_record_free(scan->records[i]);
        free(scan->records);
        view_cache_done(&scan->views);
        for (size_t i = 0; i < scan->n_watched; i++)
                free(scan->watched[i]);
        free(scan->watched);
        elf_cache_done(&scan->elfs);
        lookup_cache_done(&scan->lookups);
        fd_close(scan->proc_fd);
        free(scan);
        return NULL;
}

/* --- what holds within one --- */

void sweep_context_init(SweepContext *ctx, Scan *scan, const SweepOptions *options) {
        *ctx = (SweepContext){
                .scan = scan,
                .options = *options,
                .baselines_left = options->baselines,
                .guard.guard = PAGE_GUARD_NULL,
        };
}

void sweep_context_done(SweepContext *ctx) {
        view_cache_close(&ctx->scan->views, ctx->scan->sweep);
        sweep_context_beacon(ctx, NULL, NULL);
        free(ctx->members);
        exec_time_cache_done(&ctx->exec_times);
        process_group_done(&ctx->group);
        mapping_list_done(&ctx->maps);
        memory_free(ctx->memory);
        page_guard_done(&ctx->guard.guard);
        *ctx = (SweepContext){ .guard.guard = PAGE_GUARD_NULL };
}

static bool may_hang(const SweepContext *ctx, const Mapping *m) {
        const Mount *host = ctx->host_view ?
                mount_table_of_device(&ctx->host_view->view.mounts, m->dev_major, m->dev_minor) : NULL;

        return host ? host->remote : m->dev_major == 0;
}

void sweep_context_beacon(const SweepContext *ctx, const Process *p, const Mapping *m) {
        volatile SweepBeacon *b = ctx->options.beacon;

        if (!b)
                return;
        if (m && !may_hang(ctx, m))
                m = NULL;
        b->on_file = 0;
        b->pid = p ? p->pid : 0;
        b->start_time = p ? p->start_time : 0;
        b->owner = p ? p->owner : 0;
        b->dev_major = m ? m->dev_major : 0;
        b->dev_minor = m ? m->dev_minor : 0;
        b->on_file = m != NULL;
}

bool sweep_context_skips_device(const SweepContext *ctx, uint32_t dev_major, uint32_t dev_minor) {
        const SweepOptions *o = &ctx->options;

        for (size_t i = 0; i < o->n_skip_devices; i++)
                if (o->skip_devices[i].dev_major == dev_major && o->skip_devices[i].dev_minor == dev_minor)
                        return true;
        return false;
}

bool sweep_context_is_local(const SweepContext *ctx, const CachedView *view, uint32_t dev_major, uint32_t dev_minor) {
        const Mount *m = view_cache_find_device(&ctx->scan->views, view, dev_major, dev_minor);

        if (m)
                return mount_answers(m);
        return dev_major != 0 || (dev_major == ctx->scan->shm_major && dev_minor == ctx->scan->shm_minor);
}

bool sweep_context_device_answers(const SweepContext *ctx, const CachedView *view, uint32_t dev_major, uint32_t dev_minor) {
        if (sweep_context_skips_device(ctx, dev_major, dev_minor))
                return false;
        return ctx->options.remote_file_systems || sweep_context_is_local(ctx, view, dev_major, dev_minor);
}

int sweep_context_start_nsec(SweepContext *ctx, const Process *p, int64_t *ret) {
        uint64_t ticks;
        int r;

        if (ctx->options.without & SWEEP_LAYER_EXEC_TIMES)
                exec_time_cache_done(&ctx->exec_times);
        r = exec_time_read(&ctx->exec_times, ctx->scan->proc_fd, p, &ticks);
        if (r < 0)
                return r;
        *ret = ctx->boot_nsec + (int64_t) (ticks * (1000000000u / ctx->scan->ticks_per_sec));
        return 0;
}

int sweep_context_is_older(SweepContext *ctx, Process *p, int64_t newest) {
        int64_t start;
        int r;

        if (newest < ctx->first_nsec - SWEEP_SLACK_NSEC)
                return 1;
        r = process_identify(ctx->scan->proc_fd, p);
        if (r >= 0)
                r = sweep_context_start_nsec(ctx, p, &start);
        return r < 0 ? r : newest < start - SWEEP_SLACK_NSEC;
}

/* A call that hangs now hangs in the process, not on a file. */
static void before_query(void *userdata) {
        const ProcessGuard *g = userdata;

        sweep_context_beacon(g->ctx, g->process, NULL);
}

static bool device_answers(void *userdata, uint32_t dev_major, uint32_t dev_minor) {
        const ProcessGuard *g = userdata;

        return sweep_context_device_answers(g->ctx, g->view, dev_major, dev_minor);
}

void sweep_context_guard(SweepContext *ctx, const CachedView *view, const Process *p, const MapsText *text, ProcessGuard *ret) {
        *ret = (ProcessGuard){ .guard = PAGE_GUARD_NULL, .ctx = ctx, .view = view, .process = p };
        ret->guard.user = (PageGuardUser){ before_query, device_answers, ret };
        ret->guard.process = p;
        ret->guard.text = text;
        ret->guard.by_text = ctx->options.text_maps || ctx->no_query;
}

int sweep_context_memory(SweepContext *ctx, const CachedView *view, const Process *p) {
        if (!ctx->memory)
                ctx->memory = memory_new(-EBADF);
        if (!ctx->memory)
                return -ENOMEM;
        page_guard_done(&ctx->guard.guard);
        sweep_context_guard(ctx, view, p, &ctx->maps.text, &ctx->guard);
        memory_guard(ctx->memory, page_guard_allows, &ctx->guard.guard);
        memory_attach(ctx->memory, -EBADF);
        return 0;
}
