package com.microsoft.azure.sdk.iot.device;

public class Message {
    public Message(byte[] body) {}

    public byte[] getBytes() {
        return null;
    }

    public void setContentType(String type) {}

    public void setContentEncoding(String encoding) {}

    public void setProperty(String name, String value) {}

    public MessageProperty[] getProperties() {
        return null;
    }
}
