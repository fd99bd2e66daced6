/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Which files make up the configuration, in systemd's way: the first stalelibd.conf
 * of /etc, /run, /usr/local/lib, /usr/lib, then the drop-ins of all of these by the
 * order of their names. Of two with one name the earlier directory's counts, and a
 * link to /dev/null masks it.
 */

#include "strv.h"

/* `path`: only this one. Returns 0 (*ret: what exists, may be NULL) or -ENOMEM. */
int config_files_list(const char *path, char ***ret);

/* The text of one, at most 1 MiB. Returns 0, -ENOMEM, -EFBIG, -EBADMSG where it holds a NUL, -errno. */
int config_file_read(const char *path, char **ret);
