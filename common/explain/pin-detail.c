/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The evidence for a reason, in words. What others named is cut and escaped here. */

#include <inttypes.h>

#include "elf/elf-symbols.h"
#include "explain/pin-cause.h"
#include "util/escape.h"

/* Links of a chain that are shown, and bytes of a name. */
#define CHAIN_MAX 8
#define NAME_SHOWN_MAX 128

/* In one piece up to a length that cannot crowd out the rest. The caller frees; NULL: no memory. */
static char *show(const char *name) {
        return escape_bytes(name, strnlen(name, NAME_SHOWN_MAX));
}

static char *show_node(const PinGraph *g, size_t node) {
        const PinNode *n = g->nodes + node;
        const char *path = n->path[0] == '\0' && n->map && n->map->l_name ? n->map->l_name : n->path;
        const char *name = base_name(path);

        return show(name[0] == '\0' ? node == g->main ? "the program" : "an object without a name" : name);
}

/* "prog -> libmid.so -> libplugin.so", as far as the names are known. */
static char *needed_chain(const PinGraph *g, size_t node) {
        size_t links[CHAIN_MAX], n = 0;
        char *chain = NULL;

        for (size_t at = node; at != PIN_NONE && n < CHAIN_MAX; at = g->nodes[at].needed_by) {
                links[n++] = at;
                if (at == g->main)
                        break;
        }
        while (n > 0) {
                _cleanup_free_ char *name = show_node(g, links[--n]), *front = chain;

                chain = !name ? NULL : front ? strdup_format("%s -> %s", front, name) : strdup(name);
                if (!chain)
                        return NULL;
        }
        return chain;
}

static char *detail_needed(const PinGraph *g, const PinCause *c) {
        if (g->nodes[c->node].needed_by == PIN_NONE)
                return strdup("it was loaded before the program ran");
        return needed_chain(g, c->node);
}

/* The count of a NODELETE object only ever grows: dlclose() returns before it. */
static char *detail_nodelete(const PinGraph *g, const PinCause *c) {
        const PinNode *n = g->nodes + c->node;
        int64_t opened = n->map && n->map->anchored && n->map->type == LINK_LOADED ? n->map->opencount : -1;

        if (!n->nodelete_flag)
                return strdup("the loader marked it never to be unloaded, and the file has changed since");
        if (opened < 0)
                return strdup("DF_1_NODELETE is set");
        if (opened == 0)
                return strdup("DF_1_NODELETE is set; loaded because something needs it, never opened by itself");
        if (opened == 1)
                return strdup("DF_1_NODELETE is set; opened once since it was loaded");
        return strdup_format("DF_1_NODELETE is set; opened %" PRId64 " times since it was loaded", opened);
}

static char *detail_unique(const PinCause *c) {
        _cleanup_free_ char *symbol = show(c->symbol);

        if (!symbol)
                return NULL;
        if (c->certainty == CERTAINTY_BY_ELIMINATION)
                return strdup_format("the loader marked it never to be unloaded, and it defines the unique symbol %s", symbol);
        return strdup_format("its unique symbol %s was looked up when it was loaded", symbol);
}

static char *detail_bound(const PinGraph *g, const PinCause *c) {
        _cleanup_free_ char *user = show_node(g, c->via != PIN_NONE ? c->via : c->holder), *symbol = c->symbol ? show(c->symbol) : NULL;
        _cleanup_free_ char *holder = show_node(g, c->holder), *keeps = NULL;
        const ElfSymbols *own = c->symbol ? pin_graph_symbols(g, c->node) : NULL;
        bool weak = own && elf_symbols_contain(own->weak_exports, own->n_weak_exports, c->symbol);

        if (!user || !holder || (c->symbol && !symbol))
                return NULL;
        keeps = c->via != PIN_NONE ? strdup_format(", and is kept by %s", holder) : strdup("");
        if (!keeps)
                return NULL;
        if (!symbol)
                return strdup_format("%s is bound to a symbol of it%s", user, keeps);
        return strdup_format("%s is bound to its %ssymbol %s%s", user, weak ? "weak " : "", symbol, keeps);
}

/* What needs it, and what keeps that: a clause that ends in a name. */
static char *holder_chain(const PinGraph *g, const PinCause *c) {
        _cleanup_free_ char *holder = show_node(g, c->holder), *via = c->via != PIN_NONE ? show_node(g, c->via) : NULL;

        if (!holder || (c->via != PIN_NONE && !via))
                return NULL;
        if (via)
                return strdup_format("%s needs it, and is kept by %s", via, holder);
        return strdup_format("%s needs it%s", holder, pin_graph_needs(g, c->holder, c->node) ? "" : " through others");
}

static char *detail_holder(const PinGraph *g, const PinCause *c) {
        _cleanup_free_ char *chain = holder_chain(g, c);

        if (!chain)
                return NULL;
        if (c->others == 1)
                return strdup_format("%s; so does 1 other", chain);
        if (c->others > 1)
                return strdup_format("%s; so do %zu others", chain, c->others);
        return strdup(chain);
}

static char *detail_destructors(const PinGraph *g, const PinCause *c) {
        const LinkMap *map = g->nodes[c->node].map;

        if (!map || !map->anchored || map->tls_dtors < 0)
                return strdup("it registers destructors of thread-local objects, and no open handle is left");
        return strdup_format("destructors of thread-local objects outstanding: %" PRId64, map->tls_dtors);
}

static char *detail_handles(const PinGraph *g, const PinCause *c) {
        int64_t count;

        if (c->certainty == CERTAINTY_BY_ELIMINATION)
                return strdup("nothing else is known to keep it");
        count = g->nodes[c->node].map->opencount;
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
        return strdup("loaded before the program ran, though nothing that the program needs asks for it");
}

static char *detail_unknown(const PinGraph *g, const PinCause *c) {
        if (g->context->namespaces_missing)
                return strdup("this loader's list does not tell of all namespaces, of which there are several");
        if (c->node != PIN_NONE && g->nodes[c->node].map)
                return strdup("neither the loader's own counts could be read, nor all that would exclude other reasons");
        return strdup("the loader's list could not be read");
}

char *pin_cause_detail(const PinGraph *g, const PinCause *c) {
        switch (c->reason) {
        case PIN_EXECUTABLE:
                return strdup("it is the program that runs");
        case PIN_INTERPRETER:
                return strdup("it is the dynamic loader");
        case PIN_NEEDED_AT_STARTUP:
                return detail_needed(g, c);
        case PIN_LD_PRELOAD:
                return detail_preload(g, c);
        case PIN_LD_AUDIT:
                return strdup("named in LD_AUDIT, and in a namespace of its own");
        case PIN_NODELETE:
                return detail_nodelete(g, c);
        case PIN_RTLD_NODELETE:
                return strdup("the loader marked it never to be unloaded, and neither its flags nor symbols say why");
        case PIN_GNU_UNIQUE:
                return detail_unique(c);
        case PIN_STARTUP_BINDING:
                if (c->holder == PIN_NONE)
                        return strdup("a lookup by dlsym() leaves no trace, and marks as RTLD_NODELETE does");
                return detail_bound(g, c);
        case PIN_RELDEP:
                return detail_bound(g, c);
        case PIN_HOLDER:
                return detail_holder(g, c);
        case PIN_TLS_DTOR:
                return detail_destructors(g, c);
        case PIN_GC_PENDING:
                return strdup("no open handle, destructor or other library is left");
        case PIN_OPEN_HANDLES:
                return detail_handles(g, c);
        case PIN_MUSL:
                return strdup("dlclose() of musl does nothing");
        case PIN_NOT_LOADER:
                return strdup("it is not in the loader's list: the program mapped it by itself");
        default:
                return detail_unknown(g, c);
        }
}
