package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

const (
	workloadVersion = "2018-06-28"
	longestAnswer   = 1 << 20
)

// workload is the workload API of the runtime, which keeps the module's key to itself.
type workload struct {
	client     *http.Client
	base       string
	module     string
	generation string
}

// newWorkload reads unix:///path or http://host:port.
func newWorkload(uri, module, generation string) (*workload, error) {
	w := &workload{client: &http.Client{Timeout: patience}, base: uri, module: module, generation: generation}
	if socket, ok := cutPrefix(uri, "unix://"); ok {
		dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, "unix", socket)
		}
		w.client.Transport = &http.Transport{DialContext: dial}
		w.base = "http://workload"
	} else if !strings.HasPrefix(uri, "http://") {
		return nil, fmt.Errorf("%s is %q, where unix:///path or http://host:port is expected", workloadURI, uri)
	}
	w.base = strings.TrimSuffix(w.base, "/")
	return w, nil
}

func (w *workload) sign(ctx context.Context, text string) (string, error) {
	request := map[string]any{"keyId": "primary", "algo": "HMACSHA256", "data": []byte(text)}
	var answer struct {
		Digest string `json:"digest"`
	}
	path := fmt.Sprintf("/modules/%s/genid/%s/sign", encoded(w.module), encoded(w.generation))
	err := w.ask(ctx, http.MethodPost, path, request, &answer)
	return answer.Digest, err
}

func (w *workload) trustBundle(ctx context.Context) ([]byte, error) {
	var answer struct {
		Certificate string `json:"certificate"`
	}
	err := w.ask(ctx, http.MethodGet, "/trust-bundle", nil, &answer)
	return []byte(answer.Certificate), err
}

func (w *workload) ask(ctx context.Context, method, path string, document, answer any) error {
	body, err := json.Marshal(document)
	if err != nil {
		return err
	}
	url := w.base + path + "?api-version=" + workloadVersion
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := w.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, longestAnswer))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the workload API at %s: %s: %s", path, response.Status, text)
	}
	return json.Unmarshal(text, answer)
}
