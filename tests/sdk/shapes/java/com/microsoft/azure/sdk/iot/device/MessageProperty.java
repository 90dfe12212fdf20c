package com.microsoft.azure.sdk.iot.device;

public class MessageProperty {
    public String getName() {
        return null;
    }

    public String getValue() {
        return null;
    }
}
