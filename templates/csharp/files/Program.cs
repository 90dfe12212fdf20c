// An IoT Edge module that forwards telemetry above a threshold.
//
// A message on `input1` whose temperature is above the threshold leaves on `output1` with `"alert": true` and a
// running `"count"`; any other is dropped. The threshold is the desired property `threshold` of the module's twin, and
// is reported back. The direct method `status` tells the counters, `ping` answers `"pong"`.

using System.Runtime.InteropServices;
using EdgeModule;
using Microsoft.Azure.Devices.Client;

using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);

using ModuleClient client = await ModuleClient.CreateFromEnvironmentAsync(TransportType.Mqtt_Tcp_Only);
try
{
    await new Module(client).StartAsync(stop.Token);
    await Task.Delay(Timeout.Infinite, stop.Token);
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    Console.WriteLine("stopping");
}
await client.CloseAsync();
