package edge

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"
)

func TestATokenIsSignedOverTheResourceAndTheExpiry(t *testing.T) {
	settings := &Settings{hub: "h.example", device: "d", module: "m 1", identity: key{secret: []byte("key")}}
	token, err := newToken(context.Background(), settings, time.Unix(1000, 0))
	want := "SharedAccessSignature sr=h.example%2Fdevices%2Fd%2Fmodules%2Fm%201" +
		"&sig=sN8O5lADd7HFT%2Bv8IyoIryRjgEePxZf%2Fesv6riuclmI%3D&se=4600"
	if err != nil || token != want {
		t.Errorf("got %s (%v)", token, err)
	}
}

func TestPacketsAreReadAsTheyCome(t *testing.T) {
	stream := append([]byte{0x20, 2, 0, 5}, publishPacket("t", bytes.Repeat([]byte{7}, 200), 9)...)
	reader := bufio.NewReader(bytes.NewReader(stream))
	for _, want := range []packet{
		{kind: connAck, code: 5},
		{kind: publish, id: 9, topic: "t", payload: bytes.Repeat([]byte{7}, 200)},
	} {
		got, err := readPacket(reader)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v (%v), want %+v", got, err, want)
		}
	}
}

func TestMalformedPacketsAreRefused(t *testing.T) {
	for _, stream := range [][]byte{
		{0x20, 1, 0}, {0x32, 3, 0, 1, 't'}, {0x30, 1, 0}, {0x34, 5, 0, 1, 't', 0, 1}, {0x30, 0xFF, 0xFF, 0xFF, 0x7F},
	} {
		if got, err := readPacket(bufio.NewReader(bytes.NewReader(stream))); err == nil {
			t.Errorf("%v: got %+v", stream, got)
		}
	}
}

func TestTopicsAreToldApart(t *testing.T) {
	for topic, want := range map[string]incoming{
		"devices/d/modules/m/inputs/input1/%24.cdid=d&a%20b=%C3%A4+&%24.ct=t": {
			kind: input,
			name: "input1",
			message: Message{ContentType: "t", Properties: []Property{
				{"a b", "ä+"},
			}},
		},
		"devices/d/modules/m/inputs/input1":                 {kind: input, name: "input1"},
		"$iothub/methods/POST/status/?$rid=0a-B":            {kind: method, name: "status", request: "0a-B"},
		"$iothub/twin/res/204/?$rid=7&$version=4":           {kind: twinAnswer, status: 204, request: "7"},
		"$iothub/twin/PATCH/properties/desired/?$version=4": {kind: desired},
		"$iothub/twin/res/x/?$rid=1":                        {},
		"devices/d":                                         {},
	} {
		if got := parseTopic(topic, nil); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", topic, got, want)
		}
	}
}

func TestAnEncodedBagIsReadBack(t *testing.T) {
	message := Message{ContentType: "a/b", ContentEncoding: "utf-8", Properties: []Property{
		{"k &", "v=+"},
	}}
	bag := message.bag("o")
	if want := "%24.on=o&%24.ct=a%2Fb&%24.ce=utf-8&k%20%26=v%3D%2B"; bag != want {
		t.Errorf("got %s, want %s", bag, want)
	}
	if got := received(bag, nil); !reflect.DeepEqual(got, message) {
		t.Errorf("got %+v, want %+v", got, message)
	}
}

func TestASignatureIsAskedForByModuleAndGeneration(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if want := "/modules/m%201/genid/7/sign?api-version=2018-06-28"; r.URL.RequestURI() != want {
			w.WriteHeader(http.StatusForbidden)
		}
		fmt.Fprint(w, `{"digest":"c2ln"}`)
	}))
	defer server.Close()
	workload, err := newWorkload(server.URL, "m 1", "7")
	if err != nil {
		t.Fatal(err)
	}
	if digest, err := workload.sign(context.Background(), "a\n1"); err != nil || digest != "c2ln" {
		t.Errorf("got %s (%v)", digest, err)
	}
}

func TestPausesDoubleUpToAMinute(t *testing.T) {
	for failures, seconds := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		if got := pauseAfter(failures); got != seconds*time.Second {
			t.Errorf("after %d: got %v", failures, got)
		}
	}
}

func TestJobsRunInOrderHoweverManyWait(t *testing.T) {
	queue, order := newQueue(), []int{}
	for number := 0; number < 5; number++ {
		number := number
		queue.add(func(context.Context) { order = append(order, number) })
	}
	for range [5]int{} {
		(<-queue.next)(context.Background())
	}
	if want := []int{0, 1, 2, 3, 4}; !reflect.DeepEqual(order, want) {
		t.Errorf("got %v, want %v", order, want)
	}
}
