/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Why a file stays mapped. Pure, from facts to reasons.
 *
 * glibc unloads an object only inside some dlclose(), and only if it was dlopen()ed, its
 * l_direct_opencount is 0, it is not NODELETE, none of its thread_local destructors is
 * pending, and nothing that stays reaches it through l_initfini or l_reldeps
 * (elf/dl-close.c, _dl_close_worker()). Each reason is one of these terms. musl never
 * unloads (ldso/dynlink.c).
 */

#include "explain/pin-graph.h"
#include "report/finding.h"

/*
 * The reasons for objects[index] of the graph's context, strongest first, at least one, without
 * those that make no difference (an open handle on what is never unloaded). *ret_runtimes:
 * the runtimes (mask) that opened it, or its holder.
 * Returns 0 or -ENOMEM. The caller ends each pin with pin_done() and frees the array.
 */
int pins_explain(const PinGraph *g, size_t index, Pin **ret_pins, size_t *ret_n, uint32_t *ret_runtimes);
