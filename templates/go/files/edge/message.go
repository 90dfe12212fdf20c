package edge

import (
	"net/url"
	"strings"
)

// Message is a message to or from a module.
type Message struct {
	Body []byte
	// For example application/json, without which no route can look into the body.
	ContentType string
	// For example utf-8, needed likewise.
	ContentEncoding string
	// What the application added, in order; system properties are not among them.
	Properties []Property
}

// Property is a name with its value.
type Property struct {
	Name, Value string
}

// received reads a message from its body and the property bag of its topic.
func received(bag string, body []byte) Message {
	message := Message{Body: body}
	for _, pair := range strings.Split(bag, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, value = decoded(name), decoded(value)
		switch {
		case name == "":
		case name == "$.ct":
			message.ContentType = value
		case name == "$.ce":
			message.ContentEncoding = value
		case !strings.HasPrefix(name, "$."):
			message.Properties = append(message.Properties, Property{Name: name, Value: value})
		}
	}
	return message
}

// bag writes the property bag of a message that leaves by output.
func (m Message) bag(output string) string {
	properties := []Property{
		{"$.on", output},
	}
	if m.ContentType != "" {
		properties = append(properties, Property{"$.ct", m.ContentType})
	}
	if m.ContentEncoding != "" {
		properties = append(properties, Property{"$.ce", m.ContentEncoding})
	}
	var pairs []string
	for _, property := range append(properties, m.Properties...) {
		pairs = append(pairs, encoded(property.Name)+"="+encoded(property.Value))
	}
	return strings.Join(pairs, "&")
}

// encoded percent-encodes a text for a topic, a token or a path: all but letters, digits and -._~
func encoded(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

func decoded(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}
