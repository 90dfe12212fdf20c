package edge

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"sync"
	"time"
)

const (
	mqttPort  = "8883"
	keepAlive = 60 * time.Second
	pingEvery = 30 * time.Second
	// How long the hub may take to answer.
	patience = 30 * time.Second
	// The hub closes the connection of a module that sends more.
	largestMessage = 256 << 10
	// A topic has at most 65,535 bytes, some of which name the module.
	longestBag = 60 << 10
)

var errTooLarge = errors.New("the body is larger than 256 KiB, or the properties than 60 KiB")

// session is one connection's life.
type session struct {
	settings *Settings
	handler  Handler
	conn     net.Conn
	jobs     *queue
	// Closed, after failure was set, when nothing can be read any more.
	lost    chan struct{}
	failure error

	mu      sync.Mutex
	last    uint16
	waiting map[uint16]chan packet
	twin    chan incoming
	version int64
}

// runSession connects, and serves the module until the connection is lost or ctx is done.
func runSession(ctx context.Context, settings *Settings, handler Handler) error {
	conn, err := dial(ctx, settings)
	if err != nil {
		return err
	}
	s := &session{
		settings: settings,
		handler:  handler,
		conn:     conn,
		jobs:     newQueue(),
		lost:     make(chan struct{}),
		waiting:  map[uint16]chan packet{},
		twin:     make(chan incoming, 1),
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	if err := s.connect(ctx, reader); err != nil {
		return err
	}
	go s.read(reader)
	go s.ping()
	if err := s.start(ctx); err != nil {
		return err
	}
	log.Printf("connected to %s", settings.gateway)
	for {
		select {
		case job := <-s.jobs.next:
			job(ctx)
		case <-s.lost:
			return s.failure
		case <-ctx.Done():
			// Whether the hub hears it or not, the connection ends.
			_ = s.write(disconnectPacket)
			return ctx.Err()
		}
	}
}

// dial opens the encrypted connection; the gateway must show a certificate that the trust bundle vouches for.
func dial(ctx context.Context, settings *Settings) (net.Conn, error) {
	bundle, err := settings.identity.trustBundle(ctx)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(bundle) {
		return nil, errors.New("the trust bundle holds no certificate")
	}
	dialer := tls.Dialer{
		NetDialer: &net.Dialer{Timeout: patience},
		Config:    &tls.Config{RootCAs: roots, ServerName: settings.gateway, MinVersion: tls.VersionTLS12},
	}
	return dialer.DialContext(ctx, "tcp", net.JoinHostPort(settings.gateway, mqttPort))
}

// connect shows who the module is.
func (s *session) connect(ctx context.Context, reader *bufio.Reader) error {
	token, err := newToken(ctx, s.settings, time.Now())
	if err != nil {
		return err
	}
	hello := connectPacket(s.settings.device+"/"+s.settings.module, userName(s.settings), token, keepAlive)
	if err := s.write(hello); err != nil {
		return err
	}
	if err := s.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	answer, err := readPacket(reader)
	switch {
	case err != nil:
		return err
	case answer.kind != connAck:
		return errors.New("the hub did not answer CONNECT")
	case answer.code == 4 || answer.code == 5:
		return errors.New("the hub refused the module's token")
	case answer.code != 0:
		return fmt.Errorf("the hub refused the connection with code %d", answer.code)
	}
	return nil
}

// start subscribes and hands the twin to the module before anything else that came meanwhile.
func (s *session) start(ctx context.Context) error {
	filters := filters(s.settings)
	granted, err := s.ask(ctx, func(id uint16) []byte { return subscribePacket(id, filters) })
	if err != nil {
		return err
	}
	for index, quality := range granted.granted {
		if quality > 1 && index < len(filters) {
			return fmt.Errorf("the hub refused to subscribe to %q", filters[index].topic)
		}
	}
	if err := s.write(publishPacket(twinGetTopic, []byte(" "), 0)); err != nil {
		return err
	}
	desired, err := s.receiveTwin(ctx)
	if err != nil {
		return err
	}
	s.version = versionOf(desired)
	s.report(s.handler.Twin(desired))
	return nil
}

func (s *session) receiveTwin(ctx context.Context) (map[string]json.RawMessage, error) {
	select {
	case answer := <-s.twin:
		if answer.status != 200 {
			return nil, fmt.Errorf("the hub answered %d when asked for the twin", answer.status)
		}
		var twin struct {
			Desired map[string]json.RawMessage `json:"desired"`
		}
		err := json.Unmarshal(answer.payload, &twin)
		return twin.Desired, err
	case <-s.lost:
		return nil, s.failure
	case <-time.After(patience):
		return nil, errors.New("the hub did not answer when asked for the twin")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Send sends a message by an output and returns once the hub has stored it.
func (s *session) Send(ctx context.Context, output string, message Message) error {
	bag := message.bag(output)
	if len(message.Body) > largestMessage || len(bag) > longestBag {
		return errTooLarge
	}
	topic := outputTopic(s.settings, bag)
	_, err := s.ask(ctx, func(id uint16) []byte { return publishPacket(topic, message.Body, id) })
	return err
}

// ask sends a packet with an id of its own and returns the packet that answers it.
func (s *session) ask(ctx context.Context, encode func(id uint16) []byte) (packet, error) {
	id, answer := s.register()
	defer s.forget(id)
	if err := s.write(encode(id)); err != nil {
		return packet{}, err
	}
	select {
	case packet := <-answer:
		return packet, nil
	case <-s.lost:
		return packet{}, s.failure
	case <-time.After(patience):
		return packet{}, errors.New("the hub did not answer")
	case <-ctx.Done():
		return packet{}, ctx.Err()
	}
}

func (s *session) register() (uint16, <-chan packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// 0 is no id.
	if s.last++; s.last == 0 {
		s.last = 1
	}
	answer := make(chan packet, 1)
	s.waiting[s.last] = answer
	return s.last, answer
}

func (s *session) forget(id uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, id)
}

// report sends a change of the reported properties. With the connection it may get lost; Twin is called again then.
func (s *session) report(patch any) {
	s.publish(twinReportTopic, patch)
}

func (s *session) publish(topic string, document any) {
	text, err := json.Marshal(document)
	if err == nil {
		err = s.write(publishPacket(topic, text, 0))
	}
	if err != nil {
		log.Printf("cannot publish to %s: %v", topic, err)
	}
}

func (s *session) write(bytes []byte) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err := s.conn.Write(bytes)
	return err
}

// ping keeps the connection alive.
func (s *session) ping() {
	for {
		select {
		case <-s.lost:
			return
		case <-time.After(pingEvery):
			_ = s.write(pingPacket)
		}
	}
}

// read receives until the connection ends, and closes lost then.
func (s *session) read(reader *bufio.Reader) {
	defer close(s.lost)
	for {
		if s.failure = s.conn.SetReadDeadline(time.Now().Add(keepAlive)); s.failure != nil {
			return
		}
		received, err := readPacket(reader)
		if err != nil {
			s.failure = err
			return
		}
		switch received.kind {
		case pubAck, subAck:
			s.mu.Lock()
			answer := s.waiting[received.id]
			s.mu.Unlock()
			select {
			case answer <- received:
			default: // Nobody waits for it.
			}
		case publish:
			s.handle(received)
		}
	}
}

// handle turns what arrived into a job, which runs when those before it are done.
func (s *session) handle(received packet) {
	message := parseTopic(received.topic, received.payload)
	switch message.kind {
	case input:
		s.jobs.add(func(ctx context.Context) {
			if err := s.handler.Input(ctx, s, message.name, message.message); err != nil {
				log.Printf("cannot handle a message: %v", err)
				return
			}
			s.acknowledge(received.id)
		})
		return
	case method:
		s.jobs.add(func(context.Context) {
			status, payload := s.handler.Method(message.name, message.payload)
			s.publish(methodAnswerTopic(status, message.request), payload)
		})
	case desired:
		s.jobs.add(func(context.Context) { s.change(message.payload) })
	case twinAnswer:
		s.takeTwinAnswer(message)
	}
	s.acknowledge(received.id)
}

// acknowledge tells the hub that a message was dealt with; one without an id wants no such word.
func (s *session) acknowledge(id uint16) {
	if id != 0 {
		// If it is lost with the connection, the message comes again.
		_ = s.write(pubAckPacket(id))
	}
}

// change hands a patch to the module, unless the twin that was read holds it already.
func (s *session) change(payload json.RawMessage) {
	var patch map[string]json.RawMessage
	if err := json.Unmarshal(payload, &patch); err != nil {
		log.Printf("ignored desired properties: %v", err)
		return
	}
	if versionOf(patch) > s.version {
		s.report(s.handler.Desired(patch))
	}
}

func (s *session) takeTwinAnswer(answer incoming) {
	switch {
	case answer.request == twinGetRequest:
		select {
		case s.twin <- answer:
		default:
		}
	case answer.status >= 300:
		log.Printf("the hub refused reported properties with status %d", answer.status)
	}
}

func versionOf(desired map[string]json.RawMessage) int64 {
	var version int64
	// A twin without a version is older than any other.
	_ = json.Unmarshal(desired["$version"], &version)
	return version
}

// queue hands jobs on in order, without ever keeping the one who adds them waiting.
type queue struct {
	next chan func(context.Context)
	mu   sync.Mutex
	jobs []func(context.Context)
}

func newQueue() *queue {
	return &queue{next: make(chan func(context.Context), 1)}
}

func (q *queue) add(job func(context.Context)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs = append(q.jobs, job)
	q.offer()
}

// offer puts a job where it is received from; what it does first is to make room for the next.
func (q *queue) offer() {
	if len(q.jobs) == 0 {
		return
	}
	job := q.jobs[0]
	select {
	case q.next <- func(ctx context.Context) { q.advance(); job(ctx) }:
		q.jobs = q.jobs[1:]
	default:
	}
}

func (q *queue) advance() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.offer()
}
