using System.Text;
using System.Text.Json.Nodes;
using EdgeModule;
using Xunit;

public class FilterTest
{
    private readonly Filter _filter = new();

    private string? Handle(string body) => _filter.Handle(Encoding.UTF8.GetBytes(body))?.ToJsonString();

    [Fact]
    public void OnlyWhatIsAboveTheThresholdPasses()
    {
        Assert.Null(Handle("""{"temperature":25}"""));
        string? passed = Handle("""{"unit":"C","temperature":25.10}""");
        Assert.Equal("""{"unit":"C","temperature":25.10,"alert":true,"count":1}""", passed);
        Assert.Equal(new Status(2, 1, 25), _filter.Status);
    }

    [Fact]
    public void TheTemperatureOfTheMachineComesFirst()
    {
        string? passed = Handle("""{"machine":{"temperature":25.5},"temperature":21}""");
        Assert.Equal("""{"machine":{"temperature":25.5},"temperature":21,"alert":true,"count":1}""", passed);
        Assert.Null(Handle("""{"machine":{"temperature":20},"temperature":40}"""));
        passed = Handle("""{"machine":{"pressure":1},"temperature":26}""");
        Assert.Equal("""{"machine":{"pressure":1},"temperature":26,"alert":true,"count":2}""", passed);
        Assert.Null(Handle("""{"machine":26}"""));
        Assert.Equal(new Status(4, 2, 25), _filter.Status);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("26")]
    [InlineData("""{"temperature":"26"}""")]
    [InlineData("""{"temperature":null}""")]
    [InlineData("""{"temperature":true}""")]
    [InlineData("""{temperature:26}""")]
    [InlineData("""{"temperature":26} x""")]
    [InlineData("""{"temperature":1e999}""")]
    [InlineData("""{"temperature":NaN}""")]
    public void WhatHasNoTemperatureIsDroppedAndCounted(string body)
    {
        Assert.Null(Handle(body));
        Assert.Equal(new Status(1, 0, 25), _filter.Status);
    }

    [Fact]
    public void TheThresholdFollowsTheDesiredProperties()
    {
        (string Desired, double Expected)[] changes =
        [
            ("""{"threshold":30.5}""", 30.5),
            ("""{"other":1}""", 30.5),
            ("""{"threshold":"hot"}""", 30.5),
            ("""{"threshold":null}""", 25),
        ];
        foreach ((string desired, double expected) in changes)
        {
            _filter.Apply((JsonObject)JsonNode.Parse(desired)!);
            Assert.Equal(expected, _filter.Status.Threshold);
        }
    }
}
