/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the command line asked for: filled once by main(), passed on as const. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef enum JsonMode {
        JSON_OFF,
        JSON_SHORT,  /* one line */
        JSON_PRETTY,
} JsonMode;

typedef struct Options {
        JsonMode json;
        bool no_pager, no_legend, quiet, full, check;

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
 * Reads the command line and the environment (NO_COLOR, COLUMNS, TERM). Returns the
 * index of the verb in argv (argc: none given); -EINVAL after having said what is
 * wrong; -ENOMEM. -ECANCELED: --help or --version was all there was to do.
 */
int options_parse(int argc, char *argv[], Options *ret);

/* Does one of the --unit= patterns (glob(7)) fit this unit? NULL fits none. Without --unit=, all fit. */
bool options_unit(const Options *o, const char *unit);
bool options_pid(const Options *o, pid_t pid);
