/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report/vocabulary.h"
#include "unit.h"

static const Vocabulary *const vocabularies[] = {
        &state_vocabulary, &pin_reason_vocabulary, &certainty_vocabulary, &action_vocabulary, &urgency_vocabulary,
        &runtime_vocabulary, &flag_vocabulary, &unknown_reason_vocabulary, &removal_vocabulary,
};

START_TEST(words_are_distinct_and_lower_case) {
        const Vocabulary *v = vocabularies[_i];

        for (size_t i = 0; i < v->n; i++) {
                const char *word = vocabulary_word(v, i);

                ck_assert_int_eq(vocabulary_find(v, word), (int) i);
                ck_assert_msg(*word && word[strspn(word, "abcdefghijklmnopqrstuvwxyz-")] == '\0', "%s", word);
        }
}
END_TEST

static const char *const foreign[] = { "", " ", "Current", "current ", "certain-", "nodelet", "restart now", "0", "\xff" };

START_TEST(other_words_are_refused) {
        for (size_t i = 0; i < ELEMENTSOF(foreign); i++)
                ck_assert_int_eq(vocabulary_find(vocabularies[_i], foreign[i]), -EINVAL);
        ck_assert_int_eq(vocabulary_find(vocabularies[_i], NULL), -EINVAL);
}
END_TEST

START_TEST(values_out_of_range_are_unknown) {
        ck_assert_str_eq(vocabulary_word(vocabularies[_i], vocabularies[_i]->n), "unknown");
        ck_assert_str_eq(vocabulary_word(vocabularies[_i], SIZE_MAX), "unknown");
        ck_assert_str_eq(state_to_string(STATE_INVALID), "unknown");
        ck_assert_str_eq(removal_to_string(REMOVAL_INVALID), "unknown");
        ck_assert_str_eq(flag_to_string(0), "unknown");
        ck_assert_str_eq(flag_to_string(3), "unknown");
        ck_assert_str_eq(flag_to_string(FLAG_ALL + 1), "unknown");
        ck_assert_str_eq(runtime_to_string(RUNTIME_ALL + 1), "unknown");
}
END_TEST

/* Scripts, dashboards and the journal's catalog rely on these. */
static const struct {
        const char *word;
        int value;
        const Vocabulary *vocabulary;
} fixed[] = {
        { "current", STATE_CURRENT, &state_vocabulary },
        { "replaced", STATE_REPLACED, &state_vocabulary },
        { "unreachable", STATE_UNREACHABLE, &state_vocabulary },
        { "unknown", STATE_UNKNOWN, &state_vocabulary },
        { "needed-at-startup", PIN_NEEDED_AT_STARTUP, &pin_reason_vocabulary },
        { "open-handles", PIN_OPEN_HANDLES, &pin_reason_vocabulary },
        { "not-loader", PIN_NOT_LOADER, &pin_reason_vocabulary },
        { "unknown", PIN_UNKNOWN, &pin_reason_vocabulary },
        { "by-elimination", CERTAINTY_BY_ELIMINATION, &certainty_vocabulary },
        { "restart-now", ACTION_RESTART_NOW, &action_vocabulary },
        { "reboot", ACTION_REBOOT, &action_vocabulary },
        { "none", URGENCY_NONE, &urgency_vocabulary },
        { "urgent", URGENCY_URGENT, &urgency_vocabulary },
        { "permission", UNKNOWN_PERMISSION, &unknown_reason_vocabulary },
        { "other", UNKNOWN_OTHER, &unknown_reason_vocabulary },
        { "exited", REMOVAL_EXITED, &removal_vocabulary },
        { "unmapped", REMOVAL_UNMAPPED, &removal_vocabulary },
        { "current-again", REMOVAL_CURRENT_AGAIN, &removal_vocabulary },
};

START_TEST(words_belong_to_their_values) {
        ck_assert_int_eq(vocabulary_find(fixed[_i].vocabulary, fixed[_i].word), fixed[_i].value);
        ck_assert_str_eq(runtime_to_string(RUNTIME_NGINX), "nginx");
        ck_assert_str_eq(flag_to_string(FLAG_FILE_BIND_MOUNT), "file-bind-mount");
        ck_assert_str_eq(flag_to_string(FLAG_UNCONFIRMED), "unconfirmed");
}
END_TEST

int main(void) {
        Suite *suite = suite_create("vocabulary");
        TCase *tcase = tcase_create("vocabulary");

        tcase_add_loop_test(tcase, words_are_distinct_and_lower_case, 0, ELEMENTSOF(vocabularies));
        tcase_add_loop_test(tcase, other_words_are_refused, 0, ELEMENTSOF(vocabularies));
        tcase_add_loop_test(tcase, values_out_of_range_are_unknown, 0, ELEMENTSOF(vocabularies));
        tcase_add_loop_test(tcase, words_belong_to_their_values, 0, ELEMENTSOF(fixed));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
