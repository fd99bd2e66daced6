/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The frame of every fuzz target: one function that takes bytes and must survive
 * them. libFuzzer calls it with -Dfuzz=true; otherwise fuzz-main.c calls it with
 * the files of the corpus, so that whatever was found once stays a test.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a target claims of every input. Unlike assert(3), never compiled out. */
#define FUZZ_CHECK(condition)                                                       \
        do                                                                          \
                if (!(condition)) {                                                 \
                        fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
                        abort();                                                    \
                }                                                                   \
        while (0)
