package com.microsoft.azure.sdk.iot.device.hsm;

import java.io.IOException;

public interface UnixDomainSocketChannel {
    void open(String address) throws IOException;

    void write(byte[] output) throws IOException;

    int read(byte[] input) throws IOException;

    void close() throws IOException;
}
