/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A finding as one line of JSON: what scanner and daemon send each other, and what the state file has. */

#include "report/finding.h"

/* One finding as it goes into a piece. Returns 0, -ENOMEM, or -E2BIG where it is longer than a front would take. */
int finding_to_text(const Finding *f, char **ret);
/* The length of that text, however long, without making it. Returns 0 or -ENOMEM. */
int finding_text_length(const Finding *f, size_t *ret);
/* Back, with all that report_json_parse_finding() checks. Returns 0, -ENOMEM or -EBADMSG. */
int finding_from_text(const char *text, size_t length, Finding *ret);
