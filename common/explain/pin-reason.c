/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "explain/pin-reason.h"
#include "util/escape.h"

/* When a row has another text. */
typedef enum Condition {
        NEVER,
        GO,                     /* a Go runtime is linked into the file */
        NGINX,                  /* the program is nginx */
        HOLDER_KNOWN,
        HOLDER_UNIQUE,          /* the holder is pinned by a unique symbol */
        THREADS,                /* the process has several threads */
} Condition;

typedef struct PinText {
        const char *phrase;     /* a clause about "it"; up to the name of the holder if `after` is set */
        const char *after;      /* what follows the name of the holder */
        Action action;          /* ACTION_NONE: restart */
        const char *remedy;
} PinText;

typedef struct PinRow {
        PinText text;
        Condition condition;
        PinText special;        /* replaces what it sets of `text` if the condition holds */
        bool permanent;         /* the file is never unloaded */
        const char *as_holder;  /* why a holder with this pin stays, after "is itself"; NULL: nothing to add */
        const char *evidence;
} PinRow;

static const PinRow rows[PIN_REASON_MAX] = {
        [PIN_EXECUTABLE] = { { "it is the main program" },
                NGINX, { .remedy = "nginx can be upgraded without a pause: signal USR2, then QUIT to the old one." },
                .permanent = true, .evidence = "it is the executable of the process" },
        [PIN_INTERPRETER] = { { "it is the dynamic loader" },
                .permanent = true, .evidence = "it is the ELF interpreter of the program" },
        [PIN_NEEDED_AT_STARTUP] = { { "it is a startup dependency of the program" },
                .permanent = true, .as_holder = "loaded at startup" },
        [PIN_LD_PRELOAD] = { { "it was preloaded" },
                HOLDER_KNOWN, { "it is a dependency of ", ", which was preloaded" },
                .permanent = true, .as_holder = "loaded at startup" },
        [PIN_LD_AUDIT] = { { "it is an audit module of the dynamic loader" },
                .permanent = true, .as_holder = "an audit module", .evidence = "named in LD_AUDIT, and in a namespace of its own" },
        [PIN_NODELETE] = { { "it is linked with -z nodelete",
                .remedy = "Without the flag it could be unloaded; only its author can say whether that is safe." },
                GO, { "it is linked with -z nodelete and contains a Go runtime, which can never be unloaded",
                .remedy = "Never remove the flag from the file: threads of the runtime run in it. Run it as a process of its own instead." },
                .permanent = true, .as_holder = "linked with -z nodelete" },
        [PIN_RTLD_NODELETE] = { { "the program opened it with RTLD_NODELETE" },
                .permanent = true, .as_holder = "marked NODELETE by the loader",
                .evidence = "the loader marked it NODELETE, and neither its flags nor its symbols explain why" },
        [PIN_GNU_UNIQUE] = { { "one of its STB_GNU_UNIQUE symbols is in use, so the loader never unloads it",
                .remedy = "Built with -fno-gnu-unique it could be unloaded (-Bsymbolic does not help)." },
                .permanent = true, .as_holder = "pinned by its unique symbols" },
        [PIN_STARTUP_BINDING] = { { "the program looked up one of its symbols with dlsym(RTLD_DEFAULT)",
                .remedy = "Opened with RTLD_LOCAL and used through dlsym() of its handle it could be unloaded." },
                HOLDER_KNOWN, { "the loader never unloads it, because ", " is bound to one of its symbols" },
                .permanent = true, .as_holder = "pinned by a binding of the program",
                .evidence = "dlsym() marks it NODELETE as RTLD_NODELETE does, and leaves no other trace" },
        [PIN_HOLDER] = { { "it is kept loaded by ", ", which needs it", ACTION_CLOSE_HOLDER } },
        [PIN_RELDEP] = { { "it is kept loaded by ", ", which is bound to one of its symbols", ACTION_CLOSE_HOLDER },
                HOLDER_UNIQUE, { .remedy = "If the program itself were linked with that library, or if this one hid its copies of the symbols "
                                           "(-fvisibility=hidden), it could be unloaded." } },
        [PIN_TLS_DTOR] = { { "the only thread has not yet run thread_local destructors that are defined in it" },
                THREADS, { "threads have not yet run thread_local destructors that are defined in it", NULL, ACTION_END_THREADS,
                           "It can be unloaded once these threads have ended and it is closed again." },
                .as_holder = "kept by pending thread_local destructors" },
        [PIN_GC_PENDING] = { { "nothing keeps it any more, but the loader unloads only in a later dlclose(), and a dlopen() of it before that revives it" },
                .evidence = "no open handle, pending destructor or dependent library is left" },
        [PIN_OPEN_HANDLES] = { { "the program holds it open", NULL, ACTION_RELOAD }, .as_holder = "open" },
        [PIN_MUSL] = { { "musl never unloads a library", .remedy = "Each reload by its path loads another generation beside the old ones." },
                .permanent = true, .evidence = "dlclose() of musl does nothing" },
        [PIN_NOT_LOADER] = { { "the program mapped it itself" },
                .permanent = true, .evidence = "it is not in the dynamic loader's list" },
        [PIN_UNKNOWN] = { { "why it stays mapped could not be determined" }, .permanent = true },
};

/* How a runtime treats what it opened, if it closes it late or never, or reopens it first: no reload ends it. */
static const struct {
        Runtime runtime;
        const char *phrase;
} runtime_phrases[] = {
        { RUNTIME_LIBC, "glibc itself opened it, and never closes it" },
        { RUNTIME_NGINX, "nginx holds it open, and a reload opens it again before it closes it" },
        { RUNTIME_JVM, "the JVM closes it only with the class loader that loaded it" },
        { RUNTIME_CPYTHON, "CPython holds it open, and does not close it by itself" },
        { RUNTIME_NODE, "Node holds it open until the last of its threads that loaded it ends" },
        { RUNTIME_PERL, "Perl holds it open until it exits" },
        { RUNTIME_RUBY, "Ruby holds it open until it exits" },
        { RUNTIME_POSTGRESQL, "PostgreSQL holds it open until the session ends" },
};

/* NULL: the program may close it. */
static const char *runtime_phrase(uint32_t runtimes) {
        for (size_t i = 0; i < ELEMENTSOF(runtime_phrases); i++)
                if (runtimes & runtime_phrases[i].runtime)
                        return runtime_phrases[i].phrase;
        return NULL;
}

static const PinRow *row_of(PinReason reason) {
        return rows + ((unsigned) reason < PIN_REASON_MAX ? reason : PIN_UNKNOWN);
}

static bool has_pin(uint32_t pins, PinReason reason) {
        return pins & 1u << reason;
}

static bool any_permanent(uint32_t pins) {
        for (PinReason i = 0; i < PIN_REASON_MAX; i++)
                if (has_pin(pins, i) && rows[i].permanent)
                        return true;
        return false;
}

/* By the strongest of its reasons that has a word for it. */
static const char *why_holder_stays(uint32_t pins) {
        for (PinReason i = 0; i < PIN_REASON_MAX; i++)
                if (has_pin(pins, i) && rows[i].as_holder)
                        return rows[i].as_holder;
        return NULL;
}

static bool applies(Condition condition, const Finding *f, const Pin *p) {
        switch (condition) {
        case GO:
                return f->runtimes & RUNTIME_GO;
        case NGINX:
                return f->runtimes & RUNTIME_NGINX;
        case HOLDER_KNOWN:
                return p->holder;
        case HOLDER_UNIQUE:
                return has_pin(p->holder_pins, PIN_GNU_UNIQUE);
        case THREADS:
                return !f->one_thread;
        default:
                return false;
        }
}

static PinText text_of(const Finding *f, const Pin *p) {
        const PinRow *row = row_of(p->reason);
        PinText t = row->text;

        if (!applies(row->condition, f, p))
                return t;
        if (row->special.phrase) {
                t.phrase = row->special.phrase;
                t.after = row->special.after;
        }
        t.action = row->special.action ?: t.action;
        t.remedy = row->special.remedy ?: t.remedy;
        return t;
}

/* What a runtime has opened is not closed on request, nor is what never unloads. */
static bool can_be_closed(const Finding *f, const Pin *p) {
        return !runtime_phrase(f->runtimes) && !any_permanent(p->holder_pins);
}

Action pin_action(const Finding *f, const Pin *p) {
        Action action = text_of(f, p).action ?: ACTION_RESTART;

        if ((action == ACTION_RELOAD || action == ACTION_CLOSE_HOLDER) && !can_be_closed(f, p))
                return ACTION_RESTART;
        return action;
}

char *pin_phrase(const Finding *f, const Pin *p) {
        const char *runtime = runtime_phrase(f->runtimes), *why = why_holder_stays(p->holder_pins);
        _cleanup_free_ char *holder = escape(p->holder ? base_name(p->holder) : "another library");
        PinText t = text_of(f, p);

        if (!holder)
                return NULL;
        if (!t.after)
                return strdup(t.action == ACTION_RELOAD && runtime ? runtime : t.phrase);
        if (t.action == ACTION_CLOSE_HOLDER && runtime && !any_permanent(p->holder_pins))
                return strdup_format("%s%s%s: %s", t.phrase, holder, t.after, runtime);
        if (t.action == ACTION_CLOSE_HOLDER && why)
                return strdup_format("%s%s%s and is itself %s", t.phrase, holder, t.after, why);
        return strdup_format("%s%s%s", t.phrase, holder, t.after);
}

const char *pin_remedy(const Finding *f, const Pin *p) {
        return text_of(f, p).remedy;
}

const char *pin_evidence(PinReason reason) {
        return row_of(reason)->evidence;
}
