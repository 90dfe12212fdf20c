#include "filter.h"

#include <stdio.h>

#include <cjson/cJSON.h>

static const double DEFAULT_THRESHOLD = 25;

void filter_init(filter_t* filter)
{
    filter->threshold = DEFAULT_THRESHOLD;
    filter->received = 0;
    filter->forwarded = 0;
}

void filter_apply(filter_t* filter, const char* document, size_t size)
{
    cJSON* root = cJSON_ParseWithLength(document, size);
    const cJSON* complete = cJSON_GetObjectItemCaseSensitive(root, "desired");
    const cJSON* threshold = cJSON_GetObjectItemCaseSensitive(complete != NULL ? complete : root, "threshold");

    if (cJSON_IsNumber(threshold))
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
    cJSON* root = cJSON_ParseWithLength(body, size);
    const cJSON* temperature = cJSON_GetObjectItemCaseSensitive(root, "temperature");

    filter->received++;
    if (root == NULL)
    {
        (void)fprintf(stderr, "dropped a message that is not JSON\n");
    }
    else if (cJSON_IsNumber(temperature) && temperature->valuedouble > filter->threshold)
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
