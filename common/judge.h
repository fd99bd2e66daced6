/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The verdict on one mapping of a process under examination: observes what
 * verdict.h judges by.
 */

#include "examine.h"

/* Judges. Returns 0 or -ENOMEM. Sets x->look_again where a race is suspected. */
int judge_mapping(Examination *x, size_t mapping);

/* Reads the identity of the mapped file (through map_files), if that is not known yet. false: could not be read. */
bool judge_identify(Examination *x, size_t mapping);
