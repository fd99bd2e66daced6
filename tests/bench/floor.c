/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The floors: what any look at all processes has to pay.
 *   floor text    opens and reads every /proc/PID/maps
 *   floor query   asks PROCMAP_QUERY for every executable range of a file, without its name
 * And, as what is measured inherits the memory that its starter once had:
 *   floor run PROGRAM…   runs it without output; tells wall time, CPU time (µs), RSS (KiB), exit status
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* include/uapi/linux/fs.h of Linux 6.11 */
struct query {
        uint64_t size, flags, address, start, end, vma_flags, page_size, offset, inode;
        uint32_t dev_major, dev_minor, name_size, build_id_size;
        uint64_t name, build_id;
};
#define QUERY _IOWR('f', 17, struct query)
#define EXECUTABLE_FILE_FROM_HERE 0x34

static uint64_t read_text(int fd) {
        static char buffer[1 << 16];
        uint64_t total = 0;
        ssize_t n;

        while ((n = read(fd, buffer, sizeof(buffer))) > 0)
                total += (uint64_t) n;
        return total;
}

static uint64_t query(int fd) {
        uint64_t total = 0, address = 0;

        for (;;) {
                struct query q = { .size = sizeof(q), .flags = EXECUTABLE_FILE_FROM_HERE, .address = address };

                if (ioctl(fd, QUERY, &q) < 0) {
                        if (errno == ENOTTY) {
                                fputs("this kernel has no PROCMAP_QUERY\n", stderr);
                                exit(77);
                        }
                        return total;
                }
                total++;
                address = q.end;
        }
}

static long long usec(struct timeval t) {
        return t.tv_sec * 1000000ll + t.tv_usec;
}

static int run(char *argv[]) {
        struct timespec begin, end;
        struct rusage usage;
        int status;
        pid_t pid;

        clock_gettime(CLOCK_MONOTONIC, &begin);
        pid = fork();
        if (pid == 0) {
                int null = open("/dev/null", O_RDWR);

                dup2(null, 0);
                dup2(null, 1);
                dup2(null, 2);
                execvp(argv[0], argv);
                _exit(127);
        }
        if (pid < 0 || wait4(pid, &status, 0, &usage) < 0)
                return EXIT_FAILURE;
        clock_gettime(CLOCK_MONOTONIC, &end);
        printf("%lld %lld %ld %d\n", (end.tv_sec - begin.tv_sec) * 1000000ll + (end.tv_nsec - begin.tv_nsec) / 1000,
               usec(usage.ru_utime) + usec(usage.ru_stime), usage.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : 255);
        return EXIT_SUCCESS;
}

int main(int argc, char *argv[]) {
        uint64_t (*look)(int fd) = argc == 2 && strcmp(argv[1], "query") == 0 ? query : read_text;
        DIR *proc = opendir("/proc");
        struct dirent *entry;
        uint64_t total = 0, processes = 0;

        if (argc > 2 && strcmp(argv[1], "run") == 0)
                return run(argv + 2);
        while (proc && (entry = readdir(proc)))
                if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') {
                        char path[300];
                        int fd;

                        snprintf(path, sizeof(path), "/proc/%s/maps", entry->d_name);
                        fd = open(path, O_RDONLY | O_CLOEXEC);
                        if (fd < 0)
                                continue;
                        total += look(fd);
                        processes++;
                        close(fd);
                }
        printf("%llu %llu\n", (unsigned long long) processes, (unsigned long long) total);
        return EXIT_SUCCESS;
}
