/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A program that holds libraries, for the workload: holder READY-FD CHILDREN LIBRARY…
 * opens each by dlopen(3), forks, and every process writes its pid to the descriptor
 * and then stays until it is killed.
 */

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <unistd.h>

static void stay(int fd) {
        char line[32];
        int n = snprintf(line, sizeof(line), "%d\n", (int) getpid());

        if (write(fd, line, (size_t) n) != n)
                exit(EXIT_FAILURE);
        for (;;)
                pause();
}

/* Mapped, and marked as deleted by the kernel, but nothing that was ever a library on disk. */
static void hold_bait(void) {
        int memory = memfd_create("generated code", MFD_CLOEXEC);
        int segment = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
        char name[] = "/dev/shm/bench-XXXXXX", data[] = "/tmp/bench-XXXXXX";
        int shared = mkstemp(name), file = mkstemp(data);

        if (memory < 0 || segment < 0 || shared < 0 || file < 0 || ftruncate(memory, 4096) < 0 || ftruncate(shared, 4096) < 0 ||
            ftruncate(file, 4096) < 0 || mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, memory, 0) == MAP_FAILED ||
            mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0) == MAP_FAILED ||
            mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) == MAP_FAILED ||
            mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ||
            shmat(segment, NULL, 0) == (void *) -1 || shmctl(segment, IPC_RMID, NULL) < 0 || unlink(name) < 0 || unlink(data) < 0) {
                perror("bait");
                exit(EXIT_FAILURE);
        }
}

int main(int argc, char *argv[]) {
        int fd = argc > 2 ? atoi(argv[1]) : -1, children = argc > 2 ? atoi(argv[2]) : 0;

        for (int i = 3; i < argc; i++) {
                if (argv[i][0] == '\0')
                        hold_bait();
                else if (!dlopen(argv[i], RTLD_NOW)) {
                        fprintf(stderr, "%s\n", dlerror());
                        return EXIT_FAILURE;
                }
        }
        for (int i = 0; i < children; i++) {
                pid_t pid = fork();

                if (pid < 0) {
                        perror("fork");
                        return EXIT_FAILURE;
                }
                if (pid == 0) {
                        prctl(PR_SET_PDEATHSIG, SIGKILL);
                        stay(fd);
                }
        }
        stay(fd);
}
