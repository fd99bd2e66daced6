/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Processes: the list of all, and one of them, held by a descriptor of its
 * /proc directory, so that a pid used again can never be mistaken for it: once the
 * process is gone, every openat() below the descriptor fails with ESRCH.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "report/finding.h"
#include "util/base.h"

typedef struct ProcessList {
        pid_t *pids; /* ascending */
        size_t n_pids;
        size_t allocated;
} ProcessList;

void process_list_done(ProcessList *l);

/* All processes, kernel threads and zombies among them. proc_fd: an open /proc. Returns 0, -ENOMEM, or -errno where it cannot be read. */
int process_list_read(int proc_fd, ProcessList *ret);

#define PROCESS_COMM_SIZE 16 /* as the kernel's TASK_COMM_LEN */

typedef struct Process {
        pid_t pid;
        int fd;              /* owned; its /proc directory, O_PATH. Where its first thread has exited and others run on, that of one of these */
        int maps_fd;         /* owned; its open maps, for PROCMAP_QUERY (maps.h); -EBADF: not opened yet */
        uint64_t start_time; /* clock ticks since boot, field 22 of proc_pid_stat(5) */
        char comm[PROCESS_COMM_SIZE]; /* field 2, raw bytes; "" until it is identified */
        uint64_t thread_start_time; /* the same of the thread that `fd` is of */
        pid_t parent;        /* 0: outside of this pid namespace, or none */
        uint64_t start_code, start_stack; /* addresses, fields 26 and 28; 1 and 0 where they may not be seen */
        uint64_t owner;      /* see process-owner.h; 0 where it was not read */
        bool has_memory;     /* false: a kernel thread, a zombie without threads, or exiting */
} Process;

/* Embeds owned descriptors: initialise with PROCESS_NULL before process_done() may see it. */
#define PROCESS_NULL ((Process){ .fd = -EBADF, .maps_fd = -EBADF })
void process_done(Process *p);

/* proc_fd: an open /proc. Returns 0, -ESRCH where it is gone, -EBADMSG, -errno. */
int process_open(int proc_fd, pid_t pid, Process *ret);

/*
 * Opens its directory and nothing else: start_time and the rest are not known then (0, false) until
 * process_identify() has read them. Returns as process_open().
 */
int process_open_directory(int proc_fd, pid_t pid, Process *ret);

/* Opens its maps: of the memory that it has now. The caller closes it. Returns a descriptor, -ESRCH, -EACCES, -errno. */
int process_open_maps(const Process *p);
int process_identify(int proc_fd, Process *p); /* once: what is known stays */

/* Is it alive, and still the same? Otherwise what was read before must be discarded. */
bool process_alive(const Process *p);

/*
 * Reads a file of its directory whole, up to `max` bytes (the rest is left out).
 * The text is terminated by a NUL that is not counted. The caller frees *ret.
 * Returns 0, -ENOMEM, -errno.
 */
int process_read_file(const Process *p, const char *name, size_t max, char **ret, size_t *ret_size);

/* Reads a link of its directory (exe, root, map_files/…), raw. Returns 0, -ENAMETOOLONG, -ENOMEM, -errno. */
int process_read_link(const Process *p, const char *name, char **ret);

/* The unit and container of a control group: read once for processes of the same group that follow each other. */
typedef struct ProcessGroup {
        char *cgroup; /* owned; the text of proc_pid_cgroup(5); NULL: none was read yet */
        char *unit, *user_unit, *container; /* owned, or NULL */
} ProcessGroup;

void process_group_done(ProcessGroup *g);

/*
 * Fills in comm, uid, unit, user_unit and container of a finding. Of the first process of a group
 * it costs more than a whole process's sweep: for findings only. p: identified. group: of the process that was described
 * before, or zeroed; becomes that of this one. Returns 0, -ESRCH, -ENOMEM.
 */
int process_describe(const Process *p, ProcessGroup *group, Finding *f);

/*
 * The container that a control group (the text of proc_pid_cgroup(5)) belongs to:
 * "docker:0123456789ab", "podman:…", "lxc:NAME", "k8s:…", or NULL. Stops at what a
 * user can name himself. The caller frees. Pure.
 */
char *process_container_from_cgroup(const char *text);
