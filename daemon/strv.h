/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Lists of strings, ended by NULL. NULL is the empty list. */

#include "util/base.h"

char **strv_free(char **l);
DEFINE_CLEANUP(char **, strv_free)
size_t strv_length(char *const *l);
/* Adds a copy of s. Returns 0 or -ENOMEM. */
int strv_add(char ***l, const char *s);
/* Returns 0 or -ENOMEM. */
int strv_copy(char *const *l, char ***ret);
