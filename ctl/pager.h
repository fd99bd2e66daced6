/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A pager for long answers, on a terminal only. Never a shell. */

#include "options.h"

/*
 * Starts $SYSTEMD_PAGER, $PAGER or less behind standard output, unless that is no
 * terminal, or --no-pager, --quiet or a pager of "" or "cat" say no. Without one that
 * can be started the answer is shown as it is.
 */
void pager_open(const Options *o);

/* Ends the output and waits until the reader has quit the pager. Without a pager: nothing. */
void pager_close(void);
