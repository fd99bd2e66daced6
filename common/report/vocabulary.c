/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report/vocabulary.h"
#include "util/base.h"

/* The place of a word in a table, or -EINVAL. */
static int table_find(const char *const *table, size_t n, const char *s) {
        for (size_t i = 0; s && i < n; i++)
                if (streq(table[i], s))
                        return (int) i;
        return -EINVAL;
}

#define DEFINE_WORDS(name, Type, max, ...)                               \
        static const char *const name##_table[] = { __VA_ARGS__ };       \
        _Static_assert(ELEMENTSOF(name##_table) == (max), #name);        \
        const char *name##_to_string(Type value) {                       \
                if ((int) value < 0 || (int) value >= (int) (max))       \
                        return "unknown";                                \
                return name##_table[value];                              \
        }                                                                \
        Type name##_from_string(const char *s) {                         \
                return table_find(name##_table, max, s);                 \
        }

DEFINE_WORDS(state, State, STATE_MAX,
             "current", "replaced", "deleted", "modified", "superseded",
             "moved", "hidden", "unreachable", "ignored", "unknown")

DEFINE_WORDS(pin_reason, PinReason, PIN_REASON_MAX,
             "executable", "interpreter", "needed-at-startup", "ld-preload", "ld-audit",
             "nodelete", "rtld-nodelete", "gnu-unique", "startup-binding", "holder",
             "reldep", "tls-dtor", "gc-pending", "open-handles", "musl", "not-loader", "unknown")

DEFINE_WORDS(certainty, Certainty, CERTAINTY_MAX,
             "certain", "likely", "by-elimination")

DEFINE_WORDS(action, Action, ACTION_MAX,
             "none", "reload", "close-holder", "end-threads", "restart", "restart-now", "remount", "reboot")

DEFINE_WORDS(urgency, Urgency, URGENCY_MAX, "none", "normal", "urgent")

/* Words of a mask: the table's index is the bit's. */
#define DEFINE_BITS(name, Type, all, ...)                                \
        static const char *const name##_table[] = { __VA_ARGS__ };       \
        _Static_assert((1 << ELEMENTSOF(name##_table)) - 1 == (all), #name); \
        const char *name##_to_string(Type bit) {                         \
                for (size_t i = 0; i < ELEMENTSOF(name##_table); i++)    \
                        if ((unsigned) bit == 1u << i)                   \
                                return name##_table[i];                  \
                return "unknown";                                        \
        }                                                                \
        int name##_from_string(const char *s) {                          \
                int i = table_find(name##_table, ELEMENTSOF(name##_table), s); \
                return i < 0 ? i : 1 << i;                               \
        }

DEFINE_BITS(runtime, Runtime, RUNTIME_ALL, "go", "cpython", "jvm", "node", "nginx", "perl", "ruby", "postgresql",
            "rust", "libc")
DEFINE_BITS(flag, Flag, FLAG_ALL, "same-content", "both-generations", "crash-risk", "file-bind-mount", "unconfirmed")
