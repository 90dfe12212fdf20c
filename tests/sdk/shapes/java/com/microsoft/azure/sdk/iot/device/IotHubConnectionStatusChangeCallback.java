package com.microsoft.azure.sdk.iot.device;

public interface IotHubConnectionStatusChangeCallback {
    void onStatusChanged(ConnectionStatusChangeContext change);
}
