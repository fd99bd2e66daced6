/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Parses, documents and refuses the options of all commands, from one table. */

#include "options.h"

/*
 * Parses the command line and the environment (NO_COLOR, COLUMNS, TERM) into o, which is
 * to be zeroed before, and released with options_done() also if this fails. Returns 0;
 * -EINVAL after printing what is wrong; -ECANCELED after printing --help or --version;
 * -ENOMEM.
 */
int options_parse(int argc, char *argv[], Options *o);

/* Parses the number of a process. Returns 0; -EINVAL after printing that it is invalid. */
int options_parse_pid(const Options *o, const char *s, pid_t *ret);
