/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A keyed hash (SipHash-1-3: J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast
 * short-input PRF") for tables whose keys others choose: without the key, no process can
 * make them collide.
 */

#include <stddef.h>
#include <stdint.h>

typedef struct HashKey {
        uint64_t k0, k1;
} HashKey;

/* A key of this process's own, random where the kernel gives random bytes at once. */
HashKey hash_key_new(void);

uint64_t hash_bytes(const HashKey *key, const void *bytes, size_t n);
