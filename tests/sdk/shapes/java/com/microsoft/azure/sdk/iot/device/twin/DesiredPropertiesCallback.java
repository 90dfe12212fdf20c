package com.microsoft.azure.sdk.iot.device.twin;

public interface DesiredPropertiesCallback {
    void onDesiredPropertiesUpdated(Twin twin, Object context);
}
