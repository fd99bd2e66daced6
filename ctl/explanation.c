/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "explain/advice.h"
#include "explanation.h"
#include "output.h"
#include "table.h"
#include "text-wrap.h"
#include "util/escape.h"

#define INDENT 4
#define FACTS_INDENT 13 /* behind the longest of their labels */

static const struct {
        Flag flag;
        const char *sentence;
} flag_sentences[] = {
        { FLAG_SAME_CONTENT, "The new file has the same content: a reinstall, which can wait." },
        { FLAG_BOTH_GENERATIONS, "The old and the new file are both mapped in this process." },
        { FLAG_CRASH_RISK, "The next call into this file may crash the process." },
        { FLAG_FILE_BIND_MOUNT, "The path is a bind mount of a file that was unlinked: the mount shows the old file, and opening it again does not help." },
        { FLAG_UNCONFIRMED, "It was so when it was last judged, and cannot be judged now: what was found then is shown." },
};

static const struct {
        Runtime runtime;
        const char *sentence;
} runtime_sentences[] = {
        { RUNTIME_GO, "go: a Go runtime is linked into the library. Its threads run in it, so it can never be unloaded." },
        { RUNTIME_CPYTHON, "cpython: the Python interpreter never closes an extension module that it imported, nor by itself what ctypes has opened." },
        { RUNTIME_JVM, "jvm: the Java virtual machine unloads a library only when the class loader that loaded it is collected; that of the application never is." },
        { RUNTIME_NODE, "node: Node.js closes an addon when the last of its environments, main thread or workers, that loaded it has ended." },
        { RUNTIME_NGINX, "nginx: a reload opens the modules of the new configuration before it closes those of the old, so that the loader finds the old file still there." },
        { RUNTIME_PERL, "perl: Perl closes a module that is written in C only when it exits." },
        { RUNTIME_RUBY, "ruby: Ruby closes an extension only when it exits." },
        { RUNTIME_POSTGRESQL, "postgresql: a server process of PostgreSQL keeps what it has loaded until its session ends." },
        { RUNTIME_RUST, "rust: parts of the library are written in Rust, whose thread-local objects keep it until their threads have destroyed them." },
        { RUNTIME_LIBC, "libc: glibc itself has opened the library (name service, backtrace, character sets), and no reload of the program closes it." },
};

static void put_line(const Options *o, const char *label, const char *text) {
        int gap = (int) (FACTS_INDENT - 2 - strlen(label));

        printf("  %s%s%s%*s", style_begin(STYLE_BOLD, o->colour), label, style_end(STYLE_BOLD, o->colour), gap, "");
        text_wrap_on(stdout, text, FACTS_INDENT, FACTS_INDENT, output_text_width(o));
}

static void put_file(const Options *o, const char *label, const FileId *id) {
        char device[FILE_ID_DEVICE_MAX], build_id[2 * BUILD_ID_MAX + 1], text[256];

        snprintf(text, sizeof(text), "inode %" PRIu64 " on device %s%s%s%s", id->inode, file_id_device(id, device),
                 id->build_id_length > 0 ? ", build-id " : "", file_id_build_id(id, build_id),
                 id->known ? "" : " (as the kernel prints it)");
        put_line(o, label, text);
}

static int put_bytes(const Options *o, const char *label, const char *bytes) {
        _cleanup_free_ char *text = escape(bytes);

        if (!text)
                return -ENOMEM;
        put_line(o, label, text);
        return 0;
}

static void put_paragraph(const Options *o, const char *text) {
        text_wrap(stdout, text, INDENT, INDENT, output_text_width(o));
}

static void put_title(const Options *o, const char *title) {
        printf("  %s%s%s\n", style_begin(STYLE_BOLD, o->colour), title, style_end(STYLE_BOLD, o->colour));
}

/* What the sentence on the state says already. */
static uint32_t told_flags(State state) {
        switch (state) {
        case STATE_REPLACED:
        case STATE_SUPERSEDED:
                return FLAG_SAME_CONTENT;
        case STATE_DELETED:
                return FLAG_FILE_BIND_MOUNT;
        case STATE_MODIFIED:
                return FLAG_CRASH_RISK;
        default:
                return 0;
        }
}

/* The pin `nodelete` of a Go library tells of its runtime already. */
static uint32_t untold_runtimes(const Finding *f) {
        uint32_t runtimes = f->runtimes;

        for (size_t i = 0; i < f->n_pins; i++)
                if (f->pins[i].reason == PIN_NODELETE)
                        runtimes &= ~(uint32_t) RUNTIME_GO;
        return runtimes;
}

static int put_pins(const Options *o, const Finding *f) {
        for (size_t i = 0; i < f->n_pins; i++) {
                const Pin *p = &f->pins[i];
                _cleanup_free_ char *sentence = advice_explain_pin(f, p), *item = NULL;

                if (!sentence || asprintf(&item, "- %s (%s): %s", pin_reason_to_string(p->reason),
                                          certainty_to_string(p->certainty), sentence) < 0)
                        return -ENOMEM;
                text_wrap(stdout, item, INDENT, INDENT + 2, output_text_width(o));
        }
        for (size_t i = 0; i < ELEMENTSOF(runtime_sentences); i++)
                if (untold_runtimes(f) & runtime_sentences[i].runtime) {
                        _cleanup_free_ char *item = NULL;

                        if (asprintf(&item, "- %s", runtime_sentences[i].sentence) < 0)
                                return -ENOMEM;
                        text_wrap(stdout, item, INDENT, INDENT + 2, output_text_width(o));
                }
        return 0;
}

static int put_facts(const Options *o, const Finding *f) {
        int r = 0;

        put_file(o, "Mapped:", &f->mapped);
        if (f->disk.known)
                put_file(o, "On disk:", &f->disk);
        else
                put_line(o, "On disk:", "nothing is at this path");
        if (f->loader_name && !streq(f->loader_name, f->path))
                r = put_bytes(o, "Opened as:", f->loader_name);
        if (r >= 0 && f->successor)
                r = put_bytes(o, "Now at:", f->successor);
        return r;
}

int explanation_show(const Options *o, const Finding *f) {
        _cleanup_free_ char *path = escape(f->path), *end = NULL;
        int r;

        if (!path || asprintf(&end, "%s: %s", action_to_string(f->action), f->advice ?: "") < 0)
                return -ENOMEM;
        printf("%s%s%s: %s\n", style_begin(STYLE_BOLD, o->colour), path, style_end(STYLE_BOLD, o->colour),
               state_to_string(f->state));
        r = put_facts(o, f);
        if (r < 0)
                return r;
        put_title(o, "What it means");
        put_paragraph(o, f->message ?: "");
        put_paragraph(o, advice_explain_state(f->state, f->flags));
        for (size_t i = 0; i < ELEMENTSOF(flag_sentences); i++)
                if (f->flags & ~told_flags(f->state) & flag_sentences[i].flag)
                        put_paragraph(o, flag_sentences[i].sentence);
        put_title(o, "Why it stays");
        r = put_pins(o, f);
        if (r < 0)
                return r;
        put_title(o, "What ends it");
        text_wrap(stdout, end, INDENT, INDENT + 2, output_text_width(o));
        return 0;
}
