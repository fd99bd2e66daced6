/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "explain/pin-cause.h"
#include "explain/pin.h"

/* Links of a chain of holders that are followed; it may be a cycle. */
#define CHAIN_MAX 8

/* The next node of the file: it may be loaded into several namespaces (dlmopen(3)). */
static size_t next_node(const PinGraph *g, size_t object, size_t from) {
        while (from < g->n_nodes && g->nodes[from].object != object)
                from++;
        return from;
}

static PinCause unlisted(PinReason reason, Certainty certainty) {
        return (PinCause){ .reason = reason, .certainty = certainty, .node = PIN_NONE, .holder = PIN_NONE, .via = PIN_NONE };
}

/* For a file that is not in the link_map chain. */
static PinCause explain_unlisted(const PinContext *c, const PinObject *o) {
        if (o->interpreter)
                return unlisted(PIN_INTERPRETER, CERTAINTY_CERTAIN);
        if (o->executable)
                return unlisted(PIN_EXECUTABLE, CERTAINTY_CERTAIN);
        /* Before glibc 2.35 the namespaces of audit modules cannot be found from r_debug. */
        if (!c->list_is_whole && pin_list_names(c->audit, NULL, o->path, o->elf ? o->elf->soname : NULL))
                return unlisted(PIN_LD_AUDIT, CERTAINTY_LIKELY);
        if (c->list && c->list->n_maps > 0 && c->list->complete && !c->namespaces_missing)
                return unlisted(PIN_NOT_LOADER, c->list_is_whole ? CERTAINTY_CERTAIN : CERTAINTY_LIKELY);
        return unlisted(PIN_UNKNOWN, CERTAINTY_BY_ELIMINATION);
}

static uint32_t reasons_of(const PinCauses *c) {
        uint32_t mask = 0;

        for (size_t i = 0; i < c->n_causes; i++)
                mask |= 1u << c->causes[i].reason;
        return mask;
}

/* Several namespaces hold the file: each for its own reason, unless one never unloads it. */
static void merge(PinCauses *all, const PinCauses *more) {
        if (all->permanent)
                return;
        if (more->permanent || all->n_causes == 0) {
                *all = *more;
                return;
        }
        for (size_t i = 0; i < more->n_causes && all->n_causes < PIN_CAUSES_MAX; i++)
                if (!(reasons_of(all) & 1u << more->causes[i].reason))
                        all->causes[all->n_causes++] = more->causes[i];
}

static PinCauses find_causes(const PinGraph *g, size_t index) {
        const PinContext *context = g->context;
        const PinObject *o = context->objects + index;
        PinCauses all = {};

        if (context->no_loader && !o->executable)
                return (PinCauses){ .causes = { unlisted(PIN_NOT_LOADER, CERTAINTY_LIKELY) }, .n_causes = 1 };
        for (size_t i = next_node(g, index, 0); i < g->n_nodes; i = next_node(g, index, i + 1)) {
                PinCauses one = pin_causes_find(g, i);

                merge(&all, &one);
        }
        if (all.n_causes == 0 || (o->executable && !o->interpreter))
                return (PinCauses){ .causes = { explain_unlisted(context, o) }, .n_causes = 1 };
        return all;
}

/* Why a holder stays, and the holders of that in turn. A mask of 1 << PinReason. */
static uint32_t find_holder_pins(const PinGraph *g, size_t holder) {
        uint32_t mask = 0;

        for (size_t links = 0; holder != PIN_NONE && links < CHAIN_MAX; links++) {
                PinCauses c = pin_causes_find(g, holder);

                mask |= reasons_of(&c);
                holder = PIN_NONE;
                for (size_t i = 0; i < c.n_causes && holder == PIN_NONE; i++)
                        holder = c.causes[i].holder;
        }
        return mask;
}

/* On failure the pin is to be freed all the same. */
static int fill_pin(const PinGraph *g, const PinCause *cause, Pin *pin) {
        *pin = (Pin){ .reason = cause->reason, .certainty = cause->certainty };
        if (cause->holder != PIN_NONE) {
                pin->holder_pins = find_holder_pins(g, cause->holder);
                pin->holder = strdup(g->nodes[cause->holder].path);
                if (!pin->holder)
                        return -ENOMEM;
        }
        pin->detail = pin_cause_detail(g, cause);
        return pin->detail ? 0 : -ENOMEM;
}

/* The runtimes that opened the file or its holder. nginx also where it is the program itself. */
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

int pins_explain(const PinGraph *g, size_t index, Pin **ret_pins, size_t *ret_n, uint32_t *ret_runtimes) {
        PinCauses c = find_causes(g, index);
        Pin *pins = calloc(c.n_causes, sizeof(*pins));
        int r = pins ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < c.n_causes; i++)
                r = fill_pin(g, c.causes + i, pins + i);
        if (r < 0) {
                for (size_t i = 0; pins && i < c.n_causes; i++)
                        pin_done(pins + i);
                free(pins);
                return r;
        }
        *ret_pins = pins;
        *ret_n = c.n_causes;
        *ret_runtimes = find_runtimes(g, index, &c);
        return 0;
}
