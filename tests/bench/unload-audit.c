/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Holds what unload_check_file() says of libraries against what the loader does: each
 * library of a directory is loaded and closed in a process of its own. Their
 * constructors run: not for a machine that is in use.
 *
 *   [LAZY=1] unload-audit HOST [DIRECTORY]...
 */

#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "unload-check/unload-check.h"

enum {
        UNLOADED,
        PINNED,
        NOT_LOADABLE,
        THERE_BEFORE,
        CRASHED,
        OUTCOME_MAX,
};

static const char *const outcomes[OUTCOME_MAX] = { "unloaded", "pinned", "not loadable", "there before", "crashed" };

typedef struct Audit {
        const char *host;
        unsigned matrix[UNLOAD_MAX][OUTCOME_MAX];
        unsigned misses, false_alarms;
        double spent;
        ino_t *seen;
        size_t n_seen, allocated;
} Audit;

static int try_to_unload(const char *host, const char *path) {
        const char *const argv[] = { host, path, NULL };
        char *const envp[] = { (char *) "PATH=/usr/bin:/bin", getenv("LAZY") ? (char *) "LAZY=1" : NULL, NULL };
        posix_spawn_file_actions_t actions;
        int status = 0, r;
        pid_t pid;

        posix_spawn_file_actions_init(&actions);
        for (int fd = 0; fd < 3; fd++)
                posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
        r = posix_spawn(&pid, host, &actions, NULL, (char *const *) argv, envp);
        posix_spawn_file_actions_destroy(&actions);
        if (r != 0 || waitpid(pid, &status, 0) != pid)
                return CRASHED;
        status = WIFEXITED(status) ? WEXITSTATUS(status) - 40 : CRASHED; /* UNLOAD_HOST_STATUS */
        return status >= UNLOADED && status < CRASHED ? status : CRASHED;
}

static double now(void) {
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

static void print_reasons(const UnloadCheck *i) {
        for (size_t k = 0; k < i->n_obstacles; k++)
                printf("    %s %s: %s\n", unload_to_string(i->obstacles[k].verdict), pin_reason_to_string(i->obstacles[k].reason),
                       i->obstacles[k].detail);
}

static void audit_file(Audit *a, int directory_fd, const char *path, const char *name) {
        _cleanup_close_ int fd = openat(directory_fd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        _cleanup_(unload_check_done) UnloadCheck i = {};
        struct stat st;
        double start;
        int outcome;

        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return;
        for (size_t k = 0; k < a->n_seen; k++)
                if (a->seen[k] == st.st_ino)
                        return;
        if (!GROW(a->seen, a->allocated, a->n_seen + 1))
                abort();
        a->seen[a->n_seen++] = st.st_ino;

        start = now();
        if (unload_check_file(fd, directory_fd, &i) < 0)
                return;
        a->spent += now() - start;
        outcome = try_to_unload(a->host, path);
        a->matrix[i.verdict][outcome]++;
        if (outcome == PINNED && i.verdict == UNLOAD_YES) {
                a->misses++;
                printf("missed: %s\n", path);
                print_reasons(&i);
        } else if (outcome == UNLOADED && i.verdict != UNLOAD_YES) {
                a->false_alarms++;
                printf("unloads, but %s: %s\n", unload_to_string(i.verdict), path);
                print_reasons(&i);
        }
}

static void audit_directory(Audit *a, const char *directory) {
        struct dirent **entries = NULL;
        int n = scandir(directory, &entries, NULL, alphasort);
        _cleanup_close_ int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        for (int i = 0; i < n; i++) {
                _cleanup_free_ char *path = NULL;

                if (strstr(entries[i]->d_name, ".so") && asprintf(&path, "%s/%s", directory, entries[i]->d_name) > 0)
                        audit_file(a, fd, path, entries[i]->d_name);
                free(entries[i]);
        }
        free(entries);
}

int main(int argc, char *argv[]) {
        Audit a = { .host = argc > 1 ? argv[1] : NULL };
        unsigned all = 0;

        if (!a.host) {
                fprintf(stderr, "usage: unload-audit HOST [DIRECTORY]...\n");
                return EXIT_FAILURE;
        }
        if (argc == 2)
                audit_directory(&a, "/usr/lib/x86_64-linux-gnu");
        for (int i = 2; i < argc; i++)
                audit_directory(&a, argv[i]);

        printf("%8s", "");
        for (int k = 0; k < OUTCOME_MAX; k++)
                printf(" %12s", outcomes[k]);
        printf("\n");
        for (int v = 0; v < UNLOAD_MAX; v++) {
                printf("%8s", unload_to_string((Unload) v));
                for (int k = 0; k < OUTCOME_MAX; k++) {
                        printf(" %12u", a.matrix[v][k]);
                        all += a.matrix[v][k];
                }
                printf("\n");
        }
        printf("%u libraries, %u missed, %u false alarms; %.2f ms to inspect one\n", all, a.misses, a.false_alarms,
               all > 0 ? a.spent * 1000 / all : 0);
        free(a.seen);
        return a.misses > 0 || all == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
