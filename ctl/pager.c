/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "pager.h"
#include "util/base.h"

/* Standard output is one for the whole process, and so is the pager behind it. */
static pid_t pager_pid;

/* The words of a command, split at spaces: a pager's options need no more, and no shell sees them. */
#define PAGER_WORDS_MAX 16
static void split(char *command, char *words[PAGER_WORDS_MAX + 1]) {
        size_t n = 0;

        for (char *w = strtok(command, " \t"); w && n < PAGER_WORDS_MAX; w = strtok(NULL, " \t"))
                words[n++] = w;
        words[n] = NULL;
}

static const char *wanted_pager(void) {
        const char *pager = getenv("SYSTEMD_PAGER");

        if (!pager)
                pager = getenv("PAGER");
        return pager ? pager : "less";
}

/* In the child: becomes the pager, which closes its end of the pipe when it cannot. */
static void become_pager(int in, int error, bool full) {
        _cleanup_free_ char *command = strdup(wanted_pager());
        char *words[PAGER_WORDS_MAX + 1] = {};

        if (!command || dup2(in, STDIN_FILENO) < 0)
                _exit(EXIT_FAILURE);
        split(command, words);
        /* Quit where one screen is enough, and pass colours. Lines are as long as the terminal is wide, or meant to be longer. */
        setenv("LESS", full ? "FRSXMK" : "FRXMK", /* overwrite= */ 0);
        /* No shell and no editor out of a pager that root started. */
        if (geteuid() == 0)
                setenv("LESSSECURE", "1", /* overwrite= */ 1);
        if (words[0])
                execvp(words[0], words);
        (void) !write(error, "", 1);
        _exit(EXIT_FAILURE);
}

void pager_open(const Options *o) {
        int text[2], error[2];
        pid_t pid;
        char c;

        if (!o->terminal || o->no_pager || o->quiet || pager_pid > 0 ||
            streq(wanted_pager(), "") || streq(wanted_pager(), "cat"))
                return;
        if (pipe2(text, O_CLOEXEC) < 0)
                return;
        if (pipe2(error, O_CLOEXEC) < 0) {
                close(text[0]);
                close(text[1]);
                return;
        }
        fflush(stdout);
        pid = fork();
        if (pid == 0)
                become_pager(text[0], error[1], o->full);
        close(text[0]);
        close(error[1]);
        /* The other end of `error` is closed by a successful execve(2), and written to by a failed one. */
        if (pid > 0 && read(error[0], &c, 1) == 0 && dup2(text[1], STDOUT_FILENO) >= 0) {
                pager_pid = pid;
                signal(SIGPIPE, SIG_IGN); /* one may quit the pager before all is written */
        } else if (pid > 0)
                waitpid(pid, NULL, 0);
        close(text[1]);
        close(error[0]);
}

void pager_close(void) {
        if (pager_pid <= 0)
                return;
        fclose(stdout);
        while (waitpid(pager_pid, NULL, 0) < 0 && errno == EINTR)
                ;
        pager_pid = 0;
}
