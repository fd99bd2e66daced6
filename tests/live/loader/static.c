/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A process without a loader. */

#include <stdio.h>
#include <unistd.h>

int main(void) {
        alarm(120);
        printf("ready\n");
        fflush(stdout);
        while (getchar() != EOF)
                ;
        return 0;
}
