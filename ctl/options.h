/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the command line asked for: filled once by main(), passed on as const. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/base.h"

typedef enum JsonMode {
        JSON_OFF,
        JSON_SHORT,  /* one line */
        JSON_PRETTY,
} JsonMode;

/* Bits of a mask: the options that not every command takes. */
typedef enum OptionBit {
        OPTION_BIT_PID = 1 << 0,
        OPTION_BIT_UNIT = 1 << 1,
        OPTION_BIT_CHECK = 1 << 2,
        OPTION_BIT_ALLOW_UNKNOWN = 1 << 3,
        OPTION_BIT_ALL = 1 << 4,
        OPTION_BIT_UNKNOWN = 1 << 5,
        OPTION_BIT_WATCH = 1 << 6,
        OPTION_BIT_TIMEOUT = 1 << 7,
        OPTION_BIT_LINES = 1 << 8,
        OPTION_BIT_DIRECTORY = 1 << 9,
        OPTION_BIT_WARNING = 1 << 10,
        OPTION_BIT_CRITICAL = 1 << 11,
        OPTION_BIT_JSON = 1 << 12,
        OPTION_BIT_SELECTION = OPTION_BIT_PID | OPTION_BIT_UNIT,
} OptionBit;

typedef struct Options {
        JsonMode json;
        bool no_pager, no_legend, quiet, full, check;
        bool all;              /* findings of urgency none as well */
        bool unknown;          /* what could not be judged, instead of findings */
        bool allow_unknown;    /* that has no part in the exit status */
        uint32_t given;        /* mask of OptionBit */
        bool nagios;           /* the command is check: letters, errors and statuses are those of a monitoring plugin */

        pid_t *pids;           /* --pid= */
        size_t n_pids, allocated_pids;
        char **units;          /* --unit=, with a suffix; NULL-terminated, or NULL */
        size_t n_units, allocated_units;

        uint64_t timeout_usec; /* UINT64_MAX: for ever */
        bool timeout_set;
        uint64_t watch_usec;   /* 0: once */
        uint64_t lines;        /* 0: all */
        const char *directory; /* of a journal, or NULL: this host's */
        uint64_t warning, critical; /* stale processes; 0: none */

        /* The terminal that standard output is; not a terminal: no colour, and nothing is cut. */
        bool terminal, colour, utf8;
        unsigned width;        /* columns; 0: no end */
} Options;

void options_done(Options *o);

/*
 * Reads the command line and the environment (NO_COLOR, COLUMNS, TERM) into o, which is
 * zeroed before, and is for options_done() also where this fails. Returns the index of the
 * command in argv (argc: none given); -EINVAL after having said what is wrong; -ENOMEM.
 * -ECANCELED: --help or --version was all there was to do.
 */
int options_parse(int argc, char *argv[], Options *o);

/* Says that the command line is wrong: in one line on standard error, or as a plugin does on standard output. Returns -EINVAL. */
int options_refuse(const Options *o, const char *format, ...) _printf_(2, 3);

/* Refuses an option that was given and is not among `taken`, a mask of OptionBit. Returns 0 or -EINVAL. */
int options_refuse_unused(const Options *o, const char *command, uint32_t taken);

/* Were processes selected, by --pid= or --unit=? */
static inline bool options_select(const Options *o) {
        return o->n_pids > 0 || o->n_units > 0;
}

/* Does one of the --unit= patterns (glob(7)) fit this unit? NULL fits none. Without --unit=, all fit. */
bool options_unit(const Options *o, const char *unit);
bool options_pid(const Options *o, pid_t pid);
