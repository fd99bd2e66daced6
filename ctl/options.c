/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fnmatch.h>
#include <getopt.h>
#include <inttypes.h>
#include <langinfo.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "command.h"
#include "options.h"
#include "output.h"
#include "util/base.h"
#include "util/number.h"
#include "util/timespan.h"

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
        "     --check           Exit with 1 where something is stale, with 3 where not\n"
        "                       all could be judged; inspect: with 1 where it is not\n"
        "                       certain that a library unloads\n"
        "     --allow-unknown   What could not be judged does not change the status\n"
        "     --all             Show also what runs the same content as on disk\n"
        "     --unknown         scan, list: show what could not be judged, and why\n"
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
        "check takes -w, -c, -t and -V for --warning, --critical, --timeout, --version.\n"
        "\n"
        "Exit status: 0 answered, 1 something is stale (--check, wait) or would not\n"
        "unload (inspect), 2 wrong usage, 3 not all could be judged, or there is no such\n"
        "process, unit or file, 4 the daemon is not reachable. See stalelibctl(1).\n";

enum {
        OPTION_VERSION = 256,
        OPTION_CHECK,
        OPTION_ALLOW_UNKNOWN,
        OPTION_ALL,
        OPTION_UNKNOWN,
        OPTION_WATCH,
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
        { "allow-unknown", no_argument, NULL, OPTION_ALLOW_UNKNOWN },
        { "all", no_argument, NULL, OPTION_ALL },
        { "unknown", no_argument, NULL, OPTION_UNKNOWN },
        { "watch", optional_argument, NULL, OPTION_WATCH },
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

static const char letters[] = ":hp:u:w::n:D:jlq";
/* Monitoring Plugins Development Guidelines: -w, -c, -t and -V mean the same in every plugin. */
static const char nagios_letters[] = ":hp:u:w:c:t:Vn:D:jlq";

static const struct {
        int value; /* of getopt_long(3) */
        OptionBit bit;
        const char *name;
} restricted_options[] = {
        { 'p', OPTION_BIT_PID, "--pid" },
        { 'u', OPTION_BIT_UNIT, "--unit" },
        { OPTION_CHECK, OPTION_BIT_CHECK, "--check" },
        { OPTION_ALLOW_UNKNOWN, OPTION_BIT_ALLOW_UNKNOWN, "--allow-unknown" },
        { OPTION_ALL, OPTION_BIT_ALL, "--all" },
        { OPTION_UNKNOWN, OPTION_BIT_UNKNOWN, "--unknown" },
        { OPTION_WATCH, OPTION_BIT_WATCH, "--watch" },
        { OPTION_TIMEOUT, OPTION_BIT_TIMEOUT, "--timeout" },
        { 'n', OPTION_BIT_LINES, "--lines" },
        { 'D', OPTION_BIT_DIRECTORY, "--directory" },
        { OPTION_WARNING, OPTION_BIT_WARNING, "--warning" },
        { OPTION_CRITICAL, OPTION_BIT_CRITICAL, "--critical" },
        { OPTION_JSON, OPTION_BIT_JSON, "--json" },
        { 'j', OPTION_BIT_JSON, "--json" },
};

void options_done(Options *o) {
        for (size_t i = 0; i < o->n_units; i++)
                free(o->units[i]);
        free(o->units);
        free(o->pids);
        *o = (Options){};
}

int options_refuse(const Options *o, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n < 0)
                return print_error(-EINVAL, "Wrong usage: see stalelibctl --help");
        if (!o->nagios)
                return print_error(-EINVAL, "%s", text);
        printf("STALELIB UNKNOWN - %s\n", text);
        return -EINVAL;
}

int options_refuse_unused(const Options *o, const char *command, uint32_t taken) {
        for (size_t i = 0; i < ELEMENTSOF(restricted_options); i++)
                if (o->given & ~taken & restricted_options[i].bit)
                        return options_refuse(o, "%s does not take %s: see stalelibctl --help", command,
                                              restricted_options[i].name);
        return 0;
}

static int add_pid(Options *o, const char *s) {
        uint64_t pid;

        if (number_parse(s, INT_MAX, &pid) < 0 || pid == 0)
                return options_refuse(o, "\"%s\" is no process id: give a number, as in --pid=1", s);
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
                return options_refuse(o, "\"%s\" is no unit: give a name, as in --unit=nginx.service", s);
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
                return options_refuse(o, "--json=%s is not known: use short, pretty or off", s);
        return 0;
}

static int set_seconds(const Options *o, const char *option, const char *s, uint64_t *ret) {
        if (timespan_parse(s, ret) < 0)
                return options_refuse(o, "%s=%s is no time span: give seconds, or units, as in 30, 0.5, 5min or infinity", option, s);
        return 0;
}

static int set_number(const Options *o, const char *option, const char *s, uint64_t *ret) {
        if (number_parse(s, UINT32_MAX, ret) < 0)
                return options_refuse(o, "%s=%s is no number", option, s);
        return 0;
}

static int set_watch(Options *o, const char *argument) {
        o->watch_usec = 2 * USEC_PER_SEC;
        if (argument && (timespan_parse(argument, &o->watch_usec) < 0 || o->watch_usec < 100 * USEC_PER_MSEC ||
                         o->watch_usec == TIMESPAN_INFINITY))
                return options_refuse(o, "--watch=%s is no interval: give seconds, at least 0.1", argument);
        return 0;
}

/* What a letter means to a plugin; all else means the same to all. */
static int nagios_option(int c) {
        switch (c) {
        case 'w':
                return OPTION_WARNING;
        case 'c':
                return OPTION_CRITICAL;
        case 't':
                return OPTION_TIMEOUT;
        case 'V':
                return OPTION_VERSION;
        default:
                return c;
        }
}

static void note_given(Options *o, int c) {
        for (size_t i = 0; i < ELEMENTSOF(restricted_options); i++)
                if (restricted_options[i].value == c)
                        o->given |= restricted_options[i].bit;
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
        case OPTION_ALLOW_UNKNOWN:
                o->allow_unknown = true;
                return 0;
        case OPTION_ALL:
                o->all = true;
                return 0;
        case OPTION_UNKNOWN:
                o->unknown = true;
                return 0;
        case OPTION_WATCH:
                return set_watch(o, argument);
        case OPTION_TIMEOUT:
                o->timeout_set = true;
                return set_seconds(o, "--timeout", argument, &o->timeout_usec);
        case 'n':
                return set_number(o, "--lines", argument, &o->lines);
        case 'D':
                o->directory = argument;
                return 0;
        case OPTION_WARNING:
                return set_number(o, "--warning", argument, &o->warning);
        case OPTION_CRITICAL:
                return set_number(o, "--critical", argument, &o->critical);
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
static int refuse_option(const Options *o, int c, char *argv[]) {
        const char *last = argv[optind - 1];

        if (optopt > 0 && optopt < 256 && !strstr(last, "--"))
                return options_refuse(o, "-%c %s: see stalelibctl --help", optopt, c == ':' ? "needs a value" : "is no option");
        return options_refuse(o, "%s %s: see stalelibctl --help", last,
                   c == ':' ? "needs a value" : strchr(last, '=') ? "is no option, or takes no value" : "is no option");
}

/* What standard output is, once: no terminal, no colours (and as https://no-color.org asks). */
static void read_terminal(Options *o) {
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

/*
 * The meaning of letters depends on the command, which may stand behind them: is the first word that is no option, and
 * no option's value as a plugin reads them, "check"? Returns 1, 0, -ENOMEM.
 */
static int is_check_command(int argc, char *argv[]) {
        _cleanup_free_ char **copy = calloc((size_t) argc + 1, sizeof(*copy)); /* getopt_long(3) changes the order */
        int is;

        if (!copy)
                return -ENOMEM;
        memcpy(copy, argv, (size_t) argc * sizeof(*copy));
        while (getopt_long(argc, copy, nagios_letters, long_options, NULL) >= 0)
                ;
        is = optind < argc && streq(copy[optind], "check");
        optind = 0; /* from the beginning, getopt(3) */
        return is;
}

int options_parse(int argc, char *argv[], Options *o) {
        int c, r;

        opterr = 0;
        r = is_check_command(argc, argv);
        if (r < 0)
                return r;
        *o = (Options){ .timeout_usec = UINT64_MAX, .lines = 20, .warning = 1, .nagios = r > 0 };
        while ((c = getopt_long(argc, argv, o->nagios ? nagios_letters : letters, long_options, NULL)) >= 0) {
                c = o->nagios ? nagios_option(c) : c == 'w' ? OPTION_WATCH : c;
                note_given(o, c);
                r = c == '?' || c == ':' ? refuse_option(o, c, argv) : set_option(o, c, optarg);
                if (r < 0)
                        return r;
        }
        read_terminal(o);
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
