package com.microsoft.azure.sdk.iot.device.twin;

public interface MethodCallback {
    DirectMethodResponse onMethodInvoked(String method, DirectMethodPayload payload, Object context);
}
