/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report/vocabulary.h"
#include "unit.h"

/* The enums are of one size, so one row can stand for each. */
static const char *state(int value) { return state_to_string((State) value); }
static const char *pin_reason(int value) { return pin_reason_to_string((PinReason) value); }
static const char *certainty(int value) { return certainty_to_string((Certainty) value); }
static const char *action(int value) { return action_to_string((Action) value); }
static const char *urgency(int value) { return urgency_to_string((Urgency) value); }
static const char *runtime(int value) { return runtime_to_string((Runtime) value); }
static const char *flag(int value) { return flag_to_string((Flag) value); }
static int state_back(const char *s) { return (int) state_from_string(s); }
static int pin_reason_back(const char *s) { return (int) pin_reason_from_string(s); }
static int certainty_back(const char *s) { return (int) certainty_from_string(s); }
static int action_back(const char *s) { return (int) action_from_string(s); }
static int urgency_back(const char *s) { return (int) urgency_from_string(s); }

static const struct {
        const char *name;
        const char *(*to_string)(int value);
        int (*from_string)(const char *s);
        int end;
        bool bits;
} vocabularies[] = {
        { "state", state, state_back, STATE_MAX, false },
        { "pin reason", pin_reason, pin_reason_back, PIN_REASON_MAX, false },
        { "certainty", certainty, certainty_back, CERTAINTY_MAX, false },
        { "action", action, action_back, ACTION_MAX, false },
        { "urgency", urgency, urgency_back, URGENCY_MAX, false },
        { "runtime", runtime, runtime_from_string, RUNTIME_ALL + 1, true },
        { "flag", flag, flag_from_string, FLAG_ALL + 1, true },
};

START_TEST(each_word_leads_back_to_its_value) {
        for (int value = vocabularies[_i].bits; value < vocabularies[_i].end; value = vocabularies[_i].bits ? value * 2 : value + 1) {
                const char *word = vocabularies[_i].to_string(value);

                ck_assert_msg(vocabularies[_i].from_string(word) == value, "%s: %d is %s", vocabularies[_i].name, value, word);
                ck_assert_msg(word[strspn(word, "abcdefghijklmnopqrstuvwxyz-")] == '\0', "%s", word);
        }
}
END_TEST

static const char *const foreign[] = { "", " ", "Current", "current ", "certain-", "nodelet", "restart now", "0", "\xff" };

START_TEST(what_is_no_word_is_refused) {
        for (size_t i = 0; i < ELEMENTSOF(foreign); i++)
                ck_assert_int_eq(vocabularies[_i].from_string(foreign[i]), -EINVAL);
        ck_assert_int_eq(vocabularies[_i].from_string(NULL), -EINVAL);
}
END_TEST

START_TEST(value_out_of_range_is_unknown) {
        static const int values[] = { -22, -1, 1 << 20, 0x7fffffff };

        for (size_t i = 0; i < ELEMENTSOF(values); i++)
                ck_assert_str_eq(vocabularies[_i].to_string(values[i]), "unknown");
        ck_assert_str_eq(vocabularies[_i].to_string(vocabularies[_i].end), "unknown");
        if (vocabularies[_i].bits) {
                ck_assert_str_eq(vocabularies[_i].to_string(0), "unknown");
                ck_assert_str_eq(vocabularies[_i].to_string(3), "unknown");
        }
}
END_TEST

/* Scripts, dashboards and the journal's catalog hold on to these. */
static const struct {
        const char *word;
        int value;
        int (*from_string)(const char *s);
} fixed[] = {
        { "current", STATE_CURRENT, state_back },
        { "replaced", STATE_REPLACED, state_back },
        { "unreachable", STATE_UNREACHABLE, state_back },
        { "unknown", STATE_UNKNOWN, state_back },
        { "needed-at-startup", PIN_NEEDED_AT_STARTUP, pin_reason_back },
        { "open-handles", PIN_OPEN_HANDLES, pin_reason_back },
        { "not-loader", PIN_NOT_LOADER, pin_reason_back },
        { "unknown", PIN_UNKNOWN, pin_reason_back },
        { "by-elimination", CERTAINTY_BY_ELIMINATION, certainty_back },
        { "restart-now", ACTION_RESTART_NOW, action_back },
        { "reboot", ACTION_REBOOT, action_back },
        { "none", URGENCY_NONE, urgency_back },
        { "urgent", URGENCY_URGENT, urgency_back },
        { "nginx", RUNTIME_NGINX, runtime_from_string },
        { "file-bind-mount", FLAG_FILE_BIND_MOUNT, flag_from_string },
        { "unconfirmed", FLAG_UNCONFIRMED, flag_from_string },
};

START_TEST(words_stand_where_their_enum_does) {
        ck_assert_int_eq(fixed[_i].from_string(fixed[_i].word), fixed[_i].value);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("vocabulary");
        TCase *tcase = tcase_create("vocabulary");

        tcase_add_loop_test(tcase, each_word_leads_back_to_its_value, 0, ELEMENTSOF(vocabularies));
        tcase_add_loop_test(tcase, what_is_no_word_is_refused, 0, ELEMENTSOF(vocabularies));
        tcase_add_loop_test(tcase, value_out_of_range_is_unknown, 0, ELEMENTSOF(vocabularies));
        tcase_add_loop_test(tcase, words_stand_where_their_enum_does, 0, ELEMENTSOF(fixed));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
