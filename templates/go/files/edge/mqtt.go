package edge

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"time"
)

// The longest packet that is accepted; the hub sends messages of at most 256 KiB.
const longestPacket = 512 << 10

var (
	pingPacket       = []byte{0xC0, 0}
	disconnectPacket = []byte{0xE0, 0}
	errMalformed     = errors.New("the hub sent a malformed packet")
)

// What a packet from the hub is.
const (
	connAck = 2
	publish = 3
	pubAck  = 4
	subAck  = 9
	pong    = 13
)

// packet is a packet from the hub.
type packet struct {
	kind byte
	// Of a message that wants no acknowledgement, 0.
	id      uint16
	code    byte
	granted []byte
	topic   string
	payload []byte
}

// filter is a subscription with the quality of service asked for.
type filter struct {
	topic   string
	quality byte
}

// connectPacket asks for a session that the hub keeps while the module is away.
func connectPacket(client, user, password string, keepAlive time.Duration) []byte {
	const userNameAndPassword = 0xC0
	body := appendText(nil, "MQTT")
	body = append(body, 4, userNameAndPassword)
	body = appendUint16(body, uint16(keepAlive/time.Second))
	for _, text := range []string{client, user, password} {
		body = appendText(body, text)
	}
	return framed(0x10, body)
}

func subscribePacket(id uint16, filters []filter) []byte {
	body := appendUint16(nil, id)
	for _, filter := range filters {
		body = append(appendText(body, filter.topic), filter.quality)
	}
	return framed(0x82, body)
}

// publishPacket asks for an acknowledgement if id is not 0.
func publishPacket(topic string, payload []byte, id uint16) []byte {
	first := byte(0x30)
	body := appendText(nil, topic)
	if id != 0 {
		first = 0x32
		body = appendUint16(body, id)
	}
	return framed(first, append(body, payload...))
}

func pubAckPacket(id uint16) []byte {
	return framed(0x40, appendUint16(nil, id))
}

// appendText adds a text; every one that is sent is known to be shorter than 65,536 bytes.
func appendText(body []byte, text string) []byte {
	return append(appendUint16(body, uint16(len(text))), text...)
}

func appendUint16(body []byte, number uint16) []byte {
	return append(body, byte(number>>8), byte(number))
}

func framed(first byte, body []byte) []byte {
	packet := binary.AppendUvarint([]byte{first}, uint64(len(body)))
	return append(packet, body...)
}

// readPacket waits for a packet.
func readPacket(reader *bufio.Reader) (packet, error) {
	first, err := reader.ReadByte()
	if err != nil {
		return packet{}, closed(err)
	}
	length, err := binary.ReadUvarint(reader)
	if err != nil {
		return packet{}, closed(err)
	}
	if length > longestPacket {
		return packet{}, errMalformed
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(reader, body); err != nil {
		return packet{}, closed(err)
	}
	return decode(first, body)
}

func closed(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the hub closed the connection")
	}
	return err
}

func decode(first byte, body []byte) (packet, error) {
	kind := first >> 4
	switch {
	case kind == connAck && len(body) == 2:
		return packet{kind: kind, code: body[1]}, nil
	case kind == publish:
		return decodePublish(first, body)
	case (kind == pubAck || kind == subAck) && len(body) >= 2:
		return packet{kind: kind, id: binary.BigEndian.Uint16(body), granted: body[2:]}, nil
	case kind == pong:
		return packet{kind: kind}, nil
	default:
		return packet{}, errMalformed
	}
}

func decodePublish(first byte, body []byte) (packet, error) {
	if len(body) < 2 {
		return packet{}, errMalformed
	}
	end := 2 + int(binary.BigEndian.Uint16(body))
	quality := first >> 1 & 3
	if len(body) < end+2*int(quality) || quality > 1 {
		return packet{}, errMalformed
	}
	received := packet{kind: publish, topic: string(body[2:end]), payload: body[end:]}
	if quality == 1 {
		received.id = binary.BigEndian.Uint16(body[end:])
		received.payload = body[end+2:]
	}
	return received, nil
}
