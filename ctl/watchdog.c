/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "nagios.h"
#include "output.h"
#include "util/clock.h"
#include "watchdog.h"

/* The largest processes take a second. */
#define HUNG_USEC (5 * USEC_PER_SEC)
/* More than this in one run is an attack or a broken file system, and an error. */
#define SKIPPED_MAX 64

/* In memory shared with the child. The parent writes the lists, the child reads them. */
typedef struct Watchdog {
        volatile SweepBeacon beacon;
        SweepProcess processes[SKIPPED_MAX];
        SweepDevice devices[SKIPPED_MAX];
        size_t n_processes, n_devices;
        bool called; /* watchdog_first(), by any child */
} Watchdog;

static Watchdog *watchdog;

void watchdog_set_options(SweepOptions *options) {
        if (!watchdog)
                return;
        options->beacon = &watchdog->beacon;
        options->skip_processes = watchdog->processes;
        options->n_skip_processes = watchdog->n_processes;
        options->skip_devices = watchdog->devices;
        options->n_skip_devices = watchdog->n_devices;
}

bool watchdog_first(void) {
        static bool called;
        bool *flag = watchdog ? &watchdog->called : &called, first = !*flag;

        *flag = true;
        return first;
}

bool watchdog_has_skipped(pid_t pid) {
        for (size_t i = 0; watchdog && i < watchdog->n_processes; i++)
                if (watchdog->processes[i].pid == pid)
                        return true;
        return false;
}

static bool beacon_equal(const SweepBeacon *a, const SweepBeacon *b) {
        return a->pid == b->pid && a->start_time == b->start_time && a->on_file == b->on_file &&
                a->dev_major == b->dev_major && a->dev_minor == b->dev_minor;
}

bool watchdog_add_probe(WatchdogStall *stall, const WatchdogProbe *probe) {
        if (probe->beacon.pid == 0 || !beacon_equal(&probe->beacon, &stall->beacon))
                *stall = (WatchdogStall){ .beacon = probe->beacon };
        else
                stall->stalled_usec += probe->state == 'R' ? probe->cpu_usec - stall->cpu_usec : WATCHDOG_PROBE_USEC;
        stall->cpu_usec = probe->cpu_usec;
        return stall->stalled_usec >= HUNG_USEC;
}

/* Returns false if the child has just ended. */
static bool read_probe(pid_t child, WatchdogProbe *ret) {
        unsigned long user, system;
        char path[64], text[2048];
        const char *fields;
        ssize_t n;
        int fd;

        snprintf(path, sizeof(path), "/proc/%d/stat", (int) child);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
        fd_close(fd);
        text[n > 0 ? n : 0] = '\0';
        fields = strrchr(text, ')');
        if (!fields || sscanf(fields, ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &ret->state, &user, &system) != 3)
                return false;
        ret->cpu_usec = (user + system) * USEC_PER_SEC / (uint64_t) sysconf(_SC_CLK_TCK);
        ret->beacon = watchdog->beacon;
        return true;
}

typedef enum Outcome {
        OUTCOME_ENDED,
        OUTCOME_HUNG,
        OUTCOME_TIMEOUT,
} Outcome;

static Outcome wait_for(pid_t child, int pidfd, uint64_t end) {
        WatchdogStall stall = {};

        for (;;) {
                struct pollfd p = { .fd = pidfd, .events = POLLIN };
                WatchdogProbe probe;

                if (poll(&p, 1, (int) (WATCHDOG_PROBE_USEC / USEC_PER_MSEC)) > 0)
                        return OUTCOME_ENDED;
                if (clock_now() >= end)
                        return OUTCOME_TIMEOUT;
                if (read_probe(child, &probe) && watchdog_add_probe(&stall, &probe))
                        return OUTCOME_HUNG;
        }
}

/* Has the next child skip the place at which this one hangs. Returns false if there are too many. */
static bool skip_place(void) {
        const SweepBeacon b = watchdog->beacon;

        if (watchdog->n_processes >= SKIPPED_MAX || watchdog->n_devices >= SKIPPED_MAX)
                return false;
        if (b.on_file)
                watchdog->devices[watchdog->n_devices++] = (SweepDevice){ .dev_major = b.dev_major, .dev_minor = b.dev_minor };
        else
                watchdog->processes[watchdog->n_processes++] = (SweepProcess){ .pid = b.pid, .start_time = b.start_time };
        if (b.on_file)
                print_error(0, "Timed out reading a file of process %d, skipping device %u:%u", (int) b.pid, b.dev_major, b.dev_minor);
        else
                print_error(0, "Timed out reading process %d, skipping", (int) b.pid);
        return true;
}

static int exit_status(pid_t child) {
        int status;

        while (waitpid(child, &status, 0) < 0)
                if (errno != EINTR)
                        return print_errno(-errno, "Failed to wait for the child");
        if (WIFEXITED(status))
                return WEXITSTATUS(status);
        return print_error(STATUS_UNKNOWN, "Child terminated by signal %d", WTERMSIG(status));
}

static _Noreturn void run_child(Command command, const Options *o, pid_t parent) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
                _exit(STATUS_UNKNOWN);
        exit(output_finish(command(o)));
}

static int report_timeout(const Options *o) {
        char text[64], buffer[TIMESPAN_TEXT_MAX];

        snprintf(text, sizeof(text), "timed out after %s", timespan_format(o->timeout_usec, buffer));
        return nagios_print_unknown(text);
}

int watchdog_run(Command command, const Options *o) {
        /* Other commands with --timeout= handle it themselves. */
        uint64_t end = o->command == COMMAND_CHECK ? clock_after(o->timeout_usec) : UINT64_MAX;
        pid_t parent = getpid();

        watchdog = mmap(NULL, sizeof(*watchdog), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (watchdog == MAP_FAILED) {
                watchdog = NULL;
                return command(o);
        }
        for (;;) {
                _cleanup_close_ int pidfd = -EBADF;
                Outcome outcome;
                pid_t child;

                fflush(NULL);
                watchdog->beacon = (SweepBeacon){};
                child = fork();
                if (child < 0)
                        return command(o);
                if (child == 0)
                        run_child(command, o, parent);
                pidfd = (int) syscall(SYS_pidfd_open, child, 0);
                outcome = pidfd < 0 ? OUTCOME_ENDED : wait_for(child, pidfd, end);
                if (outcome == OUTCOME_ENDED)
                        return exit_status(child);
                /* Not waited for: blocked in a file system, it may not die even of this. */
                kill(child, SIGKILL);
                if (outcome == OUTCOME_TIMEOUT)
                        return report_timeout(o);
                if (!skip_place())
                        return print_error(STATUS_UNKNOWN, "Timed out reading too many processes");
        }
}
