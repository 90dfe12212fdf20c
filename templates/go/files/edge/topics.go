package edge

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

const (
	twinGetRequest  = "1"
	twinGetTopic    = "$iothub/twin/GET/?$rid=" + twinGetRequest
	twinReportTopic = "$iothub/twin/PATCH/properties/reported/?$rid=2"
)

// What arrived from the hub.
const (
	nothing = iota
	input
	method
	desired
	twinAnswer
)

// incoming is what arrived from the hub.
type incoming struct {
	kind int
	// The input or the method.
	name    string
	message Message
	// Goes back with the answer, byte for byte.
	request string
	status  int
	payload json.RawMessage
}

// filters returns the subscriptions to everything that a module receives.
//
// Methods and the twin are worthless once the connection is lost, so nothing keeps them: quality 0.
func filters(settings *Settings) []filter {
	inputs := fmt.Sprintf("devices/%s/modules/%s/inputs/#", settings.device, settings.module)
	return []filter{
		{"$iothub/methods/POST/#", 0},
		{"$iothub/twin/res/#", 0},
		{"$iothub/twin/PATCH/properties/desired/#", 0},
		{inputs, 1},
	}
}

func outputTopic(settings *Settings, bag string) string {
	return fmt.Sprintf("devices/%s/modules/%s/messages/events/%s", settings.device, settings.module, bag)
}

func methodAnswerTopic(status int, request string) string {
	return fmt.Sprintf("$iothub/methods/res/%d/?$rid=%s", status, request)
}

// userName is where the hub looks for the identity and the version of its API.
func userName(settings *Settings) string {
	query := url.Values{"api-version": {"2021-04-12"}, "DeviceClientType": {"go"}}
	return fmt.Sprintf("%s/%s/%s/?%s", settings.hub, settings.device, settings.module, query.Encode())
}

// parseTopic tells what arrived; nothing, if the topic has no meaning here.
func parseTopic(topic string, payload []byte) incoming {
	if rest, ok := cutPrefix(topic, "$iothub/methods/POST/"); ok {
		name, query, _ := strings.Cut(rest, "/?")
		return incoming{kind: method, name: name, request: parameter(query, "$rid"), payload: payload}
	}
	if rest, ok := cutPrefix(topic, "$iothub/twin/res/"); ok {
		status, query, _ := strings.Cut(rest, "/?")
		code, err := strconv.Atoi(status)
		if err != nil {
			return incoming{}
		}
		return incoming{kind: twinAnswer, status: code, request: parameter(query, "$rid"), payload: payload}
	}
	if strings.HasPrefix(topic, "$iothub/twin/PATCH/properties/desired/") {
		return incoming{kind: desired, payload: payload}
	}
	segments := strings.SplitN(topic, "/", 7)
	if len(segments) < 6 || segments[0] != "devices" || segments[2] != "modules" || segments[4] != "inputs" {
		return incoming{}
	}
	bag := strings.Join(segments[6:], "")
	return incoming{kind: input, name: segments[5], message: received(bag, payload)}
}

func cutPrefix(text, prefix string) (string, bool) {
	return strings.TrimPrefix(text, prefix), strings.HasPrefix(text, prefix)
}

func parameter(query, name string) string {
	for _, pair := range strings.Split(query, "&") {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			return value
		}
	}
	return ""
}
