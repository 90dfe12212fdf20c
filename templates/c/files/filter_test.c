#include "filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;

/* Checks a text that the filter gave, and frees it. */
static void check(const char* what, char* got, const char* expected)
{
    const int same = got == NULL || expected == NULL ? got == expected : strcmp(got, expected) == 0;
    if (!same)
    {
        failures++;
        (void)fprintf(stderr, "%s: got %s, expected %s\n", what, got ? got : "NULL", expected ? expected : "NULL");
    }
    free(got);
}

static char* handle(filter_t* filter, const char* body)
{
    return filter_handle(filter, body, strlen(body));
}

static void only_what_is_above_the_threshold_passes(void)
{
    filter_t filter;
    filter_init(&filter);
    check("at the threshold", handle(&filter, "{\"temperature\":25}"), NULL);
    check("above it", handle(&filter, "{\"unit\":\"C\",\"temperature\":25.5}"),
        "{\"unit\":\"C\",\"temperature\":25.5,\"alert\":true,\"count\":1}");
    check("status", filter_status(&filter), "{\"received\":2,\"forwarded\":1,\"threshold\":25}");
}

static void the_temperature_of_the_machine_comes_first(void)
{
    filter_t filter;
    filter_init(&filter);
    check("of the machine", handle(&filter, "{\"machine\":{\"temperature\":25.5},\"temperature\":21}"),
        "{\"machine\":{\"temperature\":25.5},\"temperature\":21,\"alert\":true,\"count\":1}");
    check("only that", handle(&filter, "{\"machine\":{\"temperature\":20},\"temperature\":40}"), NULL);
    check("at the top", handle(&filter, "{\"machine\":{\"pressure\":1},\"temperature\":26}"),
        "{\"machine\":{\"pressure\":1},\"temperature\":26,\"alert\":true,\"count\":2}");
    check("no machine", handle(&filter, "{\"machine\":26}"), NULL);
    check("status", filter_status(&filter), "{\"received\":4,\"forwarded\":2,\"threshold\":25}");
}

static void what_has_no_temperature_is_dropped_and_counted(void)
{
    static const char* const bodies[] = {
        "", "[]", "{}", "26", "{\"temperature\":\"26\"}", "{\"temperature\":null}", "{\"temperature\":true}",
        "{temperature:26}", "{\"temperature\":26} x", "{\"temperature\":1e999}", "{\"temperature\":NaN}",
    };
    filter_t filter;
    filter_init(&filter);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
    {
        check(bodies[i], handle(&filter, bodies[i]), NULL);
    }
    check("status", filter_status(&filter), "{\"received\":11,\"forwarded\":0,\"threshold\":25}");
}

static void the_threshold_follows_the_desired_properties(void)
{
    static const char* const changes[][2] = {
        {"{\"threshold\":30.5}", "{\"threshold\":30.5}"},
        {"{\"other\":1}", "{\"threshold\":30.5}"},
        {"{\"threshold\":\"hot\"}", "{\"threshold\":30.5}"},
        {"{\"threshold\":null}", "{\"threshold\":25}"},
        {"{\"desired\":{\"threshold\":40},\"reported\":{}}", "{\"threshold\":40}"},
        {"{\"desired\":{},\"reported\":{}}", "{\"threshold\":25}"},
    };
    filter_t filter;
    filter_init(&filter);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
    {
        filter_apply(&filter, changes[i][0], strlen(changes[i][0]));
        check(changes[i][0], filter_report(&filter), changes[i][1]);
    }
}

int main(void)
{
    only_what_is_above_the_threshold_passes();
    the_temperature_of_the_machine_comes_first();
    what_has_no_temperature_is_dropped_and_counted();
    the_threshold_follows_the_desired_properties();
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
