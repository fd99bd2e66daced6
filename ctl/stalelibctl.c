/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * stalelibctl: the pipeline of common/ in one's own process, or the running daemon,
 * for people and scripts. This file knows the verbs and the exit status, no more.
 */

#include <limits.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>

#include "guard.h"
#include "pager.h"
#include "verbs.h"

static const struct {
        const char *name;
        Verb verb;
        int minimum, maximum; /* arguments behind it */
        bool looks;           /* at processes, in this program's own name: see guard.h */
} verbs[] = {
        { "check", verb_check, 0, 0, true },
        { "explain", verb_explain, 1, 2, true },
        { "history", verb_history, 0, 0, false },
        { "inspect", verb_inspect, 1, INT_MAX, false },
        { "list", verb_list, 0, 0, false },
        { "monitor", verb_monitor, 0, 0, false },
        { "scan", verb_scan, 0, 0, true },
        { "status", verb_status, 0, 0, false },
        { "sweep", verb_sweep, 0, 0, false },
        { "units", verb_units, 0, 0, false },
        { "wait", verb_wait, 0, 0, true },
};

int say(int result, const char *format, ...) {
        va_list ap;

        fputs("stalelibctl: ", stderr);
        va_start(ap, format);
        vfprintf(stderr, format, ap);
        va_end(ap);
        fputc('\n', stderr);
        return result;
}

int say_errno(int r, const char *what) {
        return say(STATUS_UNREADABLE, "%s: %s", what, strerror(-r));
}

/* words: the verb and what stands behind it; without any, findings are listed. */
static int dispatch(const Options *o, int n_words, char *words[]) {
        const char *name = n_words > 0 ? words[0] : "list";
        int n = n_words > 0 ? n_words - 1 : 0;

        for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
                if (!streq(verbs[i].name, name))
                        continue;
                if (n < verbs[i].minimum)
                        return say(STATUS_USAGE, "%s needs an argument: see stalelibctl --help", name);
                if (n > verbs[i].maximum)
                        return say(STATUS_USAGE, "%s takes no further argument: see stalelibctl --help", name);
                return verbs[i].looks ? guard_run(verbs[i].verb, o, words + (n_words > 0)) :
                                        verbs[i].verb(o, words + (n_words > 0));
        }
        return say(STATUS_USAGE, "\"%s\" is no command: see stalelibctl --help", name);
}

/* What could not be written is an error as well; a reader that has seen enough is none. */
int verb_finish(int status) {
        int r = fflush(stdout) == 0 && !ferror(stdout) ? 0 : -errno;

        pager_close();
        return r < 0 && r != -EPIPE ? say_errno(r, "Cannot write to standard output") : status;
}

int main(int argc, char *argv[]) {
        _cleanup_(options_done) Options o = {};
        int r;

        setlocale(LC_ALL, "");
        r = options_parse(argc, argv, &o);
        if (r == -ECANCELED)
                return verb_finish(STATUS_ANSWERED);
        if (r == -EINVAL)
                return STATUS_USAGE;
        if (r < 0)
                return say_errno(r, "Cannot start");
        return verb_finish(dispatch(&o, argc - r, argv + r));
}
