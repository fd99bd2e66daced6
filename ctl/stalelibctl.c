/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * stalelibctl: the pipeline of common/ in this process, or a client of the running daemon,
 * for people and scripts.
 */

#include <locale.h>

#include "option-parser.h"
#include "command.h"
#include "nagios.h"
#include "output.h"
#include "watchdog.h"

static const struct {
        Command run;
        bool guarded; /* it reads processes, in a child: see watchdog.h */
} commands[COMMAND_MAX] = {
        [COMMAND_SCAN] = { command_scan, true },
        [COMMAND_EXPLAIN] = { command_explain, true },
        [COMMAND_INSPECT] = { command_inspect },
        [COMMAND_WAIT] = { command_wait, true },
        [COMMAND_CHECK] = { command_check, true },
        [COMMAND_LIST] = { command_list },
        [COMMAND_UNITS] = { command_units },
        [COMMAND_STATUS] = { command_status },
        [COMMAND_SWEEP] = { command_sweep },
        [COMMAND_MONITOR] = { command_monitor },
        [COMMAND_HISTORY] = { command_history },
};

static int run(int argc, char *argv[]) {
        _cleanup_(options_done) Options o = {};
        bool check;
        int r;

        r = options_parse(argc, argv, &o);
        check = o.command == COMMAND_CHECK;
        /* The guidelines for plugins want --help and --version to be UNKNOWN as well. */
        if (r == -ECANCELED)
                return check ? (int) NAGIOS_UNKNOWN : STATUS_ANSWERED;
        if (r == -EINVAL)
                return check ? (int) NAGIOS_UNKNOWN : STATUS_USAGE;
        if (r < 0)
                return print_errno(r, "Failed to parse the command line");
        return commands[o.command].guarded ? watchdog_run(commands[o.command].run, &o) : commands[o.command].run(&o);
}

int main(int argc, char *argv[]) {
        setlocale(LC_ALL, "");
        return output_finish(run(argc, argv));
}
