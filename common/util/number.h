/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Unsigned decimal numbers in text. Pure. */

#include <stdint.h>

/*
 * Reads the digits at *s, at least one, and moves *s behind them. Returns 0; -EINVAL where
 * there is no digit; -ERANGE for more than 64 bits hold. *s and *ret change on success only.
 */
int number_read(const char **s, uint64_t *ret);

/* Digits only, at most max. Returns 0 or -EINVAL. */
int number_parse(const char *s, uint64_t max, uint64_t *ret);
