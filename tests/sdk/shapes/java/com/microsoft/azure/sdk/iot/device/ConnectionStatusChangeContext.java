package com.microsoft.azure.sdk.iot.device;

import com.microsoft.azure.sdk.iot.device.transport.IotHubConnectionStatus;

public class ConnectionStatusChangeContext {
    public IotHubConnectionStatus getNewStatus() {
        return null;
    }

    public IotHubConnectionStatusChangeReason getNewStatusReason() {
        return null;
    }
}
