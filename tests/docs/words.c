/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Prints the vocabulary and the rules of what is ignored, a word a line behind its kind, for the tests of the manual pages. */

#include <stdio.h>

#include "judge/ignore.h"
#include "report/snapshot.h"
#include "report/vocabulary.h"

/* As stalelibd.conf(5) has them, escaped for scdoc(5). */
static void print_rules(void) {
        size_t n;
        const IgnoreRule *rules = ignore_rules(&n);

        for (size_t i = 0; i < n; i++) {
                printf("rule *%s*", rules[i].name);
                for (const char *p = rules[i].pattern; p && *p; p++)
                        printf("%s%s%c", p == rules[i].pattern ? ", " : "", *p == '*' || *p == '_' ? "\\" : "", *p);
                printf("\nreason %s\n", rules[i].reason);
        }
}

int main(void) {
        for (int i = 0; i < STATE_MAX; i++)
                printf("state %s\n", state_to_string(i));
        for (int i = 0; i < PIN_REASON_MAX; i++)
                printf("pin %s\n", pin_reason_to_string(i));
        for (int i = 0; i < CERTAINTY_MAX; i++)
                printf("certainty %s\n", certainty_to_string(i));
        for (int i = 0; i < ACTION_MAX; i++)
                printf("action %s\n", action_to_string(i));
        for (unsigned bit = 1; bit < RUNTIME_ALL; bit <<= 1)
                printf("runtime %s\n", runtime_to_string(bit));
        for (unsigned bit = 1; bit < FLAG_ALL; bit <<= 1)
                printf("flag %s\n", flag_to_string(bit));
        for (int i = 0; i < URGENCY_MAX; i++)
                printf("urgency %s\n", urgency_to_string(i));
        for (int i = 0; i < UNKNOWN_REASON_MAX; i++)
                printf("unknown %s\n", unknown_reason_to_string(i));
        for (int i = 0; i < REMOVAL_MAX; i++)
                printf("removal %s\n", removal_to_string(i));
        print_rules();
        return 0;
}
