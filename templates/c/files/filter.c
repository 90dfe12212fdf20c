#include "filter.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

static const double DEFAULT_THRESHOLD = 25;

/* Reads one document, and nothing behind it but blanks. */
static cJSON* parse(const char* text, size_t size)
{
    const char* end = NULL;
    cJSON* root = cJSON_ParseWithLengthOpts(text, size, &end, false);
    while (root != NULL && end < text + size && isspace((unsigned char)*end))
    {
        end++;
    }
    if (root != NULL && end < text + size)
    {
        cJSON_Delete(root);
        root = NULL;
    }
    return root;
}

/* Says whether it is a number that JSON can hold: one with too many digits is none. */
static bool is_number(const cJSON* item)
{
    return cJSON_IsNumber(item) && isfinite(item->valuedouble);
}

/* Returns the machine's temperature, as the simulated sensor sends it, or else the one at the top. */
static const cJSON* temperature_of(const cJSON* root)
{
    const cJSON* machine = cJSON_GetObjectItemCaseSensitive(root, "machine");
    const cJSON* temperature = cJSON_GetObjectItemCaseSensitive(machine, "temperature");
    return is_number(temperature) ? temperature : cJSON_GetObjectItemCaseSensitive(root, "temperature");
}

void filter_init(filter_t* filter)
{
    filter->threshold = DEFAULT_THRESHOLD;
    filter->received = 0;
    filter->forwarded = 0;
}

void filter_apply(filter_t* filter, const char* document, size_t size)
{
    cJSON* root = parse(document, size);
    const cJSON* complete = cJSON_GetObjectItemCaseSensitive(root, "desired");
    const cJSON* threshold = cJSON_GetObjectItemCaseSensitive(complete != NULL ? complete : root, "threshold");

    if (is_number(threshold))
    {
        filter->threshold = threshold->valuedouble;
    }
    else if (cJSON_IsNull(threshold) || (threshold == NULL && complete != NULL))
    {
        filter->threshold = DEFAULT_THRESHOLD;
    }
    else if (threshold != NULL)
    {
        (void)fprintf(stderr, "ignored the threshold: expected a number\n");
    }
    cJSON_Delete(root);
}

char* filter_handle(filter_t* filter, const char* body, size_t size)
{
    char* forwarded = NULL;
    cJSON* root = parse(body, size);
    const cJSON* temperature = temperature_of(root);

    filter->received++;
    if (root == NULL)
    {
        (void)fprintf(stderr, "dropped a message that is not JSON\n");
    }
    else if (is_number(temperature) && temperature->valuedouble > filter->threshold)
    {
        filter->forwarded++;
        cJSON_DeleteItemFromObjectCaseSensitive(root, "alert");
        cJSON_DeleteItemFromObjectCaseSensitive(root, "count");
        if (cJSON_AddTrueToObject(root, "alert") != NULL
            && cJSON_AddNumberToObject(root, "count", (double)filter->forwarded) != NULL)
        {
            forwarded = cJSON_PrintUnformatted(root);
        }
    }
    cJSON_Delete(root);
    return forwarded;
}

char* filter_status(const filter_t* filter)
{
    char* text = NULL;
    cJSON* root = cJSON_CreateObject();

    if (cJSON_AddNumberToObject(root, "received", (double)filter->received) != NULL
        && cJSON_AddNumberToObject(root, "forwarded", (double)filter->forwarded) != NULL
        && cJSON_AddNumberToObject(root, "threshold", filter->threshold) != NULL)
    {
        text = cJSON_PrintUnformatted(root);
    }
    cJSON_Delete(root);
    return text;
}

char* filter_refusal(const char* method)
{
    static const char BEGIN[] = "there is no method ";
    const size_t size = sizeof BEGIN + strlen(method);
    char* text = NULL;
    char* error = malloc(size);
    cJSON* root = cJSON_CreateObject();

    if (error != NULL)
    {
        (void)snprintf(error, size, "%s%s", BEGIN, method);
        if (cJSON_AddStringToObject(root, "error", error) != NULL)
        {
            text = cJSON_PrintUnformatted(root);
        }
    }
    free(error);
    cJSON_Delete(root);
    return text;
}

char* filter_report(const filter_t* filter)
{
    char* text = NULL;
    cJSON* root = cJSON_CreateObject();

    if (cJSON_AddNumberToObject(root, "threshold", filter->threshold) != NULL)
    {
        text = cJSON_PrintUnformatted(root);
    }
    cJSON_Delete(root);
    return text;
}
