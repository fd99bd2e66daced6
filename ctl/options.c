/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fnmatch.h>
#include <getopt.h>
#include <inttypes.h>
#include <langinfo.h>
#include <limits.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "base.h"
#include "options.h"
#include "seconds.h"
#include "verbs.h"

static const char help[] =
        "stalelibctl [OPTIONS...] COMMAND ...\n"
        "\n"
        "Shows which processes run stale shared libraries, why the loader keeps them,\n"
        "and what ends it.\n"
        "\n"
        "Commands, here and now, without a daemon:\n"
        "  scan                 Look at all processes once\n"
        "  explain PID [PATH]   Tell all that is known of a process's stale files\n"
        "  inspect FILE...      Would these libraries unload? Asked before they ship\n"
        "  wait                 Wait until nothing is stale any more\n"
        "  check                The answer as a monitoring plugin gives it\n"
        "Commands that ask the running daemon:\n"
        "  list                 Its findings by unit (the default)\n"
        "  units                Units with stale processes\n"
        "  status               What it knows of itself\n"
        "  sweep                Have it look now\n"
        "  monitor              Tell findings as they appear and go\n"
        "Commands that read the journal:\n"
        "  history              Findings that were announced earlier\n"
        "\n"
        "Options:\n"
        "  -h --help            Show this help\n"
        "     --version         Show the version\n"
        "  -p --pid=PID         Only this process; may be given again\n"
        "  -u --unit=UNIT       Only processes of this unit or pattern; likewise\n"
        "     --check           Exit with 1 where something is stale; inspect: where\n"
        "                       it is not certain that a library unloads\n"
        "  -w --watch[=SEC]     scan: look again every SEC seconds (2)\n"
        "     --timeout=SEC     wait: give up after SEC seconds (90)\n"
        "  -n --lines=N         history: the last N entries; 0 means all (20)\n"
        "  -D --directory=DIR   history: read the journal files in DIR\n"
        "     --warning=N       check: WARNING from N stale processes on (1)\n"
        "     --critical=N      check: CRITICAL from N stale processes on (never)\n"
        "     --json=MODE       Report as JSON: short (one line), pretty, off\n"
        "  -j                   The same as --json=pretty on a terminal, else short\n"
        "  -l --full            Do not cut long text to the terminal's width\n"
        "     --no-pager        Do not start a pager\n"
        "     --no-legend       Show neither titles nor sums\n"
        "  -q --quiet           Show nothing but errors\n"
        "\n"
        "Exit status: 0 the question is answered, 1 something is stale (--check, wait)\n"
        "or would not unload (inspect), 2 wrong usage, 3 nothing could be read,\n"
        "4 the daemon is not reachable. See stalelibctl(1).\n";

enum {
        OPTION_VERSION = 256,
        OPTION_CHECK,
        OPTION_TIMEOUT,
        OPTION_WARNING,
        OPTION_CRITICAL,
        OPTION_JSON,
        OPTION_NO_PAGER,
        OPTION_NO_LEGEND,
};

static const struct option long_options[] = {
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, OPTION_VERSION },
        { "pid", required_argument, NULL, 'p' },
        { "unit", required_argument, NULL, 'u' },
        { "check", no_argument, NULL, OPTION_CHECK },
        { "watch", optional_argument, NULL, 'w' },
        { "timeout", required_argument, NULL, OPTION_TIMEOUT },
        { "lines", required_argument, NULL, 'n' },
        { "directory", required_argument, NULL, 'D' },
        { "warning", required_argument, NULL, OPTION_WARNING },
        { "critical", required_argument, NULL, OPTION_CRITICAL },
        { "json", required_argument, NULL, OPTION_JSON },
        { "full", no_argument, NULL, 'l' },
        { "no-pager", no_argument, NULL, OPTION_NO_PAGER },
        { "no-legend", no_argument, NULL, OPTION_NO_LEGEND },
        { "quiet", no_argument, NULL, 'q' },
        {}
};

void options_done(Options *o) {
        for (size_t i = 0; i < o->n_units; i++)
                free(o->units[i]);
        free(o->units);
        free(o->pids);
        *o = (Options){};
}

static int add_pid(Options *o, const char *s) {
        uint64_t pid;

        if (number_parse(s, INT_MAX, &pid) < 0 || pid == 0)
                return say(-EINVAL, "\"%s\" is no process id: give a number, as in --pid=1", s);
        if (!GROW(o->pids, o->allocated_pids, o->n_pids + 1))
                return -ENOMEM;
        o->pids[o->n_pids++] = (pid_t) pid;
        return 0;
}

/* The kinds of units that have processes. */
static const char *const unit_suffixes[] = { ".service", ".scope", ".slice", ".socket", ".mount", ".swap" };

static bool has_unit_suffix(const char *s) {
        const char *dot = strrchr(s, '.');

        for (size_t i = 0; dot && i < ELEMENTSOF(unit_suffixes); i++)
                if (streq(dot, unit_suffixes[i]))
                        return true;
        return false;
}

/* As in systemctl, what has no suffix is a service, and a pattern is taken as it stands. */
static int add_unit(Options *o, const char *s) {
        bool whole = has_unit_suffix(s) || strpbrk(s, "*?[");
        char *unit;

        if (*s == '\0' || strchr(s, '/') || strlen(s) > 255)
                return say(-EINVAL, "\"%s\" is no unit: give a name, as in --unit=nginx.service", s);
        if (!GROW(o->units, o->allocated_units, o->n_units + 1))
                return -ENOMEM;
        if (asprintf(&unit, "%s%s", s, whole ? "" : ".service") < 0)
                return -ENOMEM;
        o->units[o->n_units++] = unit;
        return 0;
}

static int set_json(Options *o, const char *s) {
        if (streq(s, "short"))
                o->json = JSON_SHORT;
        else if (streq(s, "pretty"))
                o->json = JSON_PRETTY;
        else if (streq(s, "off"))
                o->json = JSON_OFF;
        else
                return say(-EINVAL, "--json=%s is not known: use short, pretty or off", s);
        return 0;
}

static int set_seconds(const char *option, const char *s, uint64_t *ret) {
        if (seconds_parse(s, ret) < 0)
                return say(-EINVAL, "%s=%s is no time: give seconds, as 30, 0.5, 5min or infinity", option, s);
        return 0;
}

static int set_number(const char *option, const char *s, uint64_t *ret) {
        if (number_parse(s, UINT32_MAX, ret) < 0)
                return say(-EINVAL, "%s=%s is no number", option, s);
        return 0;
}

static int set_option(Options *o, int c, const char *argument) {
        switch (c) {
        case 'p':
                return add_pid(o, argument);
        case 'u':
                return add_unit(o, argument);
        case OPTION_CHECK:
                o->check = true;
                return 0;
        case 'w':
                o->watch_usec = 2000000;
                if (argument && (set_seconds("--watch", argument, &o->watch_usec) < 0 ||
                                 o->watch_usec < 100000 || o->watch_usec == UINT64_MAX))
                        return say(-EINVAL, "--watch= takes seconds, at least 0.1");
                return 0;
        case OPTION_TIMEOUT:
                o->timeout_set = true;
                return set_seconds("--timeout", argument, &o->timeout_usec);
        case 'n':
                return set_number("--lines", argument, &o->lines);
        case 'D':
                o->directory = argument;
                return 0;
        case OPTION_WARNING:
                return set_number("--warning", argument, &o->warning);
        case OPTION_CRITICAL:
                return set_number("--critical", argument, &o->critical);
        case OPTION_JSON:
                return set_json(o, argument);
        case 'j':
                o->json = isatty(STDOUT_FILENO) ? JSON_PRETTY : JSON_SHORT;
                return 0;
        case 'l':
                o->full = true;
                return 0;
        case OPTION_NO_PAGER:
                o->no_pager = true;
                return 0;
        case OPTION_NO_LEGEND:
                o->no_legend = true;
                return 0;
        case 'q':
                o->quiet = true;
                return 0;
        case 'h':
                fputs(help, stdout);
                return -ECANCELED;
        case OPTION_VERSION:
                puts("stalelibctl " PROJECT_VERSION);
                return -ECANCELED;
        default:
                return -EINVAL;
        }
}

/* What getopt_long(3) did not understand, in one line. */
static int say_option(int c, char *argv[]) {
        const char *last = argv[optind - 1];

        if (optopt > 0 && optopt < 256 && !strstr(last, "--"))
                return say(-EINVAL, "-%c %s: see stalelibctl --help", optopt, c == ':' ? "needs a value" : "is no option");
        return say(-EINVAL, "%s %s: see stalelibctl --help", last,
                   c == ':' ? "needs a value" : strchr(last, '=') ? "is no option, or takes no value" : "is no option");
}

/* What standard output is, once: no terminal, no colours (and as https://no-color.org asks). */
static void look_at_terminal(Options *o) {
        const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM"), *columns = getenv("COLUMNS");
        struct winsize size = {};
        uint64_t width;

        o->utf8 = streq(nl_langinfo(CODESET), "UTF-8");
        o->terminal = isatty(STDOUT_FILENO);
        if (!o->terminal)
                return;
        o->colour = !(no_color && *no_color) && term && !streq(term, "dumb");
        if (columns && number_parse(columns, 65535, &width) >= 0 && width > 0)
                o->width = (unsigned) width;
        else if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) >= 0 && size.ws_col > 0)
                o->width = size.ws_col;
        else
                o->width = 80;
        if (o->full)
                o->width = 0;
}

int options_parse(int argc, char *argv[], Options *ret) {
        Options o = { .timeout_usec = UINT64_MAX, .lines = 20, .warning = 1 };
        int c, r;

        opterr = 0;
        while ((c = getopt_long(argc, argv, ":hp:u:w::n:D:jlq", long_options, NULL)) >= 0) {
                r = c == '?' || c == ':' ? say_option(c, argv) : set_option(&o, c, optarg);
                if (r < 0) {
                        options_done(&o);
                        return r;
                }
        }
        look_at_terminal(&o);
        *ret = o;
        return optind;
}

bool options_unit(const Options *o, const char *unit) {
        if (o->n_units == 0)
                return true;
        for (size_t i = 0; unit && i < o->n_units; i++)
                if (fnmatch(o->units[i], unit, 0) == 0)
                        return true;
        return false;
}

bool options_pid(const Options *o, pid_t pid) {
        if (o->n_pids == 0)
                return true;
        for (size_t i = 0; i < o->n_pids; i++)
                if (o->pids[i] == pid)
                        return true;
        return false;
}
