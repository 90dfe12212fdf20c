using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Azure.Devices.Client;
using Microsoft.Azure.Devices.Shared;

namespace EdgeModule;

/// <summary>Ties the filter to the hub. The SDK runs the handlers on threads of its own.</summary>
internal sealed class Module(ModuleClient client)
{
    private static readonly JsonSerializerOptions CamelCase = new(JsonSerializerDefaults.Web);

    private readonly Filter _filter = new();
    private readonly SemaphoreSlim _reporting = new(1);
    private readonly TaskCompletionSource _configured = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private double? _reported;

    public async Task StartAsync(CancellationToken cancel)
    {
        // Setting the first handler connects, and the hub may deliver at once: handlers come first, and wait for the
        // twin before they decide anything.
        client.SetConnectionStatusChangesHandler(OnConnectionStatus);
        await client.SetInputMessageHandlerAsync("input1", OnMessageAsync, null, cancel);
        await client.SetMethodHandlerAsync("status", (_, _) => Answer(200, _filter.Status), null, cancel);
        await client.SetMethodHandlerAsync("ping", (_, _) => Answer(200, "pong"), null, cancel);
        await client.SetMethodDefaultHandlerAsync(
            (request, _) => Answer(404, new { Error = $"there is no method {request.Name}" }), null, cancel);
        await client.SetDesiredPropertyUpdateCallbackAsync((patch, _) => ApplyAsync(Document(patch)), null, cancel);
        await ReadTwinAsync(cancel);
        _configured.SetResult();
    }

    private async Task<MessageResponse> OnMessageAsync(Message message, object context)
    {
        await _configured.Task;
        JsonObject? body = _filter.Handle(message.GetBytes());
        if (body is not null)
        {
            using var output = new Message(Encoding.UTF8.GetBytes(body.ToJsonString()))
            {
                ContentType = "application/json",
                ContentEncoding = "utf-8",
            };
            foreach ((string name, string value) in message.Properties)
            {
                output.Properties[name] = value;
            }
            await client.SendEventAsync("output1", output);
        }
        return MessageResponse.Completed;
    }

    private static Task<MethodResponse> Answer(int status, object payload) =>
        Task.FromResult(new MethodResponse(JsonSerializer.SerializeToUtf8Bytes(payload, CamelCase), status));

    private async void OnConnectionStatus(ConnectionStatus status, ConnectionStatusChangeReason reason)
    {
        Console.WriteLine($"the connection: {status}, {reason}");
        // The SDK subscribes again after a lost connection, but does not ask what changed meanwhile.
        if (status != ConnectionStatus.Connected || !_configured.Task.IsCompleted)
        {
            return;
        }
        try
        {
            await ReadTwinAsync(CancellationToken.None);
        }
        catch (Exception error)
        {
            Console.Error.WriteLine($"cannot read the twin: {error.Message}");
        }
    }

    private async Task ReadTwinAsync(CancellationToken cancel)
    {
        Twin twin = await client.GetTwinAsync(cancel);
        JsonObject desired = Document(twin.Properties.Desired);
        // A threshold that is not there is the default, as one that is null.
        if (!desired.ContainsKey("threshold"))
        {
            desired["threshold"] = null;
        }
        await ApplyAsync(desired);
    }

    private static JsonObject Document(TwinCollection properties) => (JsonObject)JsonNode.Parse(properties.ToJson())!;

    /// <summary>Returns a whole number as such, so that 1000 is not reported as 1000.0.</summary>
    private static object Plain(double value) =>
        value % 1 == 0 && Math.Abs(value) < 1L << 53 ? (object)(long)value : value;

    private async Task ApplyAsync(JsonObject desired)
    {
        _filter.Apply(desired);
        await _reporting.WaitAsync();
        try
        {
            double threshold = _filter.Status.Threshold;
            if (threshold == _reported)
            {
                return;
            }
            await client.UpdateReportedPropertiesAsync(new TwinCollection { ["threshold"] = Plain(threshold) });
            _reported = threshold;
            Console.WriteLine($"the threshold is {threshold}");
        }
        finally
        {
            _reporting.Release();
        }
    }
}
