/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report/vocabulary.h"
#include "util/base.h"

const char *vocabulary_word(const Vocabulary *v, size_t i) {
        return i < v->n ? v->words[i] : "unknown";
}

int vocabulary_find(const Vocabulary *v, const char *s) {
        for (size_t i = 0; s && i < v->n; i++)
                if (streq(v->words[i], s))
                        return (int) i;
        return -EINVAL;
}

#define DEFINE_VOCABULARY(name, ...)                                      \
        static const char *const name##_words[] = { __VA_ARGS__ };        \
        const Vocabulary name##_vocabulary = { name##_words, ELEMENTSOF(name##_words) };

#define DEFINE_WORDS(name, Type, max, ...)                                \
        DEFINE_VOCABULARY(name, __VA_ARGS__)                              \
        _Static_assert(ELEMENTSOF(name##_words) == (max), #name);         \
        const char *name##_to_string(Type value) {                        \
                return vocabulary_word(&name##_vocabulary, (size_t) value); \
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

DEFINE_WORDS(unknown_reason, UnknownReason, UNKNOWN_REASON_MAX,
             "permission", "remote", "name", "race", "hung", "root", "kernel", "content", "other")

DEFINE_WORDS(removal, Removal, REMOVAL_MAX, "exited", "unmapped", "current-again")

#define DEFINE_BITS(name, Type, all, ...)                                 \
        DEFINE_VOCABULARY(name, __VA_ARGS__)                              \
        _Static_assert((1 << ELEMENTSOF(name##_words)) - 1 == (all), #name); \
        const char *name##_to_string(Type bit) {                          \
                bool single = __builtin_popcount((unsigned) bit) == 1;    \
                return vocabulary_word(&name##_vocabulary, single ? (size_t) __builtin_ctz((unsigned) bit) : SIZE_MAX); \
        }

DEFINE_BITS(runtime, Runtime, RUNTIME_ALL, "go", "cpython", "jvm", "node", "nginx", "perl", "ruby", "postgresql",
            "rust", "libc")
DEFINE_BITS(flag, Flag, FLAG_ALL, "same-content", "both-generations", "crash-risk", "file-bind-mount", "unconfirmed")
