package main

import (
	"encoding/json"
	"log"
)

const defaultThreshold = 25

// Filter is what the module decides; it knows nothing of the hub.
type Filter struct {
	threshold float64
	received  int
	forwarded int
}

// Status is what the method `status` tells.
type Status struct {
	Received  int     `json:"received"`
	Forwarded int     `json:"forwarded"`
	Threshold float64 `json:"threshold"`
}

// NewFilter returns a filter with the default threshold.
func NewFilter() *Filter {
	return &Filter{threshold: defaultThreshold}
}

// Reset returns to the default threshold.
func (f *Filter) Reset() {
	f.threshold = defaultThreshold
}

// Apply takes over desired properties; a threshold of null is the default again.
func (f *Filter) Apply(desired map[string]json.RawMessage) {
	value, ok := desired["threshold"]
	if !ok {
		return
	}
	threshold, ok := number(value)
	switch {
	case ok:
		f.threshold = threshold
	case string(value) == "null":
		f.Reset()
	default:
		log.Printf("ignored the threshold %s: expected a number", value)
	}
}

// Handle returns the document to forward, or nil to drop the message.
func (f *Filter) Handle(data []byte) map[string]json.RawMessage {
	f.received++
	if !json.Valid(data) {
		log.Print("dropped a message that is not JSON")
		return nil
	}
	var body map[string]json.RawMessage
	if json.Unmarshal(data, &body) != nil {
		return nil
	}
	if temperature, ok := temperatureOf(body); !ok || temperature <= f.threshold {
		return nil
	}
	f.forwarded++
	body["alert"] = json.RawMessage("true")
	body["count"], _ = json.Marshal(f.forwarded)
	return body
}

// Status returns the counters and the threshold in force.
func (f *Filter) Status() Status {
	return Status{Received: f.received, Forwarded: f.forwarded, Threshold: f.threshold}
}

// temperatureOf returns the machine's temperature, as the simulated sensor sends it, or else the one at the top.
func temperatureOf(body map[string]json.RawMessage) (float64, bool) {
	var machine map[string]json.RawMessage
	if json.Unmarshal(body["machine"], &machine) == nil {
		if temperature, ok := number(machine["temperature"]); ok {
			return temperature, true
		}
	}
	return number(body["temperature"])
}

// number reads a JSON number, and nothing else.
func number(value json.RawMessage) (float64, bool) {
	var read *float64
	err := json.Unmarshal(value, &read)
	if err != nil || read == nil {
		return 0, false
	}
	return *read, true
}
