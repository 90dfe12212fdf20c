package com.microsoft.azure.sdk.iot.device;

public enum IotHubConnectionStatusChangeReason {
    CONNECTION_OK
}
