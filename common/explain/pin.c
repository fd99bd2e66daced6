/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "explain/pin-cause.h"
#include "explain/pin.h"

/* Links of a chain of holders that are followed; it may be a circle. */
#define CHAIN_MAX 8

/* Nodes of one file: it may have been loaded into several namespaces (dlmopen(3)). */
static size_t next_node(const PinGraph *g, size_t object, size_t from) {
        while (from < g->n_nodes && g->nodes[from].object != object)
                from++;
        return from;
}

/* For what no entry of the loader's list belongs to. */
static PinCause explain_unlisted(const PinContext *c, const PinObject *o) {
        PinCause cause = { .node = PIN_NONE, .holder = PIN_NONE, .via = PIN_NONE, .certainty = CERTAINTY_CERTAIN };
        bool listed = c->list && c->list->n_maps > 0;

        if (o->interpreter)
                cause.reason = PIN_INTERPRETER;
        else if (o->executable)
                cause.reason = PIN_EXECUTABLE;
        else if (!c->list_is_whole && pin_list_names(c->audit, NULL, o->path, o->elf ? o->elf->soname : NULL)) {
                /* Before glibc 2.35 the namespaces of audit modules cannot be found from r_debug. */
                cause.reason = PIN_LD_AUDIT;
                cause.certainty = CERTAINTY_LIKELY;
        } else if (listed && c->list->complete && !c->namespaces_untold) {
                cause.reason = PIN_NOT_LOADER;
                cause.certainty = c->list_is_whole ? CERTAINTY_CERTAIN : CERTAINTY_LIKELY;
        } else {
                cause.reason = PIN_UNKNOWN;
                cause.certainty = CERTAINTY_BY_ELIMINATION;
        }
        return cause;
}

static bool has_cause(const PinCauses *c, PinReason reason) {
        for (size_t i = 0; i < c->n_causes; i++)
                if (c->causes[i].reason == reason)
                        return true;
        return false;
}

/* Several namespaces hold the file: each for its own reason, unless one holds it for ever. */
static void merge(PinCauses *all, const PinCauses *more) {
        if (all->permanent)
                return;
        if (more->permanent || all->n_causes == 0) {
                *all = *more;
                return;
        }
        for (size_t i = 0; i < more->n_causes && all->n_causes < PIN_CAUSES_MAX; i++)
                if (!has_cause(all, more->causes[i].reason))
                        all->causes[all->n_causes++] = more->causes[i];
}

static int find_causes(const PinGraph *g, size_t object, PinCauses *ret) {
        const PinContext *context = g->context;
        PinCauses all = {}, one;
        int r;

        if (context->no_loader && !context->objects[object].executable) {
                all.causes[all.n_causes++] = (PinCause){ .reason = PIN_NOT_LOADER, .certainty = CERTAINTY_LIKELY,
                                                         .node = PIN_NONE, .holder = PIN_NONE, .via = PIN_NONE };
                *ret = all;
                return 0;
        }
        for (size_t i = next_node(g, object, 0); i < g->n_nodes; i = next_node(g, object, i + 1)) {
                r = pin_causes_find(g, i, &one);
                if (r < 0)
                        return r;
                merge(&all, &one);
        }
        if (all.n_causes == 0 || (context->objects[object].executable && !context->objects[object].interpreter)) {
                all.n_causes = 1;
                all.causes[0] = explain_unlisted(context, context->objects + object);
        }
        *ret = all;
        return 0;
}

/* Why a holder stays; where others hold it in turn, why these do, up to the end of the chain. */
static int find_holder_pins(const PinGraph *g, size_t holder, uint32_t *ret) {
        uint32_t mask = 0;

        for (size_t links = 0; holder != PIN_NONE && links < CHAIN_MAX; links++) {
                PinCauses c;
                int r;

                r = pin_causes_find(g, holder, &c);
                if (r < 0)
                        return r;
                holder = PIN_NONE;
                for (size_t i = 0; i < c.n_causes; i++) {
                        mask |= 1u << c.causes[i].reason;
                        if (holder == PIN_NONE)
                                holder = c.causes[i].holder;
                }
        }
        *ret = mask;
        return 0;
}

static int fill_pin(const PinGraph *g, const PinCause *cause, Pin *ret) {
        Pin pin = { .reason = cause->reason, .certainty = cause->certainty };
        int r;

        if (cause->holder != PIN_NONE) {
                r = find_holder_pins(g, cause->holder, &pin.holder_pins);
                if (r < 0)
                        return r;
                pin.holder = strdup(g->nodes[cause->holder].path);
                if (!pin.holder)
                        return -ENOMEM;
        }
        pin.detail = pin_cause_detail(g, cause);
        if (!pin.detail) {
                pin_done(&pin);
                return -ENOMEM;
        }
        *ret = pin;
        return 0;
}

static int fill_pins(const PinGraph *g, const PinCauses *c, Pin **ret_pins, size_t *ret_n) {
        Pin *pins = calloc(c->n_causes, sizeof(*pins));
        int r;

        if (!pins)
                return -ENOMEM;
        for (size_t i = 0; i < c->n_causes; i++) {
                r = fill_pin(g, c->causes + i, pins + i);
                if (r < 0) {
                        while (i > 0)
                                pin_done(pins + --i);
                        free(pins);
                        return r;
                }
        }
        *ret_pins = pins;
        *ret_n = c->n_causes;
        return 0;
}

/* Of what was opened: the file itself, or what holds it. nginx is also told where it is itself the program. */
static uint32_t find_runtimes(const PinGraph *g, size_t index, const PinCauses *c) {
        uint32_t runtimes = 0;

        if (g->context->objects[index].executable)
                return pin_program_runtime(g->context) & RUNTIME_NGINX;
        for (size_t i = 0; i < c->n_causes; i++) {
                const PinCause *cause = c->causes + i;
                const bool held = cause->reason == PIN_HOLDER || cause->reason == PIN_RELDEP;
                const size_t opened = held ? cause->holder : cause->node;

                if (opened != PIN_NONE)
                        runtimes |= pin_opener_runtimes(g, opened);
        }
        return runtimes;
}

int pins_explain(const PinContext *context, size_t index, Pin **ret_pins, size_t *ret_n, uint32_t *ret_runtimes) {
        _cleanup_(pin_graph_freep) PinGraph *own = NULL;
        const PinGraph *g = context->graph;
        PinCauses causes;
        int r;

        if (!g) {
                r = pin_graph_new(context, &own);
                if (r < 0)
                        return r;
                g = own;
        }
        r = find_causes(g, index, &causes);
        if (r >= 0)
                r = fill_pins(g, &causes, ret_pins, ret_n);
        if (r < 0)
                return r;
        *ret_runtimes = find_runtimes(g, index, &causes);
        return 0;
}
