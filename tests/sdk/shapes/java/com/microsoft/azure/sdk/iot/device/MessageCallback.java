package com.microsoft.azure.sdk.iot.device;

public interface MessageCallback {
    IotHubMessageResult onCloudToDeviceMessageReceived(Message message, Object context);
}
