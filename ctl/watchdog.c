/* SPDX-License-Identifier: LGPL-2.1-or-later */
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
#include "util/timespan.h"
#include "watchdog.h"

/* Nothing honest takes this long: the largest of processes takes a second. */
#define HUNG_USEC (5 * USEC_PER_SEC)
#define PROBE_MSEC 250
/* So many in one run are no accident; the answer is then an error. */
#define LEFT_OUT_MAX 64

/* Lies in memory shared with the child. The lists are the parent's; the child only reads them. */
typedef struct Watchdog {
        volatile SweepBeacon beacon;
        SweepProcess processes[LEFT_OUT_MAX];
        SweepDevice devices[LEFT_OUT_MAX];
        size_t n_processes, n_devices;
        bool said; /* by a child: watchdog_first() */
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
        static bool said;
        bool *flag = watchdog ? &watchdog->said : &said, first = !*flag;

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

typedef enum Outcome {
        OUTCOME_ENDED,
        OUTCOME_HUNG, /* stood still at one place for too long */
        OUTCOME_LATE, /* the time that a plugin has is over */
} Outcome;

static Outcome wait_for(int pidfd, uint64_t end) {
        SweepBeacon last = watchdog->beacon;
        uint64_t since = clock_now();

        for (;;) {
                struct pollfd p = { .fd = pidfd, .events = POLLIN };
                SweepBeacon now;

                if (poll(&p, 1, PROBE_MSEC) > 0)
                        return OUTCOME_ENDED;
                if (clock_now() >= end)
                        return OUTCOME_LATE;
                now = watchdog->beacon;
                if (now.pid == 0 || !beacon_equal(&now, &last)) {
                        last = now;
                        since = clock_now();
                } else if (clock_now() - since > HUNG_USEC)
                        return OUTCOME_HUNG;
        }
}

/* Returns false where there is no room any more. */
static bool leave_out(void) {
        const SweepBeacon b = watchdog->beacon;

        if (watchdog->n_processes >= LEFT_OUT_MAX || watchdog->n_devices >= LEFT_OUT_MAX)
                return false;
        if (b.on_file)
                watchdog->devices[watchdog->n_devices++] = (SweepDevice){ .dev_major = b.dev_major, .dev_minor = b.dev_minor };
        else
                watchdog->processes[watchdog->n_processes++] = (SweepProcess){ .pid = b.pid, .start_time = b.start_time };
        print_error(0, "Process %d does not let itself be looked at, and is left out", (int) b.pid);
        return true;
}

static int exit_status(pid_t child) {
        int status;

        while (waitpid(child, &status, 0) < 0)
                if (errno != EINTR)
                        return print_errno(-errno, "Cannot wait for the look at the processes");
        if (WIFEXITED(status))
                return WEXITSTATUS(status);
        return print_error(STATUS_UNKNOWN, "The look at the processes was ended by signal %d", WTERMSIG(status));
}

/* In the child: never returns. */
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
        /* Other commands that have a --timeout= see to it themselves. */
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
                outcome = pidfd < 0 ? OUTCOME_ENDED : wait_for(pidfd, end);
                if (outcome == OUTCOME_ENDED)
                        return exit_status(child);
                /* Not waited for: what hangs in a file system may not even end by this. */
                kill(child, SIGKILL);
                if (outcome == OUTCOME_LATE)
                        return report_timeout(o);
                if (!leave_out())
                        return print_error(STATUS_UNKNOWN, "Too many processes do not let themselves be looked at");
        }
}
