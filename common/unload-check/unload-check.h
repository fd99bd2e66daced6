/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Would this library unload? Asked of a file, before it is shipped. Each answer
 * comes with its evidence; see elf-file.h for how hostile files are read.
 */

#include "elf/elf-file.h"

typedef enum Unload {
        UNLOAD_YES,    /* nothing in the file keeps it */
        UNLOAD_MAYBE,  /* depends on the host program or its threads: see the obstacles */
        UNLOAD_NO,
        UNLOAD_MAX,
        UNLOAD_INVALID = -22,
} Unload;

typedef struct Obstacle {
        Unload verdict;     /* what this one alone leads to: MAYBE or NO (YES: a note, no obstacle) */
        PinReason reason;   /* the pin that it will be */
        char *detail;       /* owned, escaped; the evidence, a clause */
        char *remedy;       /* owned, escaped; what its author can do, or NULL */
} Obstacle;

typedef struct UnloadCheck {
        Unload verdict;
        uint32_t runtimes;
        uint8_t build_id_length;
        uint8_t build_id[BUILD_ID_MAX];
        char *soname;       /* raw, or NULL */
        char **needed;      /* raw, NULL-terminated */
        Obstacle *obstacles;
        size_t n_obstacles;
} UnloadCheck;

const char *unload_to_string(Unload unload);
void unload_check_done(UnloadCheck *i);

/*
 * fd: the file, borrowed. directory_fd: where to look for what it needs first (the
 * file's own directory), or -EBADF; then its runpath, then the system's library
 * directories for its class. $ORIGIN, $LIB and $PLATFORM are expanded. Returns 0; -ENOEXEC: not ELF; -EBADMSG: broken;
 * -EMEDIUMTYPE: ELF, but no shared library; -errno; -ENOMEM.
 */
int unload_check_file(int fd, int directory_fd, UnloadCheck *ret);
