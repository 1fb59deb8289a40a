package caddymodule

import (
	"fmt"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/partnersign/partnersign/signer/capture"
	"github.com/partnersign/partnersign/signer/keys"
)

// Persist keeps captured tokens in Caddy's own storage, encrypted.
type Persist struct {
	// The key that they are encrypted under: `{env.NAME}` or
	// `{file./absolute/path}` of 32 random bytes in base64 or hexadecimal.
	// Required.
	Key string `json:"key,omitempty"`

	// Keys that tokens may still be encrypted under.
	PreviousKeys []string `json:"previous_keys,omitempty"`
}

// capturedTokens are those of all partners of the process, unless they are
// persisted. They outlive configurations.
var capturedTokens = capture.NewMemory(capture.MemoryOptions{Observe: func(e capture.Event) {
	countStoreError(e)
	caddy.Log().Named("partnersign").Warn("a captured token is lost", zap.String("event", string(e.Kind)), zap.Error(e.Err))
}})

// newTokenStore is where captured tokens are kept.
func (a *App) newTokenStore(ctx caddy.Context) (capture.Store, error) {
	if a.Persist == nil {
		return capturedTokens, nil
	}
	log := ctx.Logger()
	o := capture.SealedOptions{
		Storage: ctx.Storage(),
		Observe: func(e capture.Event) {
			a.status.captured(e)
			countStoreError(e)
			log.Warn("the storage of captured tokens", zap.String("event", string(e.Kind)), zap.Error(e.Err))
		},
	}
	var err error
	if o.Key, err = sealingKey(a.Persist.Key); err != nil {
		return nil, fmt.Errorf("persist: key: %w", err)
	}
	for _, ref := range a.Persist.PreviousKeys {
		key, err := sealingKey(ref)
		if err != nil {
			return nil, fmt.Errorf("persist: previous_key: %w", err)
		}
		o.Previous = append(o.Previous, key)
	}
	return capture.NewSealed(o)
}

func sealingKey(ref string) (capture.SealingKey, error) {
	secret, err := new(keys.Loader).Secret(ref)
	if err != nil {
		return capture.SealingKey{}, err
	}
	text, err := secret.Value(time.Now())
	if err != nil {
		return capture.SealingKey{}, err
	}
	key, err := capture.ParseSealingKey([]byte(text))
	if err != nil {
		return capture.SealingKey{}, fmt.Errorf("%s: %w", ref, err)
	}
	return key, nil
}
