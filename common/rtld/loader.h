/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a process's auxiliary vector (getauxval(3)) and its loader's list say. All of it
 * lies in memory that the process can write.
 */

#include "proc/process.h"
#include "rtld/link-map.h"

#define AUXV_MAX 4096 /* bytes; some twenty pairs of words are in use */

typedef struct Loader {
        char *auxv;          /* owned */
        size_t auxv_size;
        uint8_t class;       /* 32 or 64; 0: not known, and with it nothing else */
        uint64_t phdr;       /* AT_PHDR */
        uint64_t base;       /* AT_BASE: where the interpreter is; 0: there is none */
        uint64_t vdso;       /* AT_SYSINFO_EHDR; 0: there is none */
        char *execfn;        /* owned; AT_EXECFN: the name that execve(2) was given; NULL: not known */
        int memory_fd;       /* owned; /proc/PID/mem */
        Memory *memory;      /* borrowed; NULL: may not be read */
        LinkMapList list;
        bool list_read;
} Loader;

/* Embeds an owned descriptor: initialise with LOADER_NULL before loader_done() may see it. */
#define LOADER_NULL ((Loader){ .memory_fd = -EBADF })
void loader_done(Loader *l);

/*
 * Reads. memory: to be attached to the process, borrowed until loader_done(). What cannot be read stays unknown. Returns 0
 * or -ENOMEM. *ret is to be ended by loader_done() in any case.
 */
int loader_read(const Process *p, Memory *memory, Loader *ret);

/* Reads the list from another address than that of DT_DEBUG. Returns 0 or -ENOMEM. */
int loader_read_list(Loader *l, uint64_t r_debug);
