/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What opened a library: the program, which may close it, or a runtime with rules of its own.
 * The loader does not record the caller of dlopen(3): l_loader of glibc's struct link_map is
 * NULL for what was opened (elf/dl-load.c, __RTLD_CALLMAP). But the symbols of an extension
 * tell for which runtime it was made; and in a program that is an interpreter, everything
 * open is attributed to that.
 */

#include <fnmatch.h>

#include "elf/elf-symbols.h"
#include "explain/pin-cause.h"

/* Programs of these open extensions, and what a script opens, and close neither by themselves. */
#define INTERPRETERS (RUNTIME_CPYTHON | RUNTIME_JVM | RUNTIME_PERL | RUNTIME_RUBY)

typedef struct RuntimeName {
        const char *pattern;
        Runtime runtime;
} RuntimeName;

static const RuntimeName programs[] = {
        { "python", RUNTIME_CPYTHON },  { "python[0-9]*", RUNTIME_CPYTHON },   { "java", RUNTIME_JVM },
        { "perl", RUNTIME_PERL },       { "perl[0-9]*", RUNTIME_PERL },        { "ruby", RUNTIME_RUBY },
        { "ruby[0-9]*", RUNTIME_RUBY }, { "nginx*", RUNTIME_NGINX },
};

/*
 * What glibc opens by itself (nss/nss_module.c, sysdeps/gnu/unwind-resume.c, iconv/gconv_dl.c), by file name: libgcc_s has no
 * symbol of its own that tells; the others, if their symbols could not be read.
 */
static const RuntimeName opened_by_libc[] = {
        { "*/libgcc_s.so*", RUNTIME_LIBC },
        { "*/libnss_*.so*", RUNTIME_LIBC },
        { "*/gconv/*.so", RUNTIME_LIBC },
};

/* A symbol that an extension of the runtime exports, and one that it imports: prefixes. NULL: any. */
static const struct {
        Runtime runtime;
        const char *exports, *imports;
} markers[] = {
        { RUNTIME_CPYTHON, "PyInit_", NULL },
        { RUNTIME_CPYTHON, "init", "Py_InitModule" }, /* Python 2 */
        { RUNTIME_JVM, "JNI_OnLoad", NULL },
        { RUNTIME_JVM, "JNI_CreateJavaVM", NULL },
        { RUNTIME_JVM, "Java_", NULL },
        { RUNTIME_NODE, "napi_register_module_v", NULL },
        { RUNTIME_NODE, "node_register_module_v", NULL },
        { RUNTIME_NODE, NULL, "node_module_register" }, /* from a constructor: node.h, NODE_MODULE() */
        { RUNTIME_NGINX, "ngx_modules", NULL },
        { RUNTIME_PERL, "boot_", "Perl_" },
        { RUNTIME_RUBY, "Init_", "rb_" },
        { RUNTIME_POSTGRESQL, "Pg_magic_func", NULL },
        { RUNTIME_LIBC, "_nss_", NULL },
        { RUNTIME_LIBC, "gconv_init", NULL },
};

static uint32_t match(const RuntimeName *names, size_t n, const char *name) {
        for (size_t i = 0; i < n; i++)
                if (fnmatch(names[i].pattern, name, 0) == 0)
                        return names[i].runtime;
        return 0;
}

static bool needs(const ElfFile *elf, const char *name) {
        for (size_t i = 0; elf && i < elf->n_needed; i++)
                if (streq(elf->needed[i], name))
                        return true;
        return false;
}

uint32_t pin_program_runtime(const PinContext *c) {
        for (size_t i = 0; i < c->n_objects; i++) {
                const PinObject *o = c->objects + i;

                if (o->executable) /* all JDK launchers are linked with libjli */
                        return needs(o->elf, "libjli.so") ? RUNTIME_JVM : match(programs, ELEMENTSOF(programs), base_name(o->path));
        }
        return 0;
}

static bool runs_jvm(const PinGraph *g) {
        for (size_t i = 0; i < g->n_nodes; i++) {
                const PinNode *n = g->nodes + i;

                if (streq(n->elf && n->elf->soname ? n->elf->soname : base_name(n->path), "libjvm.so"))
                        return true;
        }
        return false;
}

/* A library with JNI symbols may be used from C as well: it counts as Java's only where there is a JVM. */
static uint32_t made_for(const PinGraph *g, size_t node) {
        const ElfSymbols *s = pin_graph_symbols(g, node);
        uint32_t runtimes = needs(g->nodes[node].elf, "libjvm.so") ? RUNTIME_JVM : 0;

        for (size_t i = 0; s && i < ELEMENTSOF(markers); i++)
                if ((!markers[i].exports || elf_symbols_contain_prefix(s->exports, s->n_exports, markers[i].exports)) &&
                    (!markers[i].imports || elf_symbols_contain_prefix(s->imports, s->n_imports, markers[i].imports)))
                        runtimes |= markers[i].runtime;
        if (runtimes & RUNTIME_JVM && !runs_jvm(g))
                runtimes &= ~(uint32_t) RUNTIME_JVM;
        return runtimes ?: match(opened_by_libc, s ? 1 : ELEMENTSOF(opened_by_libc), g->nodes[node].path);
}

uint32_t pin_opener_runtimes(const PinGraph *g, size_t node) {
        const PinNode *n = g->nodes + node;

        if (n->at_startup || g->context->musl || n->opencount == 0)
                return 0;
        return made_for(g, node) ?: pin_program_runtime(g->context) & INTERPRETERS;
}
