#pragma once

#include "iothub_module_client_ll.h"

const TRANSPORT_PROVIDER* MQTT_Protocol(void);
