package com.microsoft.azure.sdk.iot.device.transport;

public enum IotHubConnectionStatus {
    CONNECTED,
    DISCONNECTED,
    DISCONNECTED_RETRYING
}
