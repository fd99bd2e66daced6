/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <getopt.h>
#include <langinfo.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "nagios.h"
#include "option-parser.h"
#include "output.h"
#include "util/base.h"
#include "util/number.h"
#include "util/timespan.h"

static const struct {
        const char *name, *arguments; /* as --help shows them */
        int minimum, maximum;         /* arguments */
        const char *help;
        const char *heading;          /* of this command and those that follow; NULL: none */
} commands[COMMAND_MAX] = {
        [COMMAND_SCAN] = { "scan", "", 0, 0, "Examine all processes once", "Commands that need no daemon" },
        [COMMAND_EXPLAIN] = { "explain", " PID [PATH]", 1, 2, "Show all that is known of a process's stale files" },
        [COMMAND_INSPECT] = { "inspect", " FILE...", 1, INT_MAX, "Check whether libraries would unload, before they ship" },
        [COMMAND_WAIT] = { "wait", "", 0, 0, "Wait until nothing is stale any more" },
        [COMMAND_CHECK] = { "check", "", 0, 0, "Report as a Nagios plugin" },
        [COMMAND_LIST] = { "list", "", 0, 0, "List findings by unit (the default)", "Commands that query the running daemon" },
        [COMMAND_UNITS] = { "units", "", 0, 0, "List units with stale processes" },
        [COMMAND_STATUS] = { "status", "", 0, 0, "Show the state of the daemon" },
        [COMMAND_SWEEP] = { "sweep", "", 0, 0, "Request a sweep and wait for it" },
        [COMMAND_MONITOR] = { "monitor", "", 0, 0, "Print findings as they appear and go" },
        [COMMAND_HISTORY] = { "history", "", 0, 0, "Show findings that were announced earlier", "Commands that read the journal" },
};

typedef struct Option Option;

struct Option {
        const char *name;      /* NULL: there is only a letter */
        char letter;           /* 0: none */
        const char *argument;  /* as --help shows it: "=X", "[=X]" if optional; NULL: takes none */
        uint32_t commands;     /* bits 1 << CommandId; other commands refuse it */
        const char *help;      /* lines */
        int (*set)(Options *o, const Option *option, const char *argument);
        size_t field;          /* its offset in Options */
        char check_letter;     /* instead of `letter` with check; 0: the same */
};

#define FOR(command) (UINT32_C(1) << COMMAND_##command)
#define FOR_ALL UINT32_MAX
#define FOR_SELECTION (FOR(CHECK) | FOR(HISTORY) | FOR(LIST) | FOR(MONITOR) | FOR(SCAN) | FOR(WAIT))
#define FOR_STATUS (FOR(EXPLAIN) | FOR(LIST) | FOR(SCAN) | FOR(STATUS) | FOR(SWEEP) | FOR(UNITS))
#define FIELD(name) offsetof(Options, name)

/* Prints why the command line is wrong: in one line on standard error, or as a plugin does. Returns -EINVAL. */
_printf_(2, 3) static int refuse(const Options *o, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n < 0)
                return -ENOMEM;
        if (o->command == COMMAND_CHECK)
                nagios_print_unknown(text);
        else
                print_error(0, "%s", text);
        return -EINVAL;
}

static int refuse_argument(const Options *o, const Option *option, const char *argument, const char *hint) {
        return refuse(o, "Invalid argument '%s' to --%s: %s", argument, option->name, hint);
}

static int set_flag(Options *o, const Option *option, _unused_ const char *argument) {
        *(bool *) ((char *) o + option->field) = true;
        return 0;
}

static int set_number(Options *o, const Option *option, const char *argument) {
        if (number_parse(argument, UINT32_MAX, (uint64_t *) ((char *) o + option->field)) < 0)
                return refuse_argument(o, option, argument, "not a number");
        return 0;
}

static int set_timespan(Options *o, const Option *option, const char *argument) {
        if (timespan_parse(argument, (uint64_t *) ((char *) o + option->field)) < 0)
                return refuse_argument(o, option, argument, "not a time span such as 30, 500ms, 5min or infinity");
        return 0;
}

static int set_watch(Options *o, const Option *option, const char *argument) {
        o->watch_usec = 2 * USEC_PER_SEC;
        if (argument && (timespan_parse(argument, &o->watch_usec) < 0 || o->watch_usec < 100 * USEC_PER_MSEC ||
                         o->watch_usec == TIMESPAN_INFINITY))
                return refuse_argument(o, option, argument, "not a time span of 100ms or more");
        return 0;
}

static int set_directory(Options *o, _unused_ const Option *option, const char *argument) {
        o->directory = argument;
        return 0;
}

static int set_json(Options *o, const Option *option, const char *argument) {
        static const char *const modes[] = { [JSON_OFF] = "off", [JSON_SHORT] = "short", [JSON_PRETTY] = "pretty" };

        for (size_t i = 0; i < ELEMENTSOF(modes); i++)
                if (streq(argument, modes[i])) {
                        o->json = (JsonMode) i;
                        return 0;
                }
        return refuse_argument(o, option, argument, "use short, pretty or off");
}

static int set_json_letter(Options *o, _unused_ const Option *option, _unused_ const char *argument) {
        o->json = isatty(STDOUT_FILENO) ? JSON_PRETTY : JSON_SHORT;
        return 0;
}

int options_parse_pid(const Options *o, const char *s, pid_t *ret) {
        uint64_t pid;

        if (number_parse(s, INT_MAX, &pid) < 0 || pid == 0)
                return refuse(o, "Invalid PID '%s'", s);
        *ret = (pid_t) pid;
        return 0;
}

static int add_pid(Options *o, _unused_ const Option *option, const char *argument) {
        if (!GROW(o->pids, o->allocated_pids, o->n_pids + 1))
                return -ENOMEM;
        return options_parse_pid(o, argument, &o->pids[o->n_pids++]);
}

/* Is it the full name of a unit of a type that has processes? */
static bool has_unit_suffix(const char *s) {
        static const char *const suffixes[] = { ".service", ".scope", ".slice", ".socket", ".mount", ".swap" };
        const char *dot = strrchr(s, '.');

        for (size_t i = 0; dot && i < ELEMENTSOF(suffixes); i++)
                if (streq(dot, suffixes[i]))
                        return true;
        return false;
}

/* As with systemctl(1), a name without a suffix is a service, and a pattern is taken as it is. */
static int add_unit(Options *o, _unused_ const Option *option, const char *argument) {
        bool whole = has_unit_suffix(argument) || strpbrk(argument, "*?[");
        char *unit;

        if (*argument == '\0' || strchr(argument, '/') || strlen(argument) > 255)
                return refuse(o, "Invalid unit name '%s'", argument);
        if (!GROW(o->units, o->allocated_units, o->n_units + 1))
                return -ENOMEM;
        unit = strdup_format("%s%s", argument, whole ? "" : ".service");
        if (!unit)
                return -ENOMEM;
        o->units[o->n_units++] = unit;
        return 0;
}

static int print_version(_unused_ Options *o, _unused_ const Option *option, _unused_ const char *argument) {
        puts("stalelibctl " PROJECT_VERSION);
        return -ECANCELED;
}

static int print_help(Options *o, const Option *option, const char *argument);

/* -w, -c, -t and -V mean the same in every plugin: Monitoring Plugins Development Guidelines. */
static const Option options[] = {
        { "help", 'h', NULL, FOR_ALL, "Show this help", print_help },
        { "version", 0, NULL, FOR_ALL, "Show the version", print_version, .check_letter = 'V' },
        { "pid", 'p', "=PID", FOR_SELECTION, "Only this process; may be given again", add_pid },
        { "unit", 'u', "=UNIT", FOR_SELECTION | FOR(UNITS), "Only processes of this unit or pattern; likewise", add_unit },
        { "check", 0, NULL, FOR_STATUS | FOR(INSPECT),
          "Exit with 1 if something is stale, with 3 if not all\n"
          "could be judged; inspect: with 1 unless it is certain\n"
          "that a library unloads", set_flag, FIELD(check) },
        { "allow-unknown", 0, NULL, FOR_STATUS | FOR(CHECK) | FOR(WAIT),
          "What could not be judged does not change the status", set_flag, FIELD(allow_unknown) },
        { "all", 0, NULL, FOR(LIST) | FOR(SCAN) | FOR(UNITS) | FOR(WAIT),
          "Show also what runs the same content as on disk", set_flag, FIELD(all) },
        { "unknown", 0, NULL, FOR(LIST) | FOR(SCAN), "scan, list: show what could not be judged, and why", set_flag, FIELD(unknown) },
        { "watch", 'w', "[=SEC]", FOR(SCAN), "scan: examine again every SEC seconds (2)", set_watch },
        { "timeout", 0, "=SEC", FOR(CHECK) | FOR(MONITOR) | FOR(WAIT),
          "wait: give up after SEC seconds (90)", set_timespan, FIELD(timeout_usec), .check_letter = 't' },
        { "lines", 'n', "=N", FOR(HISTORY), "history: the last N entries; 0 means all (20)", set_number, FIELD(lines) },
        { "directory", 'D', "=DIR", FOR(HISTORY), "history: read the journal files in DIR", set_directory },
        { "warning", 0, "=N", FOR(CHECK), "check: WARNING from N stale processes on (1)", set_number, FIELD(warning), .check_letter = 'w' },
        { "critical", 0, "=N", FOR(CHECK), "check: CRITICAL from N stale processes on (never)", set_number, FIELD(critical), .check_letter = 'c' },
        { "json", 0, "=MODE", ~FOR(CHECK), "Report as JSON: short (one line), pretty, off", set_json },
        { NULL, 'j', NULL, ~FOR(CHECK), "The same as --json=pretty on a terminal, else short", set_json_letter },
        { "full", 'l', NULL, FOR_ALL, "Do not cut long text to the terminal's width", set_flag, FIELD(full) },
        { "no-pager", 0, NULL, FOR_ALL, "Do not start a pager", set_flag, FIELD(no_pager) },
        { "no-legend", 0, NULL, FOR_ALL, "Show neither titles nor sums", set_flag, FIELD(no_legend) },
        { "quiet", 'q', NULL, FOR_ALL, "Print nothing but errors", set_flag, FIELD(quiet) },
};

/* What getopt_long(3) returns for a long option: its index above all letters. */
#define LONG_OPTION 256

static void print_option_help(const Option *option) {
        _cleanup_free_ char *name = option->name ? strdup_format("--%s%s", option->name, option->argument ?: "") : NULL;
        const char *line = option->help;
        size_t n = strcspn(line, "\n");

        printf("  %c%c %-18s%.*s\n", option->letter ? '-' : ' ', option->letter ?: ' ', name ?: "", (int) n, line);
        while (line[n]) {
                line += n + 1;
                n = strcspn(line, "\n");
                printf("%23s%.*s\n", "", (int) n, line);
        }
}

static int print_help(_unused_ Options *o, _unused_ const Option *option, _unused_ const char *argument) {
        puts("stalelibctl [OPTIONS...] COMMAND ...\n"
             "\n"
             "Shows which processes run stale shared libraries, why the loader keeps them,\n"
             "and what ends it.\n");
        for (size_t i = 0; i < COMMAND_MAX; i++) {
                int width = 20 - (int) strlen(commands[i].name);

                if (commands[i].heading)
                        printf("%s:\n", commands[i].heading);
                printf("  %s%-*s %s\n", commands[i].name, width, commands[i].arguments, commands[i].help);
        }
        puts("\nOptions:");
        for (size_t i = 0; i < ELEMENTSOF(options); i++)
                print_option_help(&options[i]);
        puts("\n"
             "check takes -w, -c, -t and -V for --warning, --critical, --timeout, --version.\n"
             "\n"
             "Exit status: 0 success, 1 something is stale (--check, wait) or would not\n"
             "unload (inspect), 2 wrong usage, 3 not all could be judged, or there is no such\n"
             "process, unit or file, 4 the daemon is not reachable. See stalelibctl(1).");
        return -ECANCELED;
}

/* The option with this letter; letters of check come before others. */
static const Option *find_letter(bool check, int letter) {
        for (size_t i = 0; check && i < ELEMENTSOF(options); i++)
                if (options[i].check_letter == letter)
                        return &options[i];
        for (size_t i = 0; i < ELEMENTSOF(options); i++)
                if (options[i].letter == letter)
                        return &options[i];
        return NULL;
}

/* getopt_long(3), with its tables made of ours. */
static int next_option(int argc, char *argv[], bool check) {
        struct option long_options[ELEMENTSOF(options) + 1] = {};
        char letters[3 * 52 + 2] = ":", *p = letters + 1;
        size_t n = 0;

        for (int c = 'A'; c <= 'z'; c++) {
                const Option *option = find_letter(check, c);
                size_t colons = !option || !option->argument ? 0 : *option->argument == '[' ? 2 : 1;

                if (option)
                        p += sprintf(p, "%c%.*s", c, (int) colons, "::");
        }
        for (size_t i = 0; i < ELEMENTSOF(options); i++)
                if (options[i].name)
                        long_options[n++] = (struct option){
                                .name = options[i].name,
                                .has_arg = !options[i].argument ? no_argument :
                                           *options[i].argument == '[' ? optional_argument : required_argument,
                                .val = LONG_OPTION + (int) i,
                        };
        return getopt_long(argc, argv, letters, long_options, NULL);
}

/* What getopt_long(3) rejects: `c` is ':' for an argument that is missing, else '?'. */
static int refuse_option(const Options *o, int c, char *argv[]) {
        const char *last = argv[optind - 1];

        if (optopt >= LONG_OPTION && c == ':')
                return refuse(o, "option '%s' requires an argument", last);
        if (optopt >= LONG_OPTION)
                return refuse(o, "option '--%s' doesn't allow an argument", options[optopt - LONG_OPTION].name);
        if (optopt > 0 && c == ':')
                return refuse(o, "option '-%c' requires an argument", optopt);
        if (optopt > 0)
                return refuse(o, "unrecognized option '-%c': see stalelibctl --help", optopt);
        return refuse(o, "unrecognized option '%.*s': see stalelibctl --help", (int) strcspn(last, "="), last);
}

/* Reads the properties of standard output once. See https://no-color.org for NO_COLOR. */
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
 * Finds the command, which may come after options. The meaning of letters depends on it,
 * so a command line is one of check only if check is the command when read as such.
 * Sets o->command, to COMMAND_MAX if it is unknown. Returns 0 or -ENOMEM.
 */
static int find_command(int argc, char *argv[], Options *o) {
        _cleanup_free_ char **copy = calloc((size_t) argc + 1, sizeof(*copy)); /* getopt_long(3) permutes it */
        const char *word = NULL;

        if (!copy)
                return -ENOMEM;
        for (int check = 1; check >= 0; check--) {
                memcpy(copy, argv, (size_t) argc * sizeof(*copy));
                while (next_option(argc, copy, check) >= 0)
                        ;
                word = copy[optind < argc ? optind : argc];
                optind = 0; /* start again, getopt(3) */
                if (word && streq(word, commands[COMMAND_CHECK].name))
                        break;
        }
        o->command = word ? 0 : COMMAND_LIST;
        while (word && o->command < COMMAND_MAX && !streq(commands[o->command].name, word))
                o->command++;
        return 0;
}

static int parse_options(int argc, char *argv[], Options *o) {
        bool check = o->command == COMMAND_CHECK;
        int c;

        while ((c = next_option(argc, argv, check)) >= 0) {
                const Option *option = c >= LONG_OPTION ? &options[c - LONG_OPTION] : find_letter(check, c);
                int r;

                if (!option)
                        return refuse_option(o, c, argv);
                if (o->command < COMMAND_MAX && !(option->commands & UINT32_C(1) << o->command))
                        return refuse(o, "%s does not take -%s%s: see stalelibctl --help", commands[o->command].name,
                                      option->name ? "-" : "", option->name ?: (char[]){ option->letter, '\0' });
                r = option->set(o, option, optarg);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* words: the command and its arguments, or nothing. */
static int take_arguments(int n_words, char *words[], Options *o) {
        int n = n_words > 0 ? n_words - 1 : 0;

        if (o->command == COMMAND_MAX)
                return refuse(o, "Unknown command '%s': see stalelibctl --help", words[0]);
        if (n < commands[o->command].minimum)
                return refuse(o, "%s needs an argument: see stalelibctl --help", commands[o->command].name);
        if (n > commands[o->command].maximum)
                return refuse(o, "%s takes no further argument: see stalelibctl --help", commands[o->command].name);
        o->arguments = words + (n_words > 0);
        return 0;
}

int options_parse(int argc, char *argv[], Options *o) {
        int r;

        opterr = 0;
        *o = (Options){ .lines = 20, .warning = 1 };
        r = find_command(argc, argv, o);
        if (r < 0)
                return r;
        o->timeout_usec = o->command == COMMAND_WAIT ? 90 * USEC_PER_SEC : TIMESPAN_INFINITY;
        r = parse_options(argc, argv, o);
        if (r >= 0)
                r = take_arguments(argc - optind, argv + optind, o);
        if (r >= 0)
                read_terminal(o);
        return r;
}
