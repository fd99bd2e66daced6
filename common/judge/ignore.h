/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Deleted but mapped files that are expected: memory that has a name,
 * the output of compilers at run time, and libraries that a program unpacked for
 * itself and removed as soon as they were loaded. A restart would bring them back as
 * they are. Pure; the administrator adds his own by globs.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct IgnoreRule {
        const char *name;    /* what it is, for documentation */
        const char *pattern; /* see ignore_rule_matches(); NULL: not by its name */
        const char *reason;  /* a sentence */
} IgnoreRule;

typedef struct IgnoreFacts {
        const char *path; /* raw, without the kernel's mark */
        bool removed;     /* STATE_DELETED, no bind mount, and the loader's name leads nowhere else */
        bool nlink_known;
        uint32_t nlink;
        bool elf_known;   /* the mapped file could be read */
        bool elf;         /* it is ELF */
} IgnoreFacts;

/* The rule by which it is ignored, first by kind and then by pattern; NULL: it is not. Static. */
const IgnoreRule *ignore_find(const IgnoreFacts *facts);

/* All rules, as stalelibd.conf(5) lists them. */
const IgnoreRule *ignore_rules(size_t *ret_n);

/*
 * '*' stands for any characters but a slash (at the end of a pattern: for any at all),
 * '#' for a number of at least three digits, '%' for hexadecimal digits, all else for
 * itself. A pattern that begins with a slash is matched against the whole path, any
 * other against as many last components as it has.
 */
bool ignore_rule_matches(const char *pattern, const char *path);

/* Does one of the globs (fnmatch(3), no FNM_PATHNAME, NULL-terminated, may be NULL) match? A NULL string matches none. */
bool ignore_globs_match(const char *const *globs, const char *s);
