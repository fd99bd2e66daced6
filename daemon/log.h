/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a program says about itself, a line at a time, on standard error: the journal
 * takes it from there, with the priority in front (sd-daemon(3)). What the daemon
 * tells of findings does not go this way: see journal.h.
 */

#include <syslog.h>

#include "util/base.h"

void log_line(int priority, const char *format, ...) _printf_(2, 3);

/* The same, with ": " and the text of the errno at its end. Returns -abs(error). */
int log_errno(int priority, int error, const char *format, ...) _printf_(3, 4);

/* Does standard error lead to the journal? */
bool log_is_journal(void);
