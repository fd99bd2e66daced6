/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The evidence for a reason as a clause. Names from the process are cut and escaped here. */

#include <inttypes.h>

#include "elf/elf-symbols.h"
#include "explain/pin-cause.h"
#include "explain/pin-reason.h"
#include "util/escape.h"

/* Links of a chain that are shown, and bytes of a name. */
#define CHAIN_MAX 8
#define NAME_SHOWN_MAX 128

static char *show(const char *name) {
        return escape_bytes(name, strnlen(name, NAME_SHOWN_MAX));
}

static char *show_node(const PinGraph *g, size_t node) {
        const PinNode *n = g->nodes + node;
        const char *path = n->path[0] == '\0' && n->map && n->map->l_name ? n->map->l_name : n->path;
        const char *name = base_name(path);

        return show(name[0] == '\0' ? node == g->main ? "the program" : "an object without a name" : name);
}

/* "prog -> libmid.so -> libplugin.so" */
static char *needed_chain(const PinGraph *g, size_t node) {
        char *chain = show_node(g, node);

        for (size_t links = 1; chain && node != g->main && g->nodes[node].needed_by != PIN_NONE && links < CHAIN_MAX; links++) {
                _cleanup_free_ char *rest = chain, *name = NULL;

                node = g->nodes[node].needed_by;
                name = show_node(g, node);
                chain = name ? strdup_format("%s -> %s", name, rest) : NULL;
        }
        return chain;
}

static char *detail_needed(const PinGraph *g, const PinCause *c) {
        return g->nodes[c->node].needed_by == PIN_NONE ? strdup("loaded before the program ran") : needed_chain(g, c->node);
}

/* dlclose() returns before it decrements the l_direct_opencount of a NODELETE object. */
static char *detail_nodelete(const PinGraph *g, const PinCause *c) {
        const PinNode *n = g->nodes + c->node;
        int64_t opened = n->type == LINK_LOADED ? n->opencount : -1;

        if (!n->nodelete_flag)
                return strdup("the loader marked it NODELETE, and the file has changed since");
        if (opened < 0)
                return strdup("DF_1_NODELETE is set");
        if (opened == 0)
                return strdup("DF_1_NODELETE is set; loaded as a dependency, never opened itself");
        if (opened == 1)
                return strdup("DF_1_NODELETE is set; opened once since it was loaded");
        return strdup_format("DF_1_NODELETE is set; opened %" PRId64 " times since it was loaded", opened);
}

static char *detail_unique(const PinCause *c) {
        _cleanup_free_ char *symbol = show(c->symbol);

        if (!symbol)
                return NULL;
        if (c->certainty == CERTAINTY_BY_ELIMINATION)
                return strdup_format("the loader marked it NODELETE, and it defines the STB_GNU_UNIQUE symbol %s", symbol);
        return strdup_format("its STB_GNU_UNIQUE symbol %s was looked up when it was loaded", symbol);
}

/* What depends on it, how, and what keeps that in turn. */
static char *dependent_chain(const PinGraph *g, const PinCause *c, const char *how) {
        _cleanup_free_ char *user = show_node(g, c->via != PIN_NONE ? c->via : c->holder), *holder = show_node(g, c->holder);

        if (!user || !holder)
                return NULL;
        return c->via != PIN_NONE ? strdup_format("%s %s, and is kept by %s", user, how, holder) : strdup_format("%s %s", user, how);
}

static char *detail_bound(const PinGraph *g, const PinCause *c) {
        const ElfSymbols *own = c->symbol ? pin_graph_symbols(g, c->node) : NULL;
        bool weak = own && elf_symbols_contain(own->weak_exports, own->n_weak_exports, c->symbol);
        _cleanup_free_ char *symbol = NULL, *how = NULL;

        if (!c->symbol)
                return dependent_chain(g, c, "is bound to one of its symbols");
        symbol = show(c->symbol);
        how = symbol ? strdup_format("is bound to its %ssymbol %s", weak ? "weak " : "", symbol) : NULL;
        return how ? dependent_chain(g, c, how) : NULL;
}

static char *detail_holder(const PinGraph *g, const PinCause *c) {
        bool direct = c->via != PIN_NONE || pin_graph_needs(g, c->holder, c->node);
        _cleanup_free_ char *chain = dependent_chain(g, c, direct ? "needs it" : "needs it through others");

        if (!chain || c->others == 0)
                return TAKE_PTR(chain);
        return strdup_format(c->others == 1 ? "%s; so does %zu other" : "%s; so do %zu others", chain, c->others);
}

static char *detail_destructors(const PinGraph *g, const PinCause *c) {
        int64_t pending = g->nodes[c->node].tls_dtors;

        if (pending < 0)
                return strdup("it registers thread_local destructors, and has no open handle");
        return strdup_format("pending thread_local destructors: %" PRId64, pending);
}

static char *detail_handles(const PinGraph *g, const PinCause *c) {
        int64_t count = g->nodes[c->node].opencount;

        if (c->certainty == CERTAINTY_BY_ELIMINATION)
                return strdup("no other reason was found");
        return strdup_format("%" PRId64 " open handle%s", count, count == 1 ? "" : "s");
}

static char *detail_preload(const PinGraph *g, const PinCause *c) {
        _cleanup_free_ char *needer = NULL;

        if (c->holder != PIN_NONE) {
                needer = show_node(g, c->holder);
                return needer ? strdup_format("loaded before the program ran, because %s needs it", needer) : NULL;
        }
        if (pin_graph_named(g, c->node, g->context->preload))
                return strdup("loaded before the program ran, and named in LD_PRELOAD or /etc/ld.so.preload");
        return strdup("loaded before the program ran, although nothing that the program needs depends on it");
}

static char *detail_unknown(const PinGraph *g, const PinCause *c) {
        if (g->context->namespaces_missing)
                return strdup("the dynamic loader's list covers only one of several namespaces");
        if (c->node != PIN_NONE && g->nodes[c->node].map)
                return strdup("the loader's own counts could not be read, and other reasons could not be excluded");
        return strdup("the dynamic loader's list could not be read");
}

char *pin_cause_detail(const PinGraph *g, const PinCause *c) {
        switch (c->reason) {
        case PIN_NEEDED_AT_STARTUP:
                return detail_needed(g, c);
        case PIN_LD_PRELOAD:
                return detail_preload(g, c);
        case PIN_NODELETE:
                return detail_nodelete(g, c);
        case PIN_GNU_UNIQUE:
                return detail_unique(c);
        case PIN_STARTUP_BINDING:
                return c->holder == PIN_NONE ? strdup(pin_evidence(c->reason)) : detail_bound(g, c);
        case PIN_RELDEP:
                return detail_bound(g, c);
        case PIN_HOLDER:
                return detail_holder(g, c);
        case PIN_TLS_DTOR:
                return detail_destructors(g, c);
        case PIN_OPEN_HANDLES:
                return detail_handles(g, c);
        case PIN_UNKNOWN:
                return detail_unknown(g, c);
        default:
                return strdup(pin_evidence(c->reason));
        }
}
