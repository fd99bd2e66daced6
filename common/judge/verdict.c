/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <string.h>

#include "judge/verdict.h"

#define MARK " (deleted)"

Lookup lookup_from_errno(int error) {
        switch (error) {
        case 0:
                return LOOKUP_FOUND;
        case ENOENT:
        case ENOTDIR:
                return LOOKUP_ABSENT;
        case ENAMETOOLONG:
                return LOOKUP_TOO_LONG;
        case EPERM:
        case EACCES:
                return LOOKUP_DENIED;
        case EREMOTE:
                return LOOKUP_REMOTE;
        case ENOSYS:
                return LOOKUP_UNSUPPORTED;
        default:
                return LOOKUP_FAILED;
        }
}

static Verdict judged(State state, uint32_t flags, Successor successor) {
        return (Verdict){ .state = state, .flags = flags, .successor = successor };
}

static Verdict unknown(UnknownReason reason) {
        return (Verdict){ .state = STATE_UNKNOWN, .unknown = reason };
}

/* For a lookup that gave no answer. */
static Verdict unanswered(Lookup lookup) {
        switch (lookup) {
        case LOOKUP_DENIED:
                return unknown(UNKNOWN_PERMISSION);
        case LOOKUP_REMOTE:
                return unknown(UNKNOWN_REMOTE);
        case LOOKUP_HUNG:
                return unknown(UNKNOWN_HUNG);
        case LOOKUP_TOO_LONG:
                return unknown(UNKNOWN_NAME);
        case LOOKUP_NONE:
                return unknown(UNKNOWN_ROOT);
        case LOOKUP_UNSUPPORTED:
                return unknown(UNKNOWN_KERNEL);
        default:
                return unknown(UNKNOWN_OTHER);
        }
}

/* What is reported only if it is found again. */
static Verdict seen_twice(const VerdictFacts *f, Verdict v) {
        v.race_suspected = !f->last_try;
        return v;
}

static bool same_file(const VerdictFile *a, const VerdictFile *b) {
        return a->lookup == LOOKUP_FOUND && b->lookup == LOOKUP_FOUND && a->inode == b->inode &&
               a->dev_major == b->dev_major && a->dev_minor == b->dev_minor;
}

static bool found_file(const VerdictFile *f) {
        return f->lookup == LOOKUP_FOUND && f->regular;
}

/* Both mounts are known, and they are two. */
static bool other_mount(const VerdictFile *a, const VerdictFile *b) {
        return a->mount_id != 0 && b->mount_id != 0 && a->mount_id != b->mount_id;
}

static uint32_t same_content(Evidence e) {
        return e == EVIDENCE_AGREES ? FLAG_SAME_CONTENT : 0;
}

static bool reload_finds_another(const VerdictFacts *f) {
        return found_file(&f->loader) && !same_file(&f->loader, &f->mapped);
}

/* An NFS client keeps a file that was removed while in use under such a name (Linux fs/nfs/unlink.c). */
static bool is_silly_name(const char *path) {
        const char *name = base_name(path);
        size_t n = 0;

        if (strncmp(name, ".nfs", 4) != 0)
                return false;
        while (isxdigit((unsigned char) name[4 + n]))
                n++;
        return n > 0 && name[4 + n] == '\0';
}

static Verdict judge_deleted(const VerdictFacts *f, uint32_t flags) {
        if (reload_finds_another(f))
                return judged(STATE_DELETED, flags | same_content(f->loader_content), SUCCESSOR_LOADER);
        return judged(STATE_DELETED, flags, SUCCESSOR_NONE);
}

static bool agrees(const VerdictFacts *f) {
        return f->memory == EVIDENCE_AGREES || f->relocations == EVIDENCE_AGREES || f->layout == EVIDENCE_AGREES ||
                f->loader_copy == EVIDENCE_AGREES || f->baseline == EVIDENCE_AGREES;
}

/*
 * Was the file written to under the process? Where the memory shows other bytes than
 * the file, it is a copy-up of overlayfs: the process keeps the old content whole.
 * Where it shows the same, the pages are the file's, and new code runs on old data.
 * Where nothing could be read of either, that is no answer.
 */
static bool judge_modified(const VerdictFacts *f, Verdict *ret) {
        bool lost = f->relocations == EVIDENCE_DIFFERS;

        if (f->memory == EVIDENCE_DIFFERS) {
                *ret = judged(STATE_MODIFIED, 0, SUCCESSOR_DISK);
                return true;
        }
        if (f->loader_copy == EVIDENCE_DIFFERS || f->layout == EVIDENCE_DIFFERS || f->baseline == EVIDENCE_DIFFERS) {
                *ret = judged(STATE_MODIFIED, FLAG_CRASH_RISK, SUCCESSOR_DISK);
                return true;
        }
        if (lost) {
                /* A dlopen() that has mapped and not yet relocated leaves the same; not every loader records it. */
                *ret = judged(STATE_MODIFIED, FLAG_CRASH_RISK, SUCCESSOR_DISK);
                ret->race_suspected = !f->relocated && !f->last_try;
                return true;
        }
        if (f->written && !agrees(f)) {
                *ret = unknown(UNKNOWN_CONTENT);
                return true;
        }
        return false;
}

static Verdict judge_same_path(const VerdictFacts *f) {
        Verdict v;

        if (f->marked && (f->mapped.nlink == 0 || f->mount_root_deleted))
                return judge_deleted(f, FLAG_FILE_BIND_MOUNT);
        if (is_silly_name(f->path) && !same_file(&f->loader, &f->mapped))
                return judge_deleted(f, 0);
        if (judge_modified(f, &v))
                return v;
        switch (f->loader.lookup) {
        case LOOKUP_NONE:
                return judged(STATE_CURRENT, 0, SUCCESSOR_NONE);
        case LOOKUP_FOUND:
                if (same_file(&f->loader, &f->mapped))
                        return judged(STATE_CURRENT, 0, SUCCESSOR_NONE);
                if (f->loader.regular)
                        return judged(STATE_SUPERSEDED, same_content(f->loader_content), SUCCESSOR_LOADER);
                return judged(STATE_MOVED, 0, SUCCESSOR_NONE);
        case LOOKUP_ABSENT:
                return judged(STATE_MOVED, 0, SUCCESSOR_NONE);
        default:
                return unanswered(f->loader.lookup);
        }
}

/*
 * Its mount is detached: the path begins at that mount, and may by chance name something else here. What a start would
 * load now, the loader's name tells; where there is none, what has the path may at least be the same.
 */
static Verdict judge_unreachable(const VerdictFacts *f) {
        if (found_file(&f->loader))
                return judged(STATE_UNREACHABLE,
                              same_file(&f->loader, &f->mapped) ? FLAG_SAME_CONTENT : same_content(f->loader_content),
                              SUCCESSOR_LOADER);
        if (f->loader.lookup == LOOKUP_NONE && found_file(&f->disk) && f->disk_content != EVIDENCE_DIFFERS)
                return judged(STATE_UNREACHABLE, same_content(f->disk_content), SUCCESSOR_DISK);
        return judged(STATE_UNREACHABLE, 0, SUCCESSOR_NONE);
}

static Verdict judge_other_file(const VerdictFacts *f) {
        bool collides = f->mount == MOUNT_GONE &&
                (f->disk.dev_major != f->mapped.dev_major || f->disk.dev_minor != f->mapped.dev_minor);

        if (f->marked) {
                /* The path of a detached mount begins at that mount, and may by chance name something else here. */
                if (collides || !f->disk.regular)
                        return judge_deleted(f, 0);
                return judged(STATE_REPLACED, same_content(f->disk_content), SUCCESSOR_DISK);
        }
        if (other_mount(&f->mapped, &f->disk))
                return judged(STATE_HIDDEN, same_content(f->disk_content), SUCCESSOR_DISK);
        /* The kernel names what is at the path; another client of a network file system leaves no mark. */
        return seen_twice(f, judged(STATE_REPLACED, same_content(f->disk_content), SUCCESSOR_DISK));
}

static Verdict judge_no_file(const VerdictFacts *f) {
        if (f->marked)
                return judge_deleted(f, 0);
        if (other_mount(&f->mapped, &f->disk))
                return judged(STATE_HIDDEN, 0, SUCCESSOR_NONE);
        if (f->remote)
                return seen_twice(f, judge_deleted(f, 0));
        /* The kernel shows it. */
        return seen_twice(f, unknown(UNKNOWN_RACE));
}

/* Without the right to map_files, where the numbers that maps prints are not those of the file at the path. */
static Verdict judge_printed(const VerdictFacts *f) {
        if (f->marked && f->disk.lookup == LOOKUP_ABSENT)
                return judge_deleted(f, 0);
        if (f->marked && found_file(&f->disk) && f->disk.inode != f->printed_inode)
                return judged(STATE_REPLACED, same_content(f->disk_content), SUCCESSOR_DISK);
        return unanswered(f->mapped.lookup);
}

Verdict verdict_judge(const VerdictFacts *f) {
        if (f->internal || (f->mapped.lookup == LOOKUP_FOUND && !f->mapped.regular))
                return judged(STATE_IGNORED, 0, SUCCESSOR_NONE);
        if (f->mapped.lookup == LOOKUP_ABSENT) /* no such VMA any more */
                return seen_twice(f, unknown(UNKNOWN_RACE));
        if (f->mapped.lookup == LOOKUP_DENIED)
                return judge_printed(f);
        if (f->mapped.lookup != LOOKUP_FOUND)
                return unanswered(f->mapped.lookup);
        if (same_file(&f->mapped, &f->disk))
                return judge_same_path(f);
        if (f->mount == MOUNT_GONE && !f->marked)
                return judge_unreachable(f);
        switch (f->disk.lookup) {
        case LOOKUP_FOUND:
                return judge_other_file(f);
        case LOOKUP_ABSENT:
                return judge_no_file(f);
        case LOOKUP_TOO_LONG:
                return f->marked ? judge_deleted(f, 0) : unanswered(f->disk.lookup);
        case LOOKUP_NONE:
                /* No process sees the name. The kernel's mark may be a part of it, but no link to a file that has none left. */
                return f->marked && f->mapped.nlink == 0 ? judge_deleted(f, 0) : unanswered(f->disk.lookup);
        default:
                return unanswered(f->disk.lookup);
        }
}

size_t verdict_cut_mark(const char *name) {
        size_t length = strlen(name), mark = strlen(MARK);

        if (length > mark && streq(name + length - mark, MARK))
                return length - mark;
        return length;
}

bool verdict_marked(const VerdictFacts *f, const VerdictFile *as_it_stands) {
        if (as_it_stands->lookup != LOOKUP_FOUND)
                return true;
        if (f->mapped.lookup == LOOKUP_FOUND)
                return !same_file(&f->mapped, as_it_stands);
        return as_it_stands->inode != f->printed_inode;
}

bool verdict_name_resolvable(const char *l_name) {
        return l_name && l_name[0] == '/' && strncmp(l_name, "/proc/", 6) != 0 && strncmp(l_name, "/dev/fd/", 8) != 0;
}
