// Package edge connects a module to its hub: MQTT over TLS, tokens, and the workload API of IoT Edge.
//
// There is no Azure SDK for modules in Go. This package needs nothing but the standard library.
package edge

import (
	"context"
	"encoding/json"
	"log"
	"time"
)

// Handler is a module. Its methods are called one after the other.
type Handler interface {
	// Twin gets all desired properties, first thing on every connection; it returns what to report.
	Twin(desired map[string]json.RawMessage) any
	// Desired gets a change of the desired properties, null for one that was deleted; it returns what to report.
	Desired(patch map[string]json.RawMessage) any
	// Input gets a message. The hub delivers it again on the next connection if that ends in an error.
	Input(ctx context.Context, sender Sender, name string, message Message) error
	// Method gets a call of a direct method; it returns status and payload of the answer.
	Method(name string, payload json.RawMessage) (int, any)
}

// Sender sends messages to the hub.
type Sender interface {
	// Send sends a message by an output and returns once the hub has stored it.
	Send(ctx context.Context, output string, message Message) error
}

const (
	longestPause = time.Minute
	// A connection that lived this long was a good one: the pauses start over.
	goodConnection = 30 * time.Second
	// A connection ends well before its token does; the next one has a new token.
	renewAfter = tokenLifetime - 15*time.Minute
)

// Run keeps a module connected until ctx is done.
func Run(ctx context.Context, settings *Settings, handler Handler) {
	failures := 0
	for ctx.Err() == nil {
		began := time.Now()
		renew, cancel := context.WithTimeout(ctx, renewAfter)
		err := runSession(renew, settings, handler)
		isRenewal := renew.Err() != nil
		cancel()
		if isRenewal {
			continue
		}
		if time.Since(began) >= goodConnection {
			failures = 0
		}
		pause := pauseAfter(failures)
		failures++
		log.Printf("no connection to %s: %v; next attempt in %v", settings.gateway, err, pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// pauseAfter returns 1, 2, 4 … 60 seconds.
func pauseAfter(failures int) time.Duration {
	if failures > 5 {
		return longestPause
	}
	return time.Second << failures
}
