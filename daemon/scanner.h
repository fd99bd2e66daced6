/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The scanner's side of the conversation: sweeps when the front asks, tells it when
 * a watched directory has changed, and never asks anything itself. Ends with the
 * connection. See message.h for the words.
 */

/* Takes over the connected socket. Returns 0 when the front has gone, or -errno. */
int scanner_run(int fd);
