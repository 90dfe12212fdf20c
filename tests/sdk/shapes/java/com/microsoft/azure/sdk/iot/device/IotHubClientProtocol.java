package com.microsoft.azure.sdk.iot.device;

public enum IotHubClientProtocol {
    MQTT
}
