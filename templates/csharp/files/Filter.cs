using System.Text.Json;
using System.Text.Json.Nodes;

namespace EdgeModule;

/// <summary>The counters and the threshold in force.</summary>
public record Status(int Received, int Forwarded, double Threshold);

/// <summary>What the module decides; knows nothing of the hub.</summary>
public sealed class Filter
{
    private const double DefaultThreshold = 25;

    private readonly Lock _lock = new();
    private double _threshold = DefaultThreshold;
    private int _received;
    private int _forwarded;

    /// <summary>Takes over desired properties; a threshold of <c>null</c> is the default again.</summary>
    public void Apply(JsonObject desired)
    {
        if (!desired.TryGetPropertyValue("threshold", out JsonNode? value))
        {
            return;
        }
        lock (_lock)
        {
            if (value is null)
            {
                _threshold = DefaultThreshold;
            }
            else if (Number(value) is double threshold)
            {
                _threshold = threshold;
            }
            else
            {
                Console.Error.WriteLine($"ignored the threshold {value.ToJsonString()}: expected a number");
            }
        }
    }

    /// <summary>Returns the document to forward, or <c>null</c> to drop the message.</summary>
    public JsonObject? Handle(ReadOnlySpan<byte> data)
    {
        JsonObject? body = Parse(data);
        // The simulated sensor sends a machine's temperature; others send one at the top.
        JsonObject? machine = body?["machine"] as JsonObject;
        double? temperature = Number(machine?["temperature"]) ?? Number(body?["temperature"]);
        lock (_lock)
        {
            _received += 1;
            if (temperature is null || temperature <= _threshold)
            {
                return null;
            }
            _forwarded += 1;
            body!["alert"] = true;
            body["count"] = _forwarded;
            return body;
        }
    }

    /// <summary>Returns the counters and the threshold in force.</summary>
    public Status Status
    {
        get
        {
            lock (_lock)
            {
                return new Status(_received, _forwarded, _threshold);
            }
        }
    }

    /// <summary>Returns the number that a value is; one with too many digits is none.</summary>
    private static double? Number(JsonNode? value)
    {
        double number = value?.GetValueKind() == JsonValueKind.Number ? value.GetValue<double>() : double.NaN;
        return double.IsFinite(number) ? number : null;
    }

    private static JsonObject? Parse(ReadOnlySpan<byte> data)
    {
        try
        {
            JsonObject? body = JsonNode.Parse(data) as JsonObject;
            // A key that stands twice is told only when the members are looked at.
            _ = body?.Count;
            _ = (body?["machine"] as JsonObject)?.Count;
            return body;
        }
        catch (Exception error) when (error is JsonException or ArgumentException)
        {
            Console.Error.WriteLine("dropped a message that is not JSON");
            return null;
        }
    }
}
