/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What could not be judged: of which process, which file, and why. */

#include "inventory.h"
#include "options.h"

/* As a table with sums, not as JSON. Returns 0 or -ENOMEM. */
int unknown_show(const Options *o, const Inventory *a);

/* What a reason means, a clause without a final full stop. Static. */
const char *unknown_reason_describe(UnknownReason reason);
