/*
 * An IoT Edge module that forwards telemetry above a threshold.
 *
 * A message on `input1` whose temperature is above the threshold leaves on `output1` with `"alert": true` and a
 * running `"count"`; any other is dropped. The threshold is the desired property `threshold` of the module's twin, and
 * is reported back. The direct method `status` tells the counters, `ping` answers `"pong"`.
 */

#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "azure_c_shared_utility/threadapi.h"
#include "iothub.h"
#include "iothub_client_options.h"
#include "iothub_message.h"
#include "iothub_module_client_ll.h"
#include "iothubtransportmqtt.h"

#include "filter.h"

typedef struct
{
    IOTHUB_MODULE_CLIENT_LL_HANDLE client;
    filter_t filter;
    double reported;
    bool is_configured;
    bool is_listening;
} module_t;

static volatile sig_atomic_t is_stopping = 0;

static void on_signal(int number)
{
    (void)number;
    is_stopping = 1;
}

static void on_reported(int status, void* context)
{
    (void)context;
    if (status >= 300)
    {
        (void)fprintf(stderr, "the hub refused reported properties with status %d\n", status);
    }
}

static void report(module_t* module)
{
    char* text = filter_report(&module->filter);
    if (text != NULL && module->reported != module->filter.threshold)
    {
        const IOTHUB_CLIENT_RESULT result = IoTHubModuleClient_LL_SendReportedState(
            module->client, (const unsigned char*)text, strlen(text), on_reported, NULL);
        if (result == IOTHUB_CLIENT_OK)
        {
            module->reported = module->filter.threshold;
            (void)printf("the threshold is %g\n", module->filter.threshold);
        }
    }
    free(text);
}

/* The SDK asks for the complete twin as soon as this is registered, and again whenever it connects anew. */
static void on_twin(DEVICE_TWIN_UPDATE_STATE state, const unsigned char* document, size_t size, void* context)
{
    module_t* module = context;
    (void)state;
    filter_apply(&module->filter, (const char*)document, size);
    module->is_configured = true;
    report(module);
}

static int on_method(
    const char* name, const unsigned char* payload, size_t size, unsigned char** answer, size_t* answer_size, void* context)
{
    const module_t* module = context;
    int status = 200;
    char* text;
    (void)payload;
    (void)size;
    if (strcmp(name, "status") == 0)
    {
        text = filter_status(&module->filter);
    }
    else if (strcmp(name, "ping") == 0)
    {
        text = strdup("\"pong\"");
    }
    else
    {
        status = 404;
        text = filter_refusal(name);
    }
    *answer = (unsigned char*)text;
    *answer_size = text != NULL ? strlen(text) : 0;
    return text != NULL ? status : 500;
}

static void on_sent(IOTHUB_CLIENT_CONFIRMATION_RESULT result, void* context)
{
    (void)context;
    if (result != IOTHUB_CLIENT_CONFIRMATION_OK)
    {
        (void)fprintf(stderr, "cannot forward a message: the hub did not store it (%d)\n", (int)result);
    }
}

static void copy_properties(IOTHUB_MESSAGE_HANDLE from, IOTHUB_MESSAGE_HANDLE to)
{
    const char* const* names;
    const char* const* values;
    size_t count;
    if (Map_GetInternals(IoTHubMessage_Properties(from), &names, &values, &count) != MAP_OK)
    {
        return;
    }
    for (size_t i = 0; i < count; i++)
    {
        (void)IoTHubMessage_SetProperty(to, names[i], values[i]);
    }
}

/* Hands the document to the SDK, which sends it again over a lost connection. */
static bool forward(module_t* module, const char* body, IOTHUB_MESSAGE_HANDLE source)
{
    IOTHUB_MESSAGE_HANDLE output = IoTHubMessage_CreateFromByteArray((const unsigned char*)body, strlen(body));
    bool is_sent = false;
    if (output != NULL)
    {
        copy_properties(source, output);
        is_sent = IoTHubMessage_SetContentTypeSystemProperty(output, "application/json") == IOTHUB_MESSAGE_OK
            && IoTHubMessage_SetContentEncodingSystemProperty(output, "utf-8") == IOTHUB_MESSAGE_OK
            && IoTHubModuleClient_LL_SendEventToOutputAsync(module->client, output, "output1", on_sent, NULL)
                == IOTHUB_CLIENT_OK;
        IoTHubMessage_Destroy(output);
    }
    return is_sent;
}

static IOTHUBMESSAGE_DISPOSITION_RESULT on_message(IOTHUB_MESSAGE_HANDLE message, void* context)
{
    module_t* module = context;
    const unsigned char* data = NULL;
    size_t size = 0;
    bool is_done = true;
    char* body;
    if (IoTHubMessage_GetByteArray(message, &data, &size) != IOTHUB_MESSAGE_OK)
    {
        (void)fprintf(stderr, "dropped a message without bytes\n");
        return IOTHUBMESSAGE_REJECTED;
    }
    body = filter_handle(&module->filter, (const char*)data, size);
    if (body != NULL)
    {
        is_done = forward(module, body, message);
        free(body);
    }
    return is_done ? IOTHUBMESSAGE_ACCEPTED : IOTHUBMESSAGE_ABANDONED;
}

/* Without a handler of its own, a message to another input would stay with the hub. */
static IOTHUBMESSAGE_DISPOSITION_RESULT on_other(IOTHUB_MESSAGE_HANDLE message, void* context)
{
    (void)message;
    (void)context;
    return IOTHUBMESSAGE_ACCEPTED;
}

static bool subscribe(module_t* module)
{
    bool encode = true;
    return IoTHubModuleClient_LL_SetOption(module->client, OPTION_AUTO_URL_ENCODE_DECODE, &encode) == IOTHUB_CLIENT_OK
        && IoTHubModuleClient_LL_SetModuleTwinCallback(module->client, on_twin, module) == IOTHUB_CLIENT_OK
        && IoTHubModuleClient_LL_SetModuleMethodCallback(module->client, on_method, module) == IOTHUB_CLIENT_OK;
}

/* Serves until the module is asked to end. Returns false if the hub cannot be listened to. */
static bool serve(module_t* module)
{
    while (!is_stopping)
    {
        IoTHubModuleClient_LL_DoWork(module->client);
        /* No message is decided on before the threshold is known. */
        if (module->is_configured && !module->is_listening)
        {
            if (IoTHubModuleClient_LL_SetInputMessageCallback(module->client, "input1", on_message, module)
                    != IOTHUB_CLIENT_OK
                || IoTHubModuleClient_LL_SetMessageCallback(module->client, on_other, NULL) != IOTHUB_CLIENT_OK)
            {
                return false;
            }
            module->is_listening = true;
        }
        ThreadAPI_Sleep(10);
    }
    return true;
}

int main(void)
{
    module_t module = {0};
    bool is_good = false;
    struct sigaction action = {0};
    action.sa_handler = on_signal;
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);

    filter_init(&module.filter);
    module.reported = NAN;
    if (IoTHub_Init() != 0)
    {
        (void)fprintf(stderr, "cannot initialize the SDK\n");
        return EXIT_FAILURE;
    }
    module.client = IoTHubModuleClient_LL_CreateFromEnvironment(MQTT_Protocol);
    if (module.client == NULL)
    {
        (void)fprintf(stderr, "cannot make a client: start the module in IoT Edge\n");
    }
    else
    {
        is_good = subscribe(&module) && serve(&module);
        (void)printf("stopping\n");
        IoTHubModuleClient_LL_Destroy(module.client);
    }
    IoTHub_Deinit();
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
