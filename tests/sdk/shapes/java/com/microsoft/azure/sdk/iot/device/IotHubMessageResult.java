package com.microsoft.azure.sdk.iot.device;

public enum IotHubMessageResult {
    COMPLETE,
    ABANDON,
    REJECT
}
