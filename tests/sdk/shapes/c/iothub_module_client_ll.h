#pragma once

#include <stddef.h>

#include "iothub_message.h"

typedef struct client* IOTHUB_MODULE_CLIENT_LL_HANDLE;
typedef struct transport TRANSPORT_PROVIDER;

typedef enum { IOTHUB_CLIENT_OK, IOTHUB_CLIENT_INVALID_ARG, IOTHUB_CLIENT_ERROR } IOTHUB_CLIENT_RESULT;
typedef enum { IOTHUB_CLIENT_CONFIRMATION_OK, IOTHUB_CLIENT_CONFIRMATION_ERROR } IOTHUB_CLIENT_CONFIRMATION_RESULT;
typedef enum { DEVICE_TWIN_UPDATE_COMPLETE, DEVICE_TWIN_UPDATE_PARTIAL } DEVICE_TWIN_UPDATE_STATE;
typedef enum { IOTHUBMESSAGE_ACCEPTED, IOTHUBMESSAGE_REJECTED, IOTHUBMESSAGE_ABANDONED } IOTHUBMESSAGE_DISPOSITION_RESULT;

typedef const TRANSPORT_PROVIDER* (*IOTHUB_CLIENT_TRANSPORT_PROVIDER)(void);
typedef void (*IOTHUB_CLIENT_EVENT_CONFIRMATION_CALLBACK)(IOTHUB_CLIENT_CONFIRMATION_RESULT result, void* context);
typedef IOTHUBMESSAGE_DISPOSITION_RESULT (*IOTHUB_CLIENT_MESSAGE_CALLBACK_ASYNC)(IOTHUB_MESSAGE_HANDLE message, void* context);
typedef void (*IOTHUB_CLIENT_REPORTED_STATE_CALLBACK)(int status, void* context);
typedef void (*IOTHUB_CLIENT_DEVICE_TWIN_CALLBACK)(
    DEVICE_TWIN_UPDATE_STATE state, const unsigned char* document, size_t size, void* context);
typedef int (*IOTHUB_CLIENT_DEVICE_METHOD_CALLBACK_ASYNC)(const char* name, const unsigned char* payload, size_t size,
    unsigned char** answer, size_t* answer_size, void* context);

#ifdef USE_EDGE_MODULES
IOTHUB_MODULE_CLIENT_LL_HANDLE IoTHubModuleClient_LL_CreateFromEnvironment(IOTHUB_CLIENT_TRANSPORT_PROVIDER protocol);
#endif
void IoTHubModuleClient_LL_Destroy(IOTHUB_MODULE_CLIENT_LL_HANDLE client);
void IoTHubModuleClient_LL_DoWork(IOTHUB_MODULE_CLIENT_LL_HANDLE client);
IOTHUB_CLIENT_RESULT IoTHubModuleClient_LL_SetOption(IOTHUB_MODULE_CLIENT_LL_HANDLE client, const char* name, const void* value);
IOTHUB_CLIENT_RESULT IoTHubModuleClient_LL_SetModuleTwinCallback(
    IOTHUB_MODULE_CLIENT_LL_HANDLE client, IOTHUB_CLIENT_DEVICE_TWIN_CALLBACK callback, void* context);
IOTHUB_CLIENT_RESULT IoTHubModuleClient_LL_SetModuleMethodCallback(
    IOTHUB_MODULE_CLIENT_LL_HANDLE client, IOTHUB_CLIENT_DEVICE_METHOD_CALLBACK_ASYNC callback, void* context);
IOTHUB_CLIENT_RESULT IoTHubModuleClient_LL_SetMessageCallback(
    IOTHUB_MODULE_CLIENT_LL_HANDLE client, IOTHUB_CLIENT_MESSAGE_CALLBACK_ASYNC callback, void* context);
IOTHUB_CLIENT_RESULT IoTHubModuleClient_LL_SetInputMessageCallback(
    IOTHUB_MODULE_CLIENT_LL_HANDLE client, const char* input, IOTHUB_CLIENT_MESSAGE_CALLBACK_ASYNC callback, void* context);
IOTHUB_CLIENT_RESULT IoTHubModuleClient_LL_SendReportedState(IOTHUB_MODULE_CLIENT_LL_HANDLE client,
    const unsigned char* document, size_t size, IOTHUB_CLIENT_REPORTED_STATE_CALLBACK callback, void* context);
IOTHUB_CLIENT_RESULT IoTHubModuleClient_LL_SendEventToOutputAsync(IOTHUB_MODULE_CLIENT_LL_HANDLE client,
    IOTHUB_MESSAGE_HANDLE message, const char* output, IOTHUB_CLIENT_EVENT_CONFIRMATION_CALLBACK callback, void* context);
