/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Would dlclose(3) unload this library? Answered from the file, before it is shipped, with
 * the evidence; see elf-file.h for how hostile files are read.
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
        Unload verdict;     /* what this obstacle alone leads to (YES: a note) */
        PinReason reason;   /* the pin that it will be */
        char *detail;       /* owned, escaped; the evidence, a clause */
        const char *remedy; /* static; what its author can do, or NULL */
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
void unload_check_done(UnloadCheck *c);

/*
 * fd: the file, borrowed. directory_fd: where its dependencies are searched first (the
 * file's own directory), borrowed, or -EBADF; then its DT_RUNPATH, then the system's library
 * directories. $ORIGIN, $LIB and $PLATFORM are expanded.
 * Returns 0; -ENOEXEC: not ELF; -EBADMSG: broken; -EMEDIUMTYPE: ELF, but not a shared
 * library; -errno; -ENOMEM. The caller ends *ret with unload_check_done().
 */
int unload_check_file(int fd, int directory_fd, UnloadCheck *ret);
