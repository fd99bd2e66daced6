/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The memory of another process, read-only, through /proc/PID/mem (proc_pid_mem(5)):
 * no stop, no ptrace attach, and never process_vm_readv(2), which cannot be killed
 * while a page fault of the target hangs. A small cache of pages makes the loader's
 * list, whose entries lie beside each other, cheap to walk. Tests put recorded
 * memory in the file's place.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/base.h"

/* One Memory reads no more of its process: what leads in circles must end, and no honest list needs as much. */
#define MEMORY_BYTES_MAX (UINT64_C(128) << 20)

typedef struct Memory Memory;

/* Reads up to n bytes at address; returns how many, or -errno. 0 and short counts mean: not mapped behind there. */
typedef ssize_t (*MemoryReader)(void *userdata, uint64_t address, void *buffer, size_t n);

/* fd: an open /proc/PID/mem, borrowed. Returns NULL on lack of memory. */
Memory *memory_new(int fd);
/* Goes over to another descriptor, also borrowed, and forgets what was cached: spares the pages a new birth. */
void memory_attach(Memory *m, int fd);
/*
 * Asked before each page is read: a page of a file may be one that a server has to fetch. NULL: all may be read.
 * Stays until the next call.
 */
typedef bool (*MemoryGuard)(void *userdata, uint64_t address);
void memory_guard(Memory *m, MemoryGuard guard, void *userdata);
/* The same over a reader of one's own. */
Memory *memory_new_reader(MemoryReader reader, void *userdata);
Memory *memory_free(Memory *m);
DEFINE_CLEANUP(Memory *, memory_free)

/*
 * All n bytes, or -EIO (not mapped), -EFAULT (no such address), -EFBIG (MEMORY_BYTES_MAX),
 * -EREMOTE (the guard does not let it be read), -errno. Served from the cache where it can be.
 */
int memory_read(Memory *m, uint64_t address, void *buffer, size_t n);
/* One word of `size` (1, 2, 4, 8) bytes in the host's byte order. */
int memory_read_word(Memory *m, uint64_t address, size_t size, uint64_t *ret);
/*
 * A string of at most max bytes with its NUL. Returns 0; -ENAMETOOLONG: no end within
 * max; -ENOMEM; as above. The caller frees *ret.
 */
int memory_read_string(Memory *m, uint64_t address, size_t max, char **ret);
/* Forgets what was cached: what is read next is read anew. */
void memory_forget(Memory *m);
/* The same for these n bytes, n > 0, and what lies on their pages. */
void memory_forget_at(Memory *m, uint64_t address, size_t n);

/* --- is the memory of another process the same? --- */

#define MEMORY_PAGE_WORDS 4

typedef struct MemoryPage {
        uint64_t number; /* address / 4096 */
        uint64_t blocks[MEMORY_PAGE_WORDS]; /* which 16 bytes of it were read, a bit each; none: it could not be read */
        uint64_t sum;    /* of these */
} MemoryPage;

/* What was read of one process. */
typedef struct MemoryTrace {
        MemoryPage *pages; /* owned; ascending */
        size_t n_pages, allocated;
} MemoryTrace;

void memory_trace_done(MemoryTrace *t);
/* What was read since the last memory_attach(). Returns 1; 0: nothing was, or more than is worth keeping; -ENOMEM. */
int memory_take_trace(Memory *m, MemoryTrace *ret);
/*
 * Does this memory hold the same bytes in the same places? The sums are not collision-resistant: compare only
 * processes of one user.
 */
bool memory_matches(Memory *m, const MemoryTrace *t);
