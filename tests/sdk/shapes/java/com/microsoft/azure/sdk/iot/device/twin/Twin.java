package com.microsoft.azure.sdk.iot.device.twin;

public class Twin {
    public TwinCollection getDesiredProperties() {
        return null;
    }
}
