/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "explain/advice-target.h"
#include "explain/advice.h"
#include "explain/pin-reason.h"
#include "util/escape.h"

/* --- action --- */

/* All reasons must end: a restart ends them all, and else the strongest is the hardest. */
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

/* The program may close it: what that takes. */
static char *reload_advice(const AdviceTarget *t, const char *otherwise) {
        return strdup_format("%s, if the program closes it before it opens it again; otherwise: %s", t->reload ?: "let the program reload it", otherwise);
}

static char *close_advice(const Finding *f, const char *otherwise) {
        _cleanup_free_ char *holder = escape(f->pins[0].holder ?: "what holds it");

        return holder ? strdup_format("let the program close %s; otherwise: %s", holder, otherwise) : NULL;
}

static char *remount_advice(const Finding *f, const AdviceTarget *t, const char *otherwise) {
        _cleanup_free_ char *path = NULL;

        if (t->remounts)
                return strdup(otherwise);
        path = escape(f->path ?: "");
        return path ? strdup_format("mount %s anew, then: %s", path, otherwise) : NULL;
}

static char *find_advice(const Finding *f, const AdviceTarget *t) {
        const char *restart = t->restart ?: t->words;

        switch (f->action) {
        case ACTION_NONE:
                return strdup("nothing to do");
        case ACTION_RELOAD:
                return reload_advice(t, restart);
        case ACTION_CLOSE_HOLDER:
                return close_advice(f, restart);
        case ACTION_END_THREADS:
                return strdup_format("end the threads that used it, then let the program close it; otherwise: %s", restart);
        case ACTION_REMOUNT:
                return remount_advice(f, t, restart);
        default:
                return strdup(restart);
        }
}

/* --- message --- */

/* " (inode 5250054 mapped, 5377891 on disk)", as far as it tells the two apart. */
static char *inodes(const Finding *f) {
        if (f->mapped.inode == 0)
                return strdup("");
        if (!f->disk.known)
                return strdup_format(" (inode %" PRIu64 ")", f->mapped.inode);
        if (f->disk.inode == f->mapped.inode)
                return strdup("");
        return strdup_format(" (inode %" PRIu64 " mapped, %" PRIu64 " on disk)", f->mapped.inode, f->disk.inode);
}

/* Nothing of a file without an executable VMA is run. */
static const char *verb(const Finding *f) {
        return f->data_only ? "maps" : "runs";
}

static char *deleted_head(const Finding *f, const char *path, const char *ids, const char *successor) {
        if (f->flags & FLAG_FILE_BIND_MOUNT)
                return strdup_format("still %s %s%s, a mounted file that was removed from where it came", verb(f), path, ids);
        if (successor)
                return strdup_format("still %s %s%s, which was removed; %s took its place", verb(f), path, ids, successor);
        return strdup_format("still %s %s%s, which was removed", verb(f), path, ids);
}

static char *modified_head(const Finding *f, const char *path) {
        if (f->flags & FLAG_CRASH_RISK)
                return strdup_format("%s %s, which was overwritten in place", verb(f), path);
        return strdup_format("still %s the old content of %s", verb(f), path);
}

/* What the process does with which file. */
static char *find_head(const Finding *f) {
        _cleanup_free_ char *path = escape(f->path ?: "a file"), *ids = inodes(f), *successor = escape(f->successor), *name = escape(f->loader_name);

        if (!path || !ids || (f->successor && !successor) || (f->loader_name && !name))
                return NULL;
        switch (f->state) {
        case STATE_REPLACED:
                return strdup_format("still %s the old %s%s", verb(f), path, ids);
        case STATE_DELETED:
                return deleted_head(f, path, ids, successor);
        case STATE_MODIFIED:
                return modified_head(f, path);
        case STATE_SUPERSEDED:
                return strdup_format("still %s %s%s, while %s leads to %s", verb(f), path, ids, name ?: "its name", successor ?: "another file");
        case STATE_MOVED:
                return strdup_format("still %s %s%s, while nothing is left at %s", verb(f), path, ids, name ?: "the name it was opened by");
        case STATE_HIDDEN:
                return strdup_format("still %s %s%s, which a mount covers", verb(f), path, ids);
        case STATE_UNREACHABLE:
                return strdup_format("still %s %s%s, whose file system was detached", verb(f), path, ids);
        default:
                return strdup_format("maps %s%s", path, ids);
        }
}

/* Of two that are left by elimination, either is enough, and one is true. */
static bool is_alternative(const Pin *a, const Pin *b) {
        return a->reason == PIN_RTLD_NODELETE && b->reason == PIN_STARTUP_BINDING;
}

static bool has_alternatives(const Finding *f) {
        for (size_t i = 1; i < f->n_pins; i++)
                if (is_alternative(f->pins + i - 1, f->pins + i))
                        return true;
        return false;
}

static char *find_reasons(const Finding *f) {
        char *text = NULL;

        for (size_t i = 0; i < f->n_pins; i++) {
                _cleanup_free_ char *front = text, *phrase = pin_phrase(f, f->pins + i);

                text = !phrase ? NULL : !front ? strdup(phrase) :
                        strdup_format("%s, %s %s", front, is_alternative(f->pins + i - 1, f->pins + i) ? "or" : "and", phrase);
                if (!text)
                        return NULL;
        }
        return text ?: strdup("why it stays was not looked at");
}

static char *find_tail(const Finding *f, const AdviceTarget *t) {
        const char *hurry = f->flags & FLAG_SAME_CONTENT ? " (no hurry: the content is the same)" : "";

        switch (f->action) {
        case ACTION_RESTART_NOW:
                return strdup_format("the next %s may crash: %s", f->data_only ? "access to it" : "call into it", t->words);
        case ACTION_RELOAD:
                return strdup_format("a reload ends it if the program closes it before it opens it again, else %s%s", t->words, hurry);
        case ACTION_CLOSE_HOLDER:
                return strdup_format("close that, else %s%s", t->words, hurry);
        case ACTION_END_THREADS:
                return strdup_format("end these threads and close it, else %s%s", t->words, hurry);
        case ACTION_REMOUNT:
                return strdup_format(t->remounts ? "%s%s, which mounts it anew" : "mount it anew, then %s%s", t->words, hurry);
        default:
                return strdup_format("%s%s", t->words, hurry);
        }
}

static char *find_message(const Finding *f, const AdviceTarget *t) {
        _cleanup_free_ char *comm = escape(f->comm ?: "process"), *head = find_head(f), *reasons = find_reasons(f), *tail = find_tail(f, t);
        const char *both = f->flags & FLAG_BOTH_GENERATIONS ? ", beside the new one" : "";

        if (!comm || !head || !reasons || !tail)
                return NULL;
        return strdup_format("%s (%d) %s%s: %s; %s.", comm, (int) f->pid, head, both, reasons, tail);
}

int advice_give(Finding *f) {
        AdviceTarget t;
        char *advice, *message;
        int r;

        r = advice_target_find(f, &t);
        if (r < 0)
                return r;
        f->action = find_action(f, &t);
        advice = find_advice(f, &t);
        message = find_message(f, &t);
        advice_target_done(&t);
        if (!advice || !message) {
                free(advice);
                free(message);
                return -ENOMEM;
        }
        free(f->advice);
        free(f->message);
        f->advice = advice;
        f->message = message;
        return 0;
}

/* --- explain --- */

static const char *certainty_words(const Finding *f, const Pin *p) {
        switch (p->certainty) {
        case CERTAINTY_LIKELY:
                return ", most likely";
        case CERTAINTY_BY_ELIMINATION:
                if (p->reason == PIN_UNKNOWN)
                        return "";
                return has_alternatives(f) ? ", or the other of these two is true" : ", since nothing else is left";
        default:
                return "";
        }
}

/* A sentence begins with a capital, unless it begins with a name. */
static void capitalise(char *text) {
        static const char *const words[] = { "it ", "the ", "a ", "threads ", "nothing ", "why " };

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
        text = strdup_format("%s%s%s%s.%s%s", phrase, certainty_words(f, p), p->detail ? ": " : "", p->detail ?: "",
                             remedy ? " " : "", remedy ?: "");
        if (text)
                capitalise(text);
        return text;
}

const char *advice_explain_state(State state, uint32_t flags) {
        switch (state) {
        case STATE_CURRENT:
                return "What is mapped is what is on disk.";
        case STATE_REPLACED:
                return flags & FLAG_SAME_CONTENT ?
                        "Another file has the path now, with the same content: a reinstall." :
                        "Another file has the path now. The process keeps the old one, which has no name any more.";
        case STATE_DELETED:
                return flags & FLAG_FILE_BIND_MOUNT ?
                        "The path is a mount of a file that was removed or replaced where it came from. A reload finds the old file again." :
                        "No file has the path any more.";
        case STATE_MODIFIED:
                return flags & FLAG_CRASH_RISK ?
                        "The file was written to in place while it was mapped. Code of the new content runs on data of the old one; the next call into it may crash." :
                        "The file was written to since it was mapped, and the process keeps the old content.";
        case STATE_SUPERSEDED:
                return flags & FLAG_SAME_CONTENT ?
                        "The file is untouched, but the name it was opened by leads to another one now, with the same content." :
                        "The file is untouched, but the name it was opened by leads to another one now: a reload would load that.";
        case STATE_MOVED:
                return "The file is untouched, but the name it was opened by leads nowhere now: a reload would fail.";
        case STATE_HIDDEN:
                return "The file is untouched, but something is mounted over it: a reload would find what covers it.";
        case STATE_UNREACHABLE:
                return "The file system it lies on was detached: nobody can reach the file by a name any more.";
        case STATE_IGNORED:
                return "It is no library, or one that the program removed on purpose.";
        default:
                return "It could not be looked at.";
        }
}
