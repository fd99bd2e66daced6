/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Text that others control (paths, process names), made safe to show: control
 * characters, the Unicode characters that reorder or hide text, and bytes that are
 * not UTF-8 become \xHH, a backslash becomes \\. Nothing else changes, so that the
 * bytes can be had back. Applied once, at the edge: JSON, journal, bus, terminal.
 */

#include <stddef.h>

/* Takes any bytes. Returns a new string that the caller frees, or NULL on lack of memory. */
char *escape_bytes(const char *bytes, size_t length);

/* The same for a string; NULL gives NULL. */
char *escape(const char *s);

/*
 * The bytes behind an escaped text, in place. Returns their number (NUL bytes may
 * be among them; the text is terminated as well), or -EINVAL where an escape is broken.
 */
long unescape(char *s);
