/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Bounds of what daemon and scanner send each other, and so of the lists that clients get. */

/* The kernel's own limit (PID_MAX_LIMIT, proc_sys_kernel(5)). */
#define PID_MAX 4194304

/*
 * Bounds of one answer. A list of all findings must still fit one message of the
 * system bus (32 MiB), where it is about twice as long as in JSON.
 */
#define FINDINGS_MAX 10000
#define FINDINGS_PROCESS_MAX 128
#define FINDING_TEXT_MAX (256 * 1024)
#define FINDINGS_TEXT_MAX (12 * 1024 * 1024)
/* Of the unknown mappings (UNKNOWN_LIST_MAX of them), names and paths as escape() has them; of one mapping; and of one piece. */
#define UNKNOWN_TEXT_MAX (4 * 1024 * 1024)
#define UNKNOWN_TEXT_ONE_MAX (32 * 1024)
#define UNKNOWN_PIECE_MAX 256
/* Of one piece: what the daemon reads in less than a millisecond. */
#define PIECE_MAX 32
#define PIECE_KEPT_MAX 512
#define PIECE_TEXT_MAX (256 * 1024)
