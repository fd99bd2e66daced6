/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <linux/nsfs.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "sandbox.h"

#ifndef CAP_CHECKPOINT_RESTORE
#define CAP_CHECKPOINT_RESTORE 40
#endif

/*
 * CAP_SYS_PTRACE: maps, mem, exe, root of other users' processes. CAP_DAC_READ_SEARCH:
 * map_files, directories. CAP_CHECKPOINT_RESTORE: what the links in map_files lead to.
 */
static const cap_value_t wanted[] = { CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_CHECKPOINT_RESTORE };

static int drop_capabilities(void) {
        cap_t have = cap_get_proc(), keep = cap_init();
        int r = 0;

        if (!have || !keep)
                r = -errno;

        for (size_t i = 0; r == 0 && i < ELEMENTSOF(wanted); i++) {
                cap_flag_value_t value = CAP_CLEAR;

                if (cap_get_flag(have, wanted[i], CAP_PERMITTED, &value) < 0 || value == CAP_CLEAR)
                        continue;
                if (cap_set_flag(keep, CAP_PERMITTED, 1, &wanted[i], CAP_SET) < 0 ||
                    cap_set_flag(keep, CAP_EFFECTIVE, 1, &wanted[i], CAP_SET) < 0)
                        r = -errno;
        }
        if (r == 0 && cap_set_proc(keep) < 0)
                r = -errno;
        cap_free(have);
        cap_free(keep);
        return r;
}

/* Landlock would refuse all writing as well, but it also denies ptrace access to processes outside of the domain (landlock(7)). */
static int limit_resources(void) {
        static const struct rlimit none = { 0, 0 };

        /* A line to a standard error that is a file is then lost, which is no reason to die. */
        if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
                return -errno;
        if (setrlimit(RLIMIT_FSIZE, &none) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
                return -errno;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        return 0;
}

/* Names, so that one that this architecture does not have is left out. */
static const char *const allowed[] = {
        /* files, to be read */
        "access", "close", "close_range", "dup", "faccessat", "faccessat2", "fstat", "fstat64", "fstatat64", "fstatfs",
        "fstatfs64", "getcwd", "getdents", "getdents64", "_llseek", "lseek", "lstat", "lstat64", "newfstatat",
        "pread64", "preadv", "read", "readlink", "readlinkat", "readv", "stat", "stat64", "statfs", "statfs64", "statx",
        /* memory; PROT_EXEC is ruled out below */
        "brk", "madvise", "mremap", "munmap",
        /* the event loop */
        "clock_gettime", "clock_gettime64", "clock_nanosleep", "clock_nanosleep_time64", "epoll_create1", "epoll_ctl",
        "epoll_pwait", "epoll_wait", "eventfd2", "gettimeofday", "inotify_add_watch", "inotify_rm_watch", "nanosleep",
        "poll", "ppoll", "ppoll_time64", "time", "timerfd_create", "timerfd_settime", "timerfd_settime64",
        /* the socket that it was given */
        "getpeername", "getsockname", "getsockopt", "recvmsg", "sendmsg", "shutdown",
        /* itself */
        "alarm", "capget", "exit", "exit_group", "futex", "futex_time64", "getegid", "getegid32", "geteuid", "geteuid32", "getgid",
        "getgid32", "getpid", "getppid", "getrandom", "getrlimit", "gettid", "getuid", "getuid32", "restart_syscall",
        "rseq", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_getaffinity", "sched_yield", "setitimer",
        "set_robust_list", "sigreturn", "sysinfo", "tgkill", "uname",
};

#define OPEN_FOR_WRITING (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND)

static int filter_allow(scmp_filter_ctx filter, const char *name, unsigned n, const struct scmp_arg_cmp *args) {
        int number = seccomp_syscall_resolve_name(name), r;

        if (number == __NR_SCMP_ERROR)
                return 0;
        r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, n, args);
        /* A rule cannot tell apart what an architecture passes through one number (ipc, socketcall). */
        return r == -EDOM || r == -EOPNOTSUPP ? 0 : r;
}

/* Calls that are harmless with some arguments only. */
static int filter_allow_arguments(scmp_filter_ctx filter) {
        const struct {
                const char *name;
                struct scmp_arg_cmp arg;
        } rules[] = {
                { "open", SCMP_A1(SCMP_CMP_MASKED_EQ, OPEN_FOR_WRITING, O_RDONLY) },
                { "openat", SCMP_A2(SCMP_CMP_MASKED_EQ, OPEN_FOR_WRITING, O_RDONLY) },
                /* Its flags lie in memory, where no filter sees them: there the file permissions, which no
                 * capability of ours gets around, and RLIMIT_FSIZE stand. */
                { "openat2", SCMP_A3(SCMP_CMP_LE, 4096) },
                { "mmap", SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) },
                { "mmap2", SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) },
                { "mprotect", SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) },
                { "write", SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO) },
                { "writev", SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO) },
                { "fcntl", SCMP_A1(SCMP_CMP_EQ, F_GETFD) },
                { "fcntl", SCMP_A1(SCMP_CMP_EQ, F_SETFD) },
                { "fcntl", SCMP_A1(SCMP_CMP_EQ, F_GETFL) },
                { "fcntl", SCMP_A1(SCMP_CMP_EQ, F_SETFL) },
                { "fcntl", SCMP_A1(SCMP_CMP_EQ, F_DUPFD_CLOEXEC) },
                { "fcntl64", SCMP_A1(SCMP_CMP_EQ, F_GETFD) },
                { "fcntl64", SCMP_A1(SCMP_CMP_EQ, F_SETFD) },
                { "fcntl64", SCMP_A1(SCMP_CMP_EQ, F_GETFL) },
                { "fcntl64", SCMP_A1(SCMP_CMP_EQ, F_SETFL) },
                { "fcntl64", SCMP_A1(SCMP_CMP_EQ, F_DUPFD_CLOEXEC) },
                /* PROCMAP_QUERY, _IOWR('f', 17, 104 bytes), whose number is the same everywhere but on MIPS,
                 * PowerPC, SPARC and Alpha: they read the text of maps. */
                { "ioctl", SCMP_A1(SCMP_CMP_EQ, UINT64_C(0xc0686611)) },
                /* Whose a user namespace is. */
                { "ioctl", SCMP_A1(SCMP_CMP_EQ, NS_GET_PARENT) },
                { "ioctl", SCMP_A1(SCMP_CMP_EQ, NS_GET_OWNER_UID) },
        };

        for (size_t i = 0; i < ELEMENTSOF(rules); i++) {
                int r = filter_allow(filter, rules[i].name, 1, &rules[i].arg);

                if (r < 0)
                        return r;
        }

        /* Its own limits may be asked for (malloc), not set. */
        return filter_allow(filter, "prlimit64", 1, &SCMP_A2(SCMP_CMP_EQ, 0));
}

static int filter_calls(void) {
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
        int r = 0;

        if (!filter)
                return -ENOMEM;

        for (size_t i = 0; r == 0 && i < ELEMENTSOF(allowed); i++)
                r = filter_allow(filter, allowed[i], 0, NULL);
        if (r == 0)
                r = filter_allow_arguments(filter);
        if (r == 0)
                r = seccomp_load(filter);
        seccomp_release(filter);
        return r;
}

int sandbox_enter(void) {
        int r;

        r = drop_capabilities();
        if (r < 0)
                return r;

        r = limit_resources();
        if (r < 0)
                return r;

        return filter_calls();
}
