/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Replays files, and the files in directories, through a fuzz target: the driver where libFuzzer is not. */

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "fuzz.h"
#include "util/base.h"

/* libFuzzer's own default is 4 KiB; a recorded case is never much larger. */
#define INPUT_MAX (16u << 20)

static int replay_file(int directory_fd, const char *name) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ uint8_t *data = NULL;
        struct stat st;

        fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_size > (off_t) INPUT_MAX)
                return -EINVAL;

        /* Exactly as large as the input: a read past its end is then seen by ASan and valgrind. */
        data = malloc(st.st_size > 0 ? (size_t) st.st_size : 1);
        if (!data)
                return -ENOMEM;
        if (read(fd, data, (size_t) st.st_size) != (ssize_t) st.st_size)
                return -EIO;
        LLVMFuzzerTestOneInput(data, (size_t) st.st_size);
        return 1;
}

static int replay_directory(const char *path) {
        DIR *directory = opendir(path);
        struct dirent *entry;
        int n = 0, r = 0;

        if (!directory)
                return -errno;
        while (r >= 0 && (entry = readdir(directory)))
                if (entry->d_name[0] != '.') {
                        r = replay_file(dirfd(directory), entry->d_name);
                        n += r;
                        if (r < 0)
                                fprintf(stderr, "%s/%s: %s\n", path, entry->d_name, strerror(-r));
                }
        closedir(directory);
        return r < 0 ? r : n;
}

int main(int argc, char *argv[]) {
        int n = 0;

        for (int i = 1; i < argc; i++) {
                struct stat st;
                int r;

                if (stat(argv[i], &st) < 0)
                        r = -errno;
                else
                        r = S_ISDIR(st.st_mode) ? replay_directory(argv[i]) : replay_file(AT_FDCWD, argv[i]);
                if (r < 0) {
                        fprintf(stderr, "%s: %s\n", argv[i], strerror(-r));
                        return EXIT_FAILURE;
                }
                n += r;
        }
        printf("%d inputs\n", n);
        return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
