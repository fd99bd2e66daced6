/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The whole story of one finding, in sentences with the evidence behind each. */

#include "options.h"
#include "report/finding.h"

/* Writes it to standard output. Returns 0 or -ENOMEM. */
int explanation_show(const Options *o, const Finding *f);
