package edge

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"time"
)

const tokenLifetime = time.Hour

// identity is how a module proves who it is, and whom it trusts.
type identity interface {
	// sign returns the signature over text, in base64.
	sign(ctx context.Context, text string) (string, error)
	// trustBundle returns the certificates to trust, as PEM text.
	trustBundle(ctx context.Context) ([]byte, error)
}

// key is a key at hand, with a file of certificates.
type key struct {
	secret []byte
	caFile string
}

func (k key) sign(_ context.Context, text string) (string, error) {
	mac := hmac.New(sha256.New, k.secret)
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

func (k key) trustBundle(context.Context) ([]byte, error) {
	return os.ReadFile(k.caFile)
}

// newToken returns a token that is good for an hour from now.
func newToken(ctx context.Context, settings *Settings, now time.Time) (string, error) {
	resource := encoded(fmt.Sprintf("%s/devices/%s/modules/%s", settings.hub, settings.device, settings.module))
	expiry := now.Add(tokenLifetime).Unix()
	signature, err := settings.identity.sign(ctx, fmt.Sprintf("%s\n%d", resource, expiry))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("SharedAccessSignature sr=%s&sig=%s&se=%d", resource, encoded(signature), expiry), nil
}
