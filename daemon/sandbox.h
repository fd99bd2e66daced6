/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the scanner may do once it has started, whatever it comes to read: nothing
 * but look. In addition to what systemd takes away from it, and also where it is
 * started by hand.
 */

#include "util/base.h"

/*
 * Drops all capabilities but the three (of those that there are), forbids new
 * privileges, files to grow and core dumps, and admits only the system calls of an
 * allow-list: no execve(2), no socket(2), no write(2) but to standard error.
 * All others fail with EPERM. There is no way back. Returns 0 or -errno.
 */
int sandbox_enter(void);
