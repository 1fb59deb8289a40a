package caddymodule

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/partnersign/partnersign/signer/keys"
	"github.com/partnersign/partnersign/signer/message"
	"github.com/partnersign/partnersign/signer/verify"
)

func init() {
	addCommand(func() *cobra.Command {
		cmd := &cobra.Command{
			Use:   "verify --key <file> [--request <file> | --url … | -- curl …]",
			Short: "Says whether a captured request is valid, or what has changed since it was signed",
			Long: `
Verifies the signatures of a captured request (RFC 9421) and its Content-Digest,
and says what is wrong: the clock, the key, the digest, or what has changed on
the way, with what was signed and what was received side by side. httpsign, an
implementation of others, is asked, too.

The request is raw HTTP, an HTTP archive (HAR), or given in parts. Credentials in
it are not shown.`,
			Example: `  caddy partnersign verify --key acme.pub.pem --request captured.http
  caddy partnersign verify --key keys.jwks --request browser.har --now 2026-03-08T06:02:03Z
  caddy partnersign verify --key acme.pub.pem --request captured.http --url https://api.acme.example
  caddy partnersign verify --secret '{env.ACME_HMAC}' --request captured.http --json`,
		}
		flags := cmd.Flags()
		requestFlags(cmd)
		flags.StringArrayP("key", "k", nil, "A file of public keys: PEM, a JWK, a JWK set or a certificate; repeatable. <keyid>=<file> names one")
		flags.StringArray("secret", nil, "A shared secret of hmac-sha256: {env.NAME}, {file./absolute/path} or a path; repeatable")
		flags.String("secret-format", "", "How the secret is written: base64 (default), hex or text")
		flags.String("label", "", "The signature to verify. Default: all")
		flags.StringSlice("header-names", nil, "The headers of the signature and of its input. Default: Signature,Signature-Input")
		flags.Duration("max-age", 0, "How old created may be, such as 5m. Default: any age")
		flags.String("now", "", "When the request was received, as 2026-03-08T06:02:03Z or in Unix seconds. Default: now")
		flags.Bool("json", false, "Write JSON")
		return run(cmd, verifyCommand)
	})
}

func verifyCommand(cmd *cobra.Command, args []string) (found bool, err error) {
	o, err := verifyOptions(cmd)
	if err != nil {
		return false, err
	}
	requests, err := requestOf(cmd, args)
	if err != nil {
		return false, err
	}
	m, err := signedOne(requests, o.InputHeader)
	if err != nil {
		return false, err
	}
	report := verify.Request(m, o)
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		err = report.WriteJSON(os.Stdout)
	} else {
		err = report.WriteText(os.Stdout, colours())
	}
	return !report.Valid, err
}

// signedOne is the request of an archive that is signed.
func signedOne(requests []*message.Request, input string) (*message.Request, error) {
	if len(requests) == 1 {
		return requests[0], nil
	}
	if input == "" {
		input = "Signature-Input"
	}
	var signed []*message.Request
	for _, m := range requests {
		if m.Header.Get(input) != "" {
			signed = append(signed, m)
		}
	}
	if len(signed) != 1 {
		return nil, fmt.Errorf("the archive has %d requests, and %d of them are signed: leave the one to verify in it", len(requests), len(signed))
	}
	return signed[0], nil
}

func verifyOptions(cmd *cobra.Command) (o verify.Options, err error) {
	flags := cmd.Flags()
	if o.Now, err = timeFlag(cmd); err != nil {
		return o, err
	}
	o.Label, _ = flags.GetString("label")
	o.MaxAge, _ = flags.GetDuration("max-age")
	switch names, _ := flags.GetStringSlice("header-names"); len(names) {
	case 0:
	case 2:
		o.SignatureHeader, o.InputHeader = names[0], names[1]
	default:
		return o, usage(errors.New("--header-names takes two names: of the signature and of its input"))
	}
	files, _ := flags.GetStringArray("key")
	for _, file := range files {
		found, err := keyFile(file)
		if err != nil {
			return o, err
		}
		o.Keys = append(o.Keys, found...)
	}
	refs, _ := flags.GetStringArray("secret")
	format, _ := flags.GetString("secret-format")
	for _, ref := range refs {
		key, err := sharedSecret(ref, format)
		if err != nil {
			return o, fmt.Errorf("--secret: %w", err)
		}
		o.Keys = append(o.Keys, key)
	}
	if o.Keys == nil {
		return o, usage(errors.New("give the public key with --key, or a shared secret with --secret"))
	}
	return o, nil
}

// keyFile reads [<keyid>=]<file>.
func keyFile(file string) ([]verify.Key, error) {
	id, name, named := strings.Cut(file, "=")
	if _, err := os.Stat(file); err == nil || !named {
		id, name = "", file
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	found, err := verify.ParseKeys(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for i := range found {
		if id != "" {
			found[i].ID = id
		}
	}
	return found, nil
}

var secretFormats = map[string]keys.Format{"": keys.FormatAuto, "base64": keys.FormatBase64, "hex": keys.FormatHex, "text": keys.FormatText}

func sharedSecret(ref, format string) (verify.Key, error) {
	f, ok := secretFormats[format]
	if !ok {
		return verify.Key{}, usage(errors.New("the format is base64, hex or text"))
	}
	if !strings.HasPrefix(ref, "{") {
		path, err := filepath.Abs(ref)
		if info, statErr := os.Stat(ref); err != nil || statErr != nil || info.IsDir() {
			// It may be the secret itself, and is not repeated.
			return verify.Key{}, usage(errors.New("expected {env.NAME}, {file./absolute/path} or the path of a file that is there"))
		}
		ref = "{file." + path + "}"
	}
	key, err := new(keys.Loader).Key(ref, keys.KeyOptions{Algorithm: keys.HMACSHA256, Format: f})
	if err != nil {
		return verify.Key{}, err
	}
	return verify.Key{MAC: func(message []byte) ([]byte, error) { return key.Sign(nil, message, time.Now(), keys.Raw) }}, nil
}
