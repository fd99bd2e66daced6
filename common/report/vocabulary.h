/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The vocabulary: every word that a report, the bus or the journal may show.
 * stalelibctl(1) and stalelib-journal(7) define each for people.
 *
 * x_to_string() gives the word of a value, a static string: "unknown" for what is
 * out of range, never NULL.
 */

#include <stddef.h>
#include <stdint.h>

/* What a mapped file is, compared with what is on disk now. */
typedef enum State {
        STATE_CURRENT,     /* what is mapped is what is on disk */
        STATE_REPLACED,    /* another file has the path now */
        STATE_DELETED,     /* no file has the path any more */
        STATE_MODIFIED,    /* the same file, written to since it was mapped */
        STATE_SUPERSEDED,  /* untouched, but the name it was opened by leads elsewhere now */
        STATE_MOVED,       /* untouched, but the name it was opened by leads nowhere now */
        STATE_HIDDEN,      /* something is mounted over it */
        STATE_UNREACHABLE, /* its file system is detached */
        STATE_IGNORED,     /* not a library, or a private one that is gone by intent */
        STATE_UNKNOWN,     /* could not be examined */
        STATE_MAX,
        STATE_INVALID = -22,
} State;

/* Why the loader keeps a file mapped. */
typedef enum PinReason {
        PIN_EXECUTABLE,
        PIN_INTERPRETER,
        PIN_NEEDED_AT_STARTUP,
        PIN_LD_PRELOAD,
        PIN_LD_AUDIT,
        PIN_NODELETE,
        PIN_RTLD_NODELETE,
        PIN_GNU_UNIQUE,
        PIN_STARTUP_BINDING,
        PIN_HOLDER,
        PIN_RELDEP,
        PIN_TLS_DTOR,
        PIN_GC_PENDING,
        PIN_OPEN_HANDLES,
        PIN_MUSL,
        PIN_NOT_LOADER,
        PIN_UNKNOWN,
        PIN_REASON_MAX,
        PIN_REASON_INVALID = -22,
} PinReason;

typedef enum Certainty {
        CERTAINTY_CERTAIN,        /* proven */
        CERTAINTY_LIKELY,         /* the public evidence says so; the loader's own fields could not be read */
        CERTAINTY_BY_ELIMINATION, /* nothing else is left */
        CERTAINTY_MAX,
        CERTAINTY_INVALID = -22,
} Certainty;

/* A language runtime or program with unloading rules of its own. Bits of a mask, of a file in a process. */
typedef enum Runtime {
        RUNTIME_GO = 1 << 0,         /* a Go runtime is linked into the file */
        RUNTIME_CPYTHON = 1 << 1,    /* these have opened it, or what holds it */
        RUNTIME_JVM = 1 << 2,
        RUNTIME_NODE = 1 << 3,
        RUNTIME_NGINX = 1 << 4,      /* or it is nginx itself */
        RUNTIME_PERL = 1 << 5,
        RUNTIME_RUBY = 1 << 6,
        RUNTIME_POSTGRESQL = 1 << 7,
        RUNTIME_RUST = 1 << 8,       /* rustc compiled a part of the file */
        RUNTIME_LIBC = 1 << 9,       /* glibc itself has opened it: name service, backtrace(3), iconv(3) */
        RUNTIME_ALL = (1 << 10) - 1,
} Runtime;

typedef enum Flag {
        FLAG_SAME_CONTENT = 1 << 0,     /* equal build-id or bytes: a reinstall */
        FLAG_BOTH_GENERATIONS = 1 << 1, /* what took its place is mapped in this process as well */
        FLAG_CRASH_RISK = 1 << 2,       /* modified in place: the next call into it may crash */
        FLAG_FILE_BIND_MOUNT = 1 << 3,  /* the path is a bind mount of an unlinked file */
        FLAG_UNCONFIRMED = 1 << 4,      /* was stale when last judged, cannot be judged now */
        FLAG_ALL = (1 << 5) - 1,
} Flag;

/* How much a finding matters. Exit statuses, counts and alerts concern all but URGENCY_NONE. */
typedef enum Urgency {
        URGENCY_NONE,   /* what runs is what would be loaded: FLAG_SAME_CONTENT */
        URGENCY_NORMAL,
        URGENCY_URGENT, /* FLAG_CRASH_RISK, which wins over FLAG_SAME_CONTENT */
        URGENCY_MAX,
        URGENCY_INVALID = -22,
} Urgency;

/* What would end the finding. */
typedef enum Action {
        ACTION_NONE,
        ACTION_RELOAD,
        ACTION_CLOSE_HOLDER,
        ACTION_END_THREADS,
        ACTION_RESTART,
        ACTION_RESTART_NOW,
        ACTION_REMOUNT,
        ACTION_REBOOT,
        ACTION_MAX,
        ACTION_INVALID = -22,
} Action;

/* Why a mapping could not be judged, as counted in the report. */
typedef enum UnknownReason {
        UNKNOWN_PERMISSION, /* EPERM, EACCES */
        UNKNOWN_REMOTE,     /* on a network or userspace file system, which is not touched */
        UNKNOWN_NAME,       /* the name is longer than the kernel gives */
        UNKNOWN_RACE,       /* changed while it was read, repeatedly */
        UNKNOWN_HUNG,       /* an earlier read of this process or device did not return */
        UNKNOWN_ROOT,       /* its path lies outside of the process's root, and no process that sees it could be used */
        UNKNOWN_KERNEL,     /* the kernel lacks, or a filter denies, a system call that is needed: openat2(2) */
        UNKNOWN_CONTENT,    /* memory or file could not be read: whether it was written to while mapped is not known */
        UNKNOWN_OTHER,
        UNKNOWN_REASON_MAX,
} UnknownReason;

/* How a finding went. */
typedef enum Removal {
        REMOVAL_EXITED,        /* the process is gone */
        REMOVAL_UNMAPPED,      /* the process lives and does not map the file any more */
        REMOVAL_CURRENT_AGAIN, /* still mapped, and what is on disk is the same again */
        REMOVAL_MAX,
        REMOVAL_INVALID = -22,
} Removal;

/* The words of an enum in its order; those of a mask in the order of its bits. */
typedef struct Vocabulary {
        const char *const *words;
        size_t n;
} Vocabulary;

extern const Vocabulary state_vocabulary, pin_reason_vocabulary, certainty_vocabulary, action_vocabulary,
        urgency_vocabulary, runtime_vocabulary, flag_vocabulary, unknown_reason_vocabulary, removal_vocabulary;

/* The word with this number, a static string; "unknown" where it is out of range. */
const char *vocabulary_word(const Vocabulary *v, size_t i);
/* The number of a word, or -EINVAL where it is none of the vocabulary (or NULL). */
int vocabulary_find(const Vocabulary *v, const char *s);

const char *state_to_string(State state);
const char *pin_reason_to_string(PinReason reason);
const char *certainty_to_string(Certainty certainty);
const char *action_to_string(Action action);
const char *urgency_to_string(Urgency urgency);
const char *unknown_reason_to_string(UnknownReason reason);
const char *removal_to_string(Removal removal);

/* The bit must be a single one of the enum. */
const char *runtime_to_string(Runtime bit);
const char *flag_to_string(Flag bit);
