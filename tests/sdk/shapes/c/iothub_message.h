#pragma once

#include <stddef.h>

typedef struct message* IOTHUB_MESSAGE_HANDLE;
typedef struct map* MAP_HANDLE;

typedef enum { IOTHUB_MESSAGE_OK, IOTHUB_MESSAGE_INVALID_ARG, IOTHUB_MESSAGE_INVALID_TYPE, IOTHUB_MESSAGE_ERROR } IOTHUB_MESSAGE_RESULT;
typedef enum { MAP_OK, MAP_ERROR, MAP_INVALIDARG } MAP_RESULT;

IOTHUB_MESSAGE_HANDLE IoTHubMessage_CreateFromByteArray(const unsigned char* bytes, size_t size);
void IoTHubMessage_Destroy(IOTHUB_MESSAGE_HANDLE message);
IOTHUB_MESSAGE_RESULT IoTHubMessage_GetByteArray(IOTHUB_MESSAGE_HANDLE message, const unsigned char** bytes, size_t* size);
IOTHUB_MESSAGE_RESULT IoTHubMessage_SetContentTypeSystemProperty(IOTHUB_MESSAGE_HANDLE message, const char* type);
IOTHUB_MESSAGE_RESULT IoTHubMessage_SetContentEncodingSystemProperty(IOTHUB_MESSAGE_HANDLE message, const char* encoding);
IOTHUB_MESSAGE_RESULT IoTHubMessage_SetProperty(IOTHUB_MESSAGE_HANDLE message, const char* name, const char* value);
MAP_HANDLE IoTHubMessage_Properties(IOTHUB_MESSAGE_HANDLE message);
MAP_RESULT Map_GetInternals(MAP_HANDLE map, const char* const** names, const char* const** values, size_t* count);
