package module;

import com.microsoft.azure.sdk.iot.device.hsm.UnixDomainSocketChannel;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** The unix socket over which the SDK asks the runtime for signatures and certificates. */
final class WorkloadSocket implements UnixDomainSocketChannel {
    private SocketChannel channel;

    @Override
    public void open(String address) throws IOException {
        channel = SocketChannel.open(UnixDomainSocketAddress.of(address));
    }

    @Override
    public void write(byte[] output) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(output);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    @Override
    public int read(byte[] inputBuffer) throws IOException {
        return channel.read(ByteBuffer.wrap(inputBuffer));
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
