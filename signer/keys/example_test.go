package keys_test

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
)

func Example() {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	loader := &keys.Loader{Reloaded: func(source string, err error) {
		slog.Info("file changed", "source", source, "error", err)
	}}
	key, err := loader.Key("{file."+dir+"/testdata/test-key-ed25519.key.pem}", keys.KeyOptions{})
	if err != nil {
		panic(err)
	}

	now := time.Now()
	key = key.Current(now) // so that key id and signature belong together
	keyID, err := key.Thumbprint()
	if err != nil {
		panic(err)
	}
	sig, err := key.Sign(nil, []byte("signature base"), now, keys.Raw)
	if err != nil {
		panic(err)
	}
	fmt.Println(key, key.Algorithm(), keyID)
	fmt.Println(base64.StdEncoding.EncodeToString(sig))
	// Output:
	// [key] ed25519 poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U
	// g02IeQmQQkUrmptLNXMWUN5jtGR9AqYlaqoSnvLM0JrJDq/NKPVkIptSCVq3ILmBrHjJTPu6HBVEj5YYec7wCA==
}

func ExampleLoader_Text() {
	os.Setenv("ACME_ID", "id-1")
	text, err := new(keys.Loader).Text("{env.ACME_ID} at {time.now.rfc3339}")
	if err != nil {
		panic(err)
	}
	fmt.Println(text)
	fmt.Println(text.Value(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)))
	// Output:
	// [text]
	// id-1 at 2026-01-02T03:04:05Z <nil>
}
