package main

import (
	"encoding/json"
	"testing"
)

func check(t *testing.T, got any, want string) {
	t.Helper()
	text, err := json.Marshal(got)
	if err != nil || string(text) != want {
		t.Errorf("got %s (%v), want %s", text, err, want)
	}
}

func TestOnlyWhatIsAboveTheThresholdPasses(t *testing.T) {
	filter := NewFilter()
	check(t, filter.Handle([]byte(`{"temperature":25}`)), `null`)
	passed := filter.Handle([]byte(`{"unit":"C","temperature":25.10}`))
	check(t, passed, `{"alert":true,"count":1,"temperature":25.10,"unit":"C"}`)
	check(t, filter.Status(), `{"received":2,"forwarded":1,"threshold":25}`)
}

func TestTheTemperatureOfTheMachineComesFirst(t *testing.T) {
	filter := NewFilter()
	passed := filter.Handle([]byte(`{"machine":{"temperature":25.5},"temperature":21}`))
	check(t, passed, `{"alert":true,"count":1,"machine":{"temperature":25.5},"temperature":21}`)
	check(t, filter.Handle([]byte(`{"machine":{"temperature":20},"temperature":40}`)), `null`)
	check(t, filter.Handle([]byte(`{"machine":{"pressure":1},"temperature":26}`))["count"], `2`)
	check(t, filter.Handle([]byte(`{"machine":26}`)), `null`)
	check(t, filter.Status(), `{"received":4,"forwarded":2,"threshold":25}`)
}

func TestWhatHasNoTemperatureIsDroppedAndCounted(t *testing.T) {
	filter := NewFilter()
	bodies := []string{"", "[]", "{}", "26", `{"temperature":"26"}`, `{"temperature":null}`, `{"temperature":true}`}
	bodies = append(bodies, `{temperature:26}`, `{"temperature":26} x`, `{"temperature":1e999}`, `{"temperature":NaN}`)
	for _, body := range bodies {
		check(t, filter.Handle([]byte(body)), `null`)
	}
	check(t, filter.Status(), `{"received":11,"forwarded":0,"threshold":25}`)
}

func TestTheThresholdFollowsTheDesiredProperties(t *testing.T) {
	filter := NewFilter()
	for _, change := range []struct {
		desired string
		want    float64
	}{
		{`{"threshold":30.5}`, 30.5},
		{`{"other":1}`, 30.5},
		{`{"threshold":"hot"}`, 30.5},
		{`{"threshold":null}`, 25},
	} {
		var desired map[string]json.RawMessage
		if err := json.Unmarshal([]byte(change.desired), &desired); err != nil {
			t.Fatal(err)
		}
		filter.Apply(desired)
		if filter.threshold != change.want {
			t.Errorf("%s: got %v, want %v", change.desired, filter.threshold, change.want)
		}
	}
}
