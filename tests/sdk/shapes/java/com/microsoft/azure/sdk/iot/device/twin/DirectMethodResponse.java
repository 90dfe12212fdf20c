package com.microsoft.azure.sdk.iot.device.twin;

public class DirectMethodResponse {
    public DirectMethodResponse(int status, Object payload) {}
}
