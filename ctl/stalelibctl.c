/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * stalelibctl: the pipeline of common/ in one's own process, or the running daemon,
 * for people and scripts. This file knows the commands and the exit status, no more.
 */

#include <limits.h>
#include <locale.h>

#include "command.h"
#include "nagios.h"
#include "output.h"
#include "watchdog.h"

#define TAKES_GATE (OPTION_BIT_CHECK | OPTION_BIT_ALLOW_UNKNOWN)
#define TAKES_REPORT (OPTION_BIT_ALL | OPTION_BIT_UNKNOWN | OPTION_BIT_JSON)

static const struct {
        const char *name;
        Command command;
        int minimum, maximum; /* arguments behind it */
        bool looks;           /* at processes, in this program's own name: see watchdog.h */
        uint32_t options;     /* mask of OptionBit: others are refused */
} commands[] = {
        { "check", command_check, 0, 0, true, OPTION_BIT_SELECTION | OPTION_BIT_ALLOW_UNKNOWN | OPTION_BIT_WARNING |
                                           OPTION_BIT_CRITICAL | OPTION_BIT_TIMEOUT },
        { "explain", command_explain, 1, 2, true, TAKES_GATE | OPTION_BIT_JSON },
        { "history", command_history, 0, 0, false, OPTION_BIT_SELECTION | OPTION_BIT_LINES | OPTION_BIT_DIRECTORY | OPTION_BIT_JSON },
        { "inspect", command_inspect, 1, INT_MAX, false, OPTION_BIT_CHECK | OPTION_BIT_JSON },
        { "list", command_list, 0, 0, false, OPTION_BIT_SELECTION | TAKES_GATE | TAKES_REPORT },
        { "monitor", command_monitor, 0, 0, false, OPTION_BIT_SELECTION | OPTION_BIT_TIMEOUT | OPTION_BIT_JSON },
        { "scan", command_scan, 0, 0, true, OPTION_BIT_SELECTION | TAKES_GATE | TAKES_REPORT | OPTION_BIT_WATCH },
        { "status", command_status, 0, 0, false, TAKES_GATE | OPTION_BIT_JSON },
        { "sweep", command_sweep, 0, 0, false, TAKES_GATE | OPTION_BIT_JSON },
        { "units", command_units, 0, 0, false, OPTION_BIT_UNIT | TAKES_GATE | OPTION_BIT_ALL | OPTION_BIT_JSON },
        { "wait", command_wait, 0, 0, true, OPTION_BIT_SELECTION | OPTION_BIT_ALLOW_UNKNOWN | OPTION_BIT_TIMEOUT |
                                         OPTION_BIT_ALL | OPTION_BIT_JSON },
};

/* Of a command line that was refused. */
static int usage_status(const Options *o) {
        return o->nagios ? (int) NAGIOS_UNKNOWN : STATUS_USAGE;
}

/* Are there as many arguments as the command takes, and only its options? Returns 0 or -EINVAL. */
static int check_usage(const Options *o, size_t command, int n) {
        if (n < commands[command].minimum)
                return options_refuse(o, "%s needs an argument: see stalelibctl --help", commands[command].name);
        if (n > commands[command].maximum)
                return options_refuse(o, "%s takes no further argument: see stalelibctl --help", commands[command].name);
        return options_refuse_unused(o, commands[command].name, commands[command].options);
}

/* words: the command and what stands behind it; without any, findings are listed. */
static int dispatch(const Options *o, int n_words, char *words[]) {
        const char *name = n_words > 0 ? words[0] : "list";
        char **arguments = words + (n_words > 0);

        for (size_t i = 0; i < ELEMENTSOF(commands); i++) {
                if (!streq(commands[i].name, name))
                        continue;
                if (check_usage(o, i, n_words > 0 ? n_words - 1 : 0) < 0)
                        return usage_status(o);
                return commands[i].looks ? watchdog_run(commands[i].command, o, arguments) : commands[i].command(o, arguments);
        }
        return print_error(STATUS_USAGE, "\"%s\" is no command: see stalelibctl --help", name);
}

int main(int argc, char *argv[]) {
        _cleanup_(options_done) Options o = {};
        int r;

        setlocale(LC_ALL, "");
        r = options_parse(argc, argv, &o);
        /* Of plugins, the guidelines want --help and --version to be UNKNOWN as well. */
        if (r == -ECANCELED)
                return output_finish(o.nagios ? (int) NAGIOS_UNKNOWN : STATUS_ANSWERED);
        if (r == -EINVAL)
                return output_finish(usage_status(&o));
        if (r < 0)
                return print_errno(r, "Cannot start");
        return output_finish(dispatch(&o, argc - r, argv + r));
}
