/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "explain/advice-target.h"
#include "explain/advice.h"
#include "explain/pin-reason.h"
#include "util/escape.h"

/* --- action --- */

/* All pins must go: a restart removes them all; otherwise the strongest is the hardest to remove. */
static Action loader_action(const Finding *f) {
        if (f->n_pins == 0)
                return ACTION_RESTART;
        for (size_t i = 0; i < f->n_pins; i++)
                if (pin_action(f, f->pins + i) == ACTION_RESTART)
                        return ACTION_RESTART;
        return pin_action(f, f->pins);
}

static Action find_action(const Finding *f, const AdviceTarget *t) {
        Action action;

        if (f->state == STATE_CURRENT || f->state == STATE_IGNORED || f->state == STATE_UNKNOWN)
                return ACTION_NONE;
        if (f->flags & FLAG_CRASH_RISK)
                return ACTION_RESTART_NOW;
        if (f->flags & FLAG_FILE_BIND_MOUNT)
                return ACTION_REMOUNT;
        action = loader_action(f);
        return action == ACTION_RESTART && t->reboot ? ACTION_REBOOT : action;
}

/* --- advice --- */

static char *find_advice(const Finding *f, const AdviceTarget *t) {
        _cleanup_free_ char *holder = escape(f->n_pins > 0 && f->pins[0].holder ? f->pins[0].holder : "what holds it");
        _cleanup_free_ char *path = escape(f->path ?: "");
        const char *restart = t->restart ?: t->words;

        if (!holder || !path)
                return NULL;
        switch (f->action) {
        case ACTION_NONE:
                return strdup("nothing to do");
        case ACTION_RELOAD:
                return strdup_format("%s, if the program closes it before it opens it again; otherwise: %s",
                                     t->reload ?: "let the program reload it", restart);
        case ACTION_CLOSE_HOLDER:
                return strdup_format("let the program close %s; otherwise: %s", holder, restart);
        case ACTION_END_THREADS:
                return strdup_format("end the threads that used it, then let the program close it; otherwise: %s", restart);
        case ACTION_REMOUNT:
                return t->remounts ? strdup(restart) : strdup_format("mount %s again, then: %s", path, restart);
        default:
                return strdup(restart);
        }
}

/* --- state --- */

typedef struct StateText {
        State state;
        uint32_t flag;          /* only with this flag; 0: always */
        const char *before, *after; /* the path in the message */
        const char *meaning;    /* a sentence */
} StateText;

/* The first that applies; the last for anything else. */
static const StateText states[] = {
        { STATE_CURRENT, 0, "", "", "The mapped file is the one on disk." },
        { STATE_REPLACED, FLAG_SAME_CONTENT, "the old ", "", "Another file has the path now, with the same content: a reinstall." },
        { STATE_REPLACED, 0, "the old ", "", "Another file has the path now. The process keeps the old one, which has no name any more." },
        { STATE_DELETED, FLAG_FILE_BIND_MOUNT, "", ", a bind-mounted file that was removed at its source",
          "The path is a bind mount of a file that was removed or replaced at its source. A reload finds the old file again." },
        { STATE_DELETED, 0, "", ", which was removed", "No file has the path any more." },
        { STATE_MODIFIED, FLAG_CRASH_RISK, "", ", which was overwritten in place",
          "The file was overwritten in place while it was mapped: new code runs on old data, and the next call into it may crash." },
        { STATE_MODIFIED, 0, "the old content of ", "", "The file was written to after it was mapped, and the process keeps the old content." },
        { STATE_SUPERSEDED, FLAG_SAME_CONTENT, "", "",
          "The file is untouched, but the name it was opened by leads to another one now, with the same content." },
        { STATE_SUPERSEDED, 0, "", "",
          "The file is untouched, but the name it was opened by leads to another one now: a reload would load that." },
        { STATE_MOVED, 0, "", "", "The file is untouched, but the name it was opened by no longer exists: a reload would fail." },
        { STATE_HIDDEN, 0, "", ", which is covered by a mount",
          "The file is untouched, but a mount covers it: a reload would find what is mounted there." },
        { STATE_UNREACHABLE, 0, "", ", whose file system was detached",
          "The file system it is on was detached: no path leads to the file any more." },
        { STATE_IGNORED, 0, "", "", "It is not a library, or the program removed it on purpose." },
        { STATE_UNKNOWN, 0, "", "", "It could not be examined." },
};

static const StateText *state_text(State state, uint32_t flags) {
        size_t i = 0;

        while (i < ELEMENTSOF(states) - 1 && (states[i].state != state || (states[i].flag && !(flags & states[i].flag))))
                i++;
        return states + i;
}

const char *advice_explain_state(State state, uint32_t flags) {
        return state_text(state, flags)->meaning;
}

/* --- message --- */

/* " (inode 5250054 mapped, 5377891 on disk)", unless both are the same. */
static char *inodes(const Finding *f) {
        if (f->mapped.inode == 0 || f->state == STATE_MODIFIED)
                return strdup("");
        if (!f->disk.known)
                return strdup_format(" (inode %" PRIu64 ")", f->mapped.inode);
        if (f->disk.inode == f->mapped.inode)
                return strdup("");
        return strdup_format(" (inode %" PRIu64 " mapped, %" PRIu64 " on disk)", f->mapped.inode, f->disk.inode);
}

/* Where the path, or the name that the file was opened by, leads now. */
static char *new_place(const Finding *f) {
        _cleanup_free_ char *successor = escape(f->successor ?: "another file");
        _cleanup_free_ char *name = escape(f->loader_name ?: "the name it was opened by");

        if (!successor || !name)
                return NULL;
        if (f->state == STATE_SUPERSEDED)
                return strdup_format(", while %s leads to %s", name, successor);
        if (f->state == STATE_MOVED)
                return strdup_format(", while %s no longer exists", name);
        if (f->state == STATE_DELETED && f->successor && !(f->flags & FLAG_FILE_BIND_MOUNT))
                return strdup_format("; %s took its place", successor);
        return strdup("");
}

/* What the process does with which file. Without an executable VMA none of its code runs. */
static char *find_head(const Finding *f) {
        _cleanup_free_ char *path = escape(f->path ?: "a file"), *ids = inodes(f), *place = new_place(f);
        const StateText *s = state_text(f->state, f->flags);

        if (!path || !ids || !place)
                return NULL;
        return strdup_format("still %s %s%s%s%s%s", f->data_only ? "maps" : "runs", s->before, path, ids, s->after, place);
}

/* Left by elimination: either would be enough, and one of them applies. */
static bool has_alternatives(const Finding *f) {
        return f->n_pins == 2 && f->pins[0].reason == PIN_RTLD_NODELETE && f->pins[1].reason == PIN_STARTUP_BINDING;
}

static char *find_reasons(const Finding *f) {
        char *text = NULL;

        for (size_t i = 0; i < f->n_pins; i++) {
                _cleanup_free_ char *front = text, *phrase = pin_phrase(f, f->pins + i);

                text = !phrase ? NULL : !front ? strdup(phrase) :
                        strdup_format("%s, %s %s", front, has_alternatives(f) ? "or" : "and", phrase);
                if (!text)
                        return NULL;
        }
        return text ?: strdup("why it stays mapped was not examined");
}

static char *find_tail(const Finding *f, const AdviceTarget *t) {
        const char *note = f->flags & FLAG_SAME_CONTENT ? " (not urgent: the content is the same)" : "";

        switch (f->action) {
        case ACTION_RESTART_NOW:
                return strdup_format("the next %s may crash: %s", f->data_only ? "access to it" : "call into it", t->words);
        case ACTION_RELOAD:
                return strdup_format("a reload ends it if the program closes it before it opens it again, else %s%s", t->words, note);
        case ACTION_CLOSE_HOLDER:
                return strdup_format("close that, else %s%s", t->words, note);
        case ACTION_END_THREADS:
                return strdup_format("end these threads and close it, else %s%s", t->words, note);
        case ACTION_REMOUNT:
                return strdup_format(t->remounts ? "%s%s, which mounts it again" : "mount it again, then %s%s", t->words, note);
        default:
                return strdup_format("%s%s", t->words, note);
        }
}

static char *find_message(const Finding *f, const AdviceTarget *t) {
        _cleanup_free_ char *comm = escape(f->comm ?: "process"), *head = find_head(f), *reasons = find_reasons(f), *tail = find_tail(f, t);
        const char *both = f->flags & FLAG_BOTH_GENERATIONS ? ", with the new one mapped as well" : "";

        if (!comm || !head || !reasons || !tail)
                return NULL;
        return strdup_format("%s (%d) %s%s: %s; %s.", comm, (int) f->pid, head, both, reasons, tail);
}

int advice_give(Finding *f) {
        AdviceTarget t;
        int r;

        r = advice_target_find(f, &t);
        if (r < 0)
                return r;
        f->action = find_action(f, &t);
        free(f->advice);
        f->advice = find_advice(f, &t);
        free(f->message);
        f->message = find_message(f, &t);
        advice_target_done(&t);
        return f->advice && f->message ? 0 : -ENOMEM;
}

/* --- explain --- */

static const char *certainty_phrase(const Finding *f, const Pin *p) {
        switch (p->certainty) {
        case CERTAINTY_LIKELY:
                return ", most likely";
        case CERTAINTY_BY_ELIMINATION:
                if (p->reason == PIN_UNKNOWN)
                        return "";
                return has_alternatives(f) ? ", or the other of these two applies" : ", as no other reason is left";
        default:
                return "";
        }
}

/* A sentence begins with a capital, unless it begins with a name. */
static void capitalise(char *text) {
        static const char *const words[] = { "it ", "the ", "one ", "threads ", "nothing ", "why " };

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (strncmp(text, words[i], strlen(words[i])) == 0) {
                        text[0] = (char) (text[0] - 'a' + 'A');
                        return;
                }
}

char *advice_explain_pin(const Finding *f, const Pin *p) {
        _cleanup_free_ char *phrase = pin_phrase(f, p);
        const char *remedy = pin_remedy(f, p);
        char *text;

        if (!phrase)
                return NULL;
        text = strdup_format("%s%s%s%s.%s%s", phrase, certainty_phrase(f, p), p->detail ? ": " : "", p->detail ?: "",
                             remedy ? " " : "", remedy ?: "");
        if (text)
                capitalise(text);
        return text;
}
