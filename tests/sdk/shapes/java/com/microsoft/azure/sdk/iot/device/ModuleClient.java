package com.microsoft.azure.sdk.iot.device;

import com.microsoft.azure.sdk.iot.device.exceptions.IotHubClientException;
import com.microsoft.azure.sdk.iot.device.hsm.UnixDomainSocketChannel;
import com.microsoft.azure.sdk.iot.device.twin.DesiredPropertiesCallback;
import com.microsoft.azure.sdk.iot.device.twin.MethodCallback;
import com.microsoft.azure.sdk.iot.device.twin.Twin;
import com.microsoft.azure.sdk.iot.device.twin.TwinCollection;

public class ModuleClient {
    public static ModuleClient createFromEnvironment(UnixDomainSocketChannel channel, IotHubClientProtocol protocol)
            throws IotHubClientException {
        return null;
    }

    public void open(boolean withRetry) throws IotHubClientException {}

    public void close() {}

    public ModuleClient setMessageCallback(MessageCallback callback, Object context) {
        return this;
    }

    public ModuleClient setMessageCallback(String input, MessageCallback callback, Object context) {
        return this;
    }

    public void setConnectionStatusChangeCallback(IotHubConnectionStatusChangeCallback callback, Object context) {}

    public void sendEvent(Message message, String output) throws InterruptedException, IotHubClientException {}

    public void subscribeToMethods(MethodCallback callback, Object context) throws InterruptedException, IotHubClientException {}

    public void subscribeToDesiredProperties(DesiredPropertiesCallback callback, Object context)
            throws InterruptedException, IotHubClientException {}

    public Twin getTwin() throws InterruptedException, IotHubClientException {
        return null;
    }

    public int updateReportedProperties(TwinCollection properties) throws InterruptedException, IotHubClientException {
        return 0;
    }
}
