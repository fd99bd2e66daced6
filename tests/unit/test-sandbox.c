/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "sandbox.h"
#include "unit.h"

/* Each returns what the system call does: below 0 it is refused. All run in a child that is confined. */

static long try_exec(void) {
        return execl("/bin/true", "true", NULL);
}
static long try_fork(void) {
        return fork();
}
static long try_socket(void) {
        return socket(AF_UNIX, SOCK_STREAM, 0);
}
static long try_create(void) {
        return open("/tmp/stalelib-confine", O_WRONLY | O_CREAT, 0600);
}
static long try_write_open(void) {
        return open("/dev/null", O_WRONLY);
}
static long try_read_write_open(void) {
        return openat(AT_FDCWD, "/dev/null", O_RDWR);
}
static long try_truncate(void) {
        return truncate("/dev/null", 0);
}
static long try_unlink(void) {
        return unlink("/tmp/stalelib-confine");
}
static long try_rename(void) {
        return rename("/tmp/stalelib-confine", "/tmp/stalelib-confine-2");
}
static long try_mkdir(void) {
        return mkdirat(AT_FDCWD, "/tmp/stalelib-confine", 0700);
}
static long try_write_elsewhere(void) {
        return write(STDIN_FILENO, "x", 1);
}
static long try_ptrace(void) {
        return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}
static long try_kill(void) {
        return kill(getppid(), 0);
}
static long try_executable_memory(void) {
        return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}
static long try_process_writev(void) {
        struct iovec v = { .iov_base = &v, .iov_len = 1 };

        return process_vm_writev(getppid(), &v, 1, &v, 1, 0);
}
static long try_setuid(void) {
        return setuid(1);
}
static long try_mount(void) {
        return syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL);
}
static long try_ioctl(void) {
        return syscall(SYS_ioctl, STDIN_FILENO, 0x5412ul /* TIOCSTI */, "x");
}
static long try_prctl(void) {
        return syscall(SYS_prctl, 4 /* PR_SET_DUMPABLE */, 1, 0, 0, 0);
}

/* And what it must be able to do. */

static long try_read(void) {
        char buffer[16];
        int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);

        return fd < 0 ? -1 : read(fd, buffer, sizeof(buffer));
}
static long try_memory(void) {
        return malloc(1 << 20) ? 0 : -1;
}
static long try_own_capabilities(void) {
        cap_t have = cap_get_proc();
        long r = have ? 0 : -1;

        cap_free(have);
        return r;
}
static long try_stderr(void) {
        return write(STDERR_FILENO, "", 0);
}

static const struct {
        const char *name;
        long (*act)(void);
        bool allowed;
} rows[] = {
        { "execve", try_exec, false },
        { "fork", try_fork, false },
        { "socket", try_socket, false },
        { "create a file", try_create, false },
        { "open to write", try_write_open, false },
        { "open to read and write", try_read_write_open, false },
        { "truncate", try_truncate, false },
        { "unlink", try_unlink, false },
        { "rename", try_rename, false },
        { "mkdir", try_mkdir, false },
        { "write to another descriptor", try_write_elsewhere, false },
        { "ptrace", try_ptrace, false },
        { "kill", try_kill, false },
        { "executable memory", try_executable_memory, false },
        { "write into another process", try_process_writev, false },
        { "setuid", try_setuid, false },
        { "mount", try_mount, false },
        { "ioctl", try_ioctl, false },
        { "prctl", try_prctl, false },
        { "read a file", try_read, true },
        { "memory", try_memory, true },
        { "its own capabilities", try_own_capabilities, true },
        { "standard error", try_stderr, true },
};

/* What the child found: 0 as it should be, 1 otherwise, 2 not confined. _exit(): sanitizers look about at an exit(). */
static int run_child(int (*act)(int i), int i) {
        pid_t pid = fork();
        int status;

        ck_assert_int_ge(pid, 0);
        if (pid == 0)
                _exit(sandbox_enter() < 0 ? 2 : act(i));
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_msg(WIFEXITED(status), "signal %d", WTERMSIG(status));
        return WEXITSTATUS(status);
}

static int child_call(int i) {
        return (rows[i].act() >= 0) == rows[i].allowed ? 0 : 1;
}

START_TEST(only_looking_is_allowed) {
        ck_assert_msg(run_child(child_call, _i) == 0, "%s", rows[_i].name);
}
END_TEST

static int child_capabilities(int i _unused_) {
        const unsigned long long three = 1ull << CAP_SYS_PTRACE | 1ull << CAP_DAC_READ_SEARCH | 1ull << 40;
        char text[4096] = "";
        int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

        if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
                return 1;
        for (const char *p = text; (p = strstr(p, "\nCap")); p++) {
                unsigned long long caps = strtoull(strchr(p, ':') + 1, NULL, 16);

                /* The bounding set gives nothing to who cannot execute. */
                if (strncmp(p, "\nCapBnd", 7) != 0 && (caps & ~three) != 0)
                        return 1;
        }
        return strstr(text, "\nNoNewPrivs:\t1") && strstr(text, "\nSeccomp:\t2") ? 0 : 1;
}

START_TEST(no_capability_but_the_three_is_left) {
        ck_assert_int_eq(run_child(child_capabilities, 0), 0);
}
END_TEST

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED 0
#endif

int main(void) {
        Suite *suite = suite_create("confine");
        TCase *tcase = tcase_create("confine");

        suite_add_tcase(suite, tcase);
        if (SANITIZED) {
                puts("1..0 # SKIP a sanitizer needs what is refused here");
                srunner_free(srunner_create(suite));
                return EXIT_SUCCESS;
        }

        tcase_add_loop_test(tcase, only_looking_is_allowed, 0, ELEMENTSOF(rows));
        tcase_add_test(tcase, no_capability_but_the_three_is_left);
        return unit_run(suite);
}
