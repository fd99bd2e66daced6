/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The user a process is charged to, so that the processes of one user cannot spoil the results of
 * others. Nothing that is read here takes a lock that the
 * process can hold.
 */

#include "proc/process.h"

/*
 * 0: root's, or not known. Below PROCESS_OWNER_NAMESPACE: the user who started it, or who made
 * the user namespace that it is in: however many users there are in that, all are his.
 * From PROCESS_OWNER_NAMESPACE on: of a user namespace that root made (a container with users
 * of its own), whose inode number is added.
 */
#define PROCESS_OWNER_NAMESPACE (UINT64_C(1) << 32)

/* The real user, by the text of proc_pid_status(5). Returns 0 or -EBADMSG. Pure. */
int process_owner_parse_status(const char *text, uint64_t *ret);

/* proc_fd: an open /proc. Returns 0, -ENOMEM, -errno. */
int process_owner_read(int proc_fd, const Process *p, uint64_t *ret);
