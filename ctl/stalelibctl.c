/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * stalelibctl: the pipeline of common/ in one's own process, or the running daemon,
 * for people and scripts. This file knows the verbs and the exit status, no more.
 */

#include <limits.h>
#include <locale.h>

#include "guard.h"
#include "output.h"
#include "plugin.h"
#include "verbs.h"

#define TAKES_GATE (OPTION_BIT_CHECK | OPTION_BIT_ALLOW_UNKNOWN)
#define TAKES_REPORT (OPTION_BIT_ALL | OPTION_BIT_UNKNOWN | OPTION_BIT_JSON)

static const struct {
        const char *name;
        Verb verb;
        int minimum, maximum; /* arguments behind it */
        bool looks;           /* at processes, in this program's own name: see guard.h */
        uint32_t options;     /* mask of OptionBit: others are refused */
} verbs[] = {
        { "check", verb_check, 0, 0, true, OPTION_BIT_SELECTION | OPTION_BIT_ALLOW_UNKNOWN | OPTION_BIT_WARNING |
                                           OPTION_BIT_CRITICAL | OPTION_BIT_TIMEOUT },
        { "explain", verb_explain, 1, 2, true, TAKES_GATE | OPTION_BIT_JSON },
        { "history", verb_history, 0, 0, false, OPTION_BIT_SELECTION | OPTION_BIT_LINES | OPTION_BIT_DIRECTORY | OPTION_BIT_JSON },
        { "inspect", verb_inspect, 1, INT_MAX, false, OPTION_BIT_CHECK | OPTION_BIT_JSON },
        { "list", verb_list, 0, 0, false, OPTION_BIT_SELECTION | TAKES_GATE | TAKES_REPORT },
        { "monitor", verb_monitor, 0, 0, false, OPTION_BIT_SELECTION | OPTION_BIT_TIMEOUT | OPTION_BIT_JSON },
        { "scan", verb_scan, 0, 0, true, OPTION_BIT_SELECTION | TAKES_GATE | TAKES_REPORT | OPTION_BIT_WATCH },
        { "status", verb_status, 0, 0, false, TAKES_GATE | OPTION_BIT_JSON },
        { "sweep", verb_sweep, 0, 0, false, TAKES_GATE | OPTION_BIT_JSON },
        { "units", verb_units, 0, 0, false, OPTION_BIT_UNIT | TAKES_GATE | OPTION_BIT_ALL | OPTION_BIT_JSON },
        { "wait", verb_wait, 0, 0, true, OPTION_BIT_SELECTION | OPTION_BIT_ALLOW_UNKNOWN | OPTION_BIT_TIMEOUT |
                                         OPTION_BIT_ALL | OPTION_BIT_JSON },
};

/* Of a command line that was refused. */
static int usage_status(const Options *o) {
        return o->plugin ? (int) PLUGIN_UNKNOWN : STATUS_USAGE;
}

/* Are there as many arguments as the verb takes, and only its options? Returns 0 or -EINVAL. */
static int check_usage(const Options *o, size_t verb, int n) {
        if (n < verbs[verb].minimum)
                return options_refuse(o, "%s needs an argument: see stalelibctl --help", verbs[verb].name);
        if (n > verbs[verb].maximum)
                return options_refuse(o, "%s takes no further argument: see stalelibctl --help", verbs[verb].name);
        return options_refuse_unused(o, verbs[verb].name, verbs[verb].options);
}

/* words: the verb and what stands behind it; without any, findings are listed. */
static int dispatch(const Options *o, int n_words, char *words[]) {
        const char *name = n_words > 0 ? words[0] : "list";
        char **arguments = words + (n_words > 0);

        for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
                if (!streq(verbs[i].name, name))
                        continue;
                if (check_usage(o, i, n_words > 0 ? n_words - 1 : 0) < 0)
                        return usage_status(o);
                return verbs[i].looks ? guard_run(verbs[i].verb, o, arguments) : verbs[i].verb(o, arguments);
        }
        return say(STATUS_USAGE, "\"%s\" is no command: see stalelibctl --help", name);
}

int main(int argc, char *argv[]) {
        _cleanup_(options_done) Options o = {};
        int r;

        setlocale(LC_ALL, "");
        r = options_parse(argc, argv, &o);
        /* Of plugins, the guidelines want --help and --version to be UNKNOWN as well. */
        if (r == -ECANCELED)
                return output_finish(o.plugin ? (int) PLUGIN_UNKNOWN : STATUS_ANSWERED);
        if (r == -EINVAL)
                return output_finish(usage_status(&o));
        if (r < 0)
                return say_errno(r, "Cannot start");
        return output_finish(dispatch(&o, argc - r, argv + r));
}
