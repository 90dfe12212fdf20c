#pragma once

int IoTHub_Init(void);
void IoTHub_Deinit(void);
