/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * stalelibd.conf(5): filled once, passed on as const. Lines that are not understood
 * are warned about and left out; no configuration keeps the daemon from starting.
 */

#include "strv.h"

typedef struct Config {
        uint64_t sweep_interval_usec; /* TIMESPAN_INFINITY: only when something changes or asks */
        uint64_t settle_usec;
        uint64_t scanner_timeout_usec;
        bool watch;
        bool remote_file_systems;
        char **ignore_paths, **ignore_exes, **ignore_units; /* globs */
        char *metrics_file; /* absolute, or NULL */
} Config;

/* Sets the defaults. The struct must not hold anything yet. */
void config_init(Config *c);
void config_done(Config *c);

/* Told of each bad line. `text` is one sentence without a full stop. */
typedef void (*ConfigWarn)(void *userdata, const char *file, unsigned line, const char *text);

/* Adds the settings of one file to c. Pure: `text` is read, `file` only named. Returns 0 or -ENOMEM. */
int config_parse(Config *c, const char *file, const char *text, ConfigWarn warn, void *userdata);

/*
 * Reads the file and its drop-ins, or with `path` that one file and nothing else.
 * Warnings go to the log. Returns 0, -ENOMEM, or -errno where `path` cannot be read.
 */
int config_load(const char *path, Config *ret);

/* Writes all the files as they are read to standard output. Returns 0 or -errno. */
int config_cat(const char *path);
