/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A program to be looked at: says that it runs, and sleeps for ten minutes at most. Built twice, with another build-id. */

#include <unistd.h>

int main(void) {
        if (write(STDOUT_FILENO, GENERATION "\n", sizeof(GENERATION)) != sizeof(GENERATION))
                return 1;
        sleep(600);
        return 0;
}
