/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What explanations and content comparison need of the loader: the ELF facts of all that it lists, and its private fields. */

#include "judge/examination.h"

/* Reads the ELF facts of all that the loader has, and the private part of its list: what explanations need. Returns 0 or -ENOMEM. */
int loader_facts_read(Examination *x);
