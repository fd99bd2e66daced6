/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "judge/observe.h"
#include "judge/r-debug.h"
#include "sweep/examine.h"

/* What the loader has loaded. No failure here is an error: the list is then not known. */
static int read_loader(Examination *x) {
        Loader *l = &x->loader;
        uint64_t r_debug = 0;
        int r = 0;

        if (!l->auxv) {
                r = sweep_context_memory(x->ctx, x->view, x->process);
                if (r >= 0)
                        r = loader_read(x->process, x->ctx->memory, l);
        }
        if (r < 0 || l->class == 0)
                return r;
        x->executable = mapping_list_find(x->maps, l->phdr);
        x->interpreter = l->base > 0 ? mapping_list_find(x->maps, l->base) : EXAMINE_NO_INDEX;
        /* What maps nothing but itself has loaded nothing, and most static programs are so. */
        if (l->list_read || l->base > 0 || !l->memory || x->maps->n_mappings < 2 || r_debug_find(x, &r_debug) < 0)
                return 0;
        return loader_read_list(l, r_debug);
}

/* The one that its dynamic section lies in. A static program has none. */
static size_t mapping_of_entry(const Examination *x, size_t entry) {
        const LinkMap *m = &x->loader.list.maps[entry];

        return entry == 0 && m->l_ld == 0 ? x->executable : mapping_list_find(x->maps, m->l_ld);
}

/* Which mapping each entry of the loader's list is of. */
static int match_links(Examination *x) {
        size_t first;

        x->link_mapping = calloc(x->loader.list.n_maps ?: 1, sizeof(*x->link_mapping));
        if (!x->link_mapping)
                return -ENOMEM;
        for (size_t i = 0; i < x->loader.list.n_maps; i++) {
                size_t m = mapping_of_entry(x, i);
                Observation *j = m != EXAMINE_NO_INDEX ? &x->observed[m] : NULL;

                x->link_mapping[i] = m;
                if (!j || j->link != EXAMINE_NO_INDEX)
                        continue;
                j->link = i;
                if (x->loader.list.maps[i].l_name[0] != '\0')
                        j->loader_name = x->loader.list.maps[i].l_name;
        }
        /* The first entry is the main program; where the kernel started another one, that was the loader. */
        first = x->loader.list.n_maps > 0 ? x->link_mapping[0] : EXAMINE_NO_INDEX;
        if (first != EXAMINE_NO_INDEX && first != x->executable) {
                x->interpreter = x->executable;
                x->executable = first;
        } else if (x->executable != EXAMINE_NO_INDEX && x->loader.execfn)
                x->observed[x->executable].loader_name = x->loader.execfn;
        return 0;
}

/* What its name alone settles comes first: observe_closely() needs the identities of the other mappings. */
static int judge(Examination *x) {
        int r;

        for (size_t i = 0; i < x->maps->n_mappings; i++) {
                if (!examination_counts(x, i)) {
                        x->observed[i].verdict = (Verdict){ .state = STATE_IGNORED };
                        x->observed[i].settled = true;
                        continue;
                }
                r = observe_by_lookups(x, i);
                if (r < 0)
                        return r;
                x->observed[i].settled = r > 0;
        }
        for (size_t i = 0; i < x->maps->n_mappings; i++) {
                r = x->observed[i].settled ? 0 : observe_closely(x, i);
                if (r < 0)
                        return r;
        }
        return observe_confirm_modified(x);
}

int examine_process(SweepContext *ctx, const Process *process, const CachedView *view, const ProcessRecord *before,
                    bool last_try, Loader *loader, Examination *ret) {
        _cleanup_(examination_done) Examination x = {
                .ctx = ctx,
                .process = process,
                .view = view,
                .maps = &ctx->maps,
                .before = before,
                .last_try = last_try,
                .loader = *loader,
                .executable = EXAMINE_NO_INDEX,
                .interpreter = EXAMINE_NO_INDEX,
        };
        int r;

        *loader = LOADER_NULL;
        r = sweep_context_start_nsec(ctx, process, &x.started_nsec);
        if (r >= 0)
                r = mapping_list_read(process, ctx->options.text_maps, &ctx->maps);
        if (r < 0)
                return r;
        x.observed = calloc(ctx->maps.n_mappings ?: 1, sizeof(*x.observed));
        if (!x.observed)
                return -ENOMEM;
        for (size_t i = 0; i < ctx->maps.n_mappings; i++)
                x.observed[i] = (Observation){ .link = EXAMINE_NO_INDEX, .disk_path = PATH_NONE };
        r = read_loader(&x);
        if (r >= 0)
                r = match_links(&x);
        if (r >= 0)
                r = judge(&x);
        if (r < 0)
                return r;
        *ret = x;
        x = EXAMINATION_NULL;
        return 0;
}
