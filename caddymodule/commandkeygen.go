package caddymodule

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/partnersign/partnersign/internal/paint"
	"github.com/partnersign/partnersign/signer/keyfile"
	"github.com/partnersign/partnersign/signer/keys"
)

func init() {
	addCommand(func() *cobra.Command {
		cmd := &cobra.Command{
			Use:   "keygen <algorithm or partner>",
			Short: "Makes a signing key, and its public half as the partner registers it",
			Long: `
Makes a key for a partner
  ` + words(keyUseNames(true)) + `
or for an algorithm
  ` + words(keyAlgorithms()) + `;
  ` + words(keyUseNames(false)) + `

The private key goes into a new file that its owner alone can read, as PEM of
PKCS #8; a shared secret in base64. The public half goes to the standard output,
in the form that the partner registers, and what to do with it to the standard
error. No file that is there is written over.`,
			Example: `  caddy partnersign keygen offblocks --public offblocks.pub.b64
  caddy partnersign keygen dfns --out /etc/partnersign/credential.pem > credential.pub.pem
  caddy partnersign keygen rsa-pss-sha512 --bits 3072 --out acme.pem --form jwk --key-id acme-2026
  caddy partnersign keygen ed25519 --out - --public acme.pub.pem | vault kv put secret/acme key=-
  caddy partnersign keygen hmac-sha256 --out acme.secret`,
		}
		flags := cmd.Flags()
		flags.StringP("out", "o", "", "The file for the private key, or - for the standard output, which must be a pipe or a file. Default: the name with .pem, or .secret for a shared one")
		flags.StringP("public", "p", "", "A file for the public key. Default: the standard output, or the standard error with --out -")
		flags.String("form", "", "How the public key is written: "+words(keyfile.Forms())+". Default: as the partner registers it, else pem")
		flags.Int("bits", 0, "The size of an RSA key: 2048 to 4096. Default: 2048")
		flags.String("key-id", "", "The kid of a JWK. Default: the thumbprint")
		flags.Bool("private-key-on-terminal", false, "With --out -: show the private key even on a terminal")
		return run(cmd, keygenCommand)
	})
}

func keygenCommand(cmd *cobra.Command, args []string) (found bool, err error) {
	if len(args) != 1 {
		return false, usage(errors.New("give one algorithm or partner, such as ed25519 or offblocks"))
	}
	use, err := keyUseOf(args[0])
	if err != nil {
		return false, usage(err)
	}
	flags := cmd.Flags()
	out, _ := flags.GetString("out")
	shown, _ := flags.GetBool("private-key-on-terminal")
	switch {
	case out == "-" && !shown && isTerminal(os.Stdout):
		return false, usage(errors.New("this would show the private key on a terminal: send it on with | or >, or write a file with --out"))
	case out == "" && use.algorithm == keys.HMACSHA256:
		out = strings.ToLower(args[0]) + ".secret"
	case out == "":
		out = strings.ToLower(args[0]) + ".pem"
	}
	bits, _ := flags.GetInt("bits")
	pair, err := keyfile.Generate(use.algorithm, bits)
	if err != nil {
		return false, usage(err)
	}
	public, err := publicHalf(cmd, pair, use.form)
	if err != nil {
		return false, usage(err)
	}
	publicFile, _ := flags.GetString("public")
	if publicFile == "-" {
		publicFile = ""
	}
	if err := writePair(pair, public, out, publicFile); err != nil {
		return false, err
	}
	if out != "-" {
		p := paint.Paint(coloursOn(os.Stderr))
		keyID, _ := flags.GetString("key-id")
		fmt.Fprint(os.Stderr, use.withKeyID(keyID).advice(out, publicFile, p))
	}
	return false, nil
}

// publicHalf is the public key as it is to be written, nothing of a shared secret.
func publicHalf(cmd *cobra.Command, pair *keyfile.Pair, form keyfile.Form) ([]byte, error) {
	flags := cmd.Flags()
	if pair.Public == nil {
		if flags.Changed("form") || flags.Changed("public") || flags.Changed("key-id") {
			return nil, errors.New("a shared secret has no public half: remove --form, --public and --key-id")
		}
		return nil, nil
	}
	if flags.Changed("form") {
		name, _ := flags.GetString("form")
		form = keyfile.Form(name)
	}
	keyID, _ := flags.GetString("key-id")
	if keyID != "" && form != keyfile.JWK && form != keyfile.JWKS {
		return nil, errors.New("only a JWK has a key id: remove --key-id, or add --form jwk")
	}
	return keyfile.WritePublic(pair.Public, form, keyID)
}

// writePair writes both halves or, if one cannot be, leaves no file.
func writePair(pair *keyfile.Pair, public []byte, out, publicFile string) (err error) {
	signal.Ignore(syscall.SIGPIPE) // a reader that has gone is an error like others
	var files newFiles
	defer func() {
		if err != nil {
			err = errors.Join(err, files.remove())
		}
	}()
	var private bytes.Buffer
	if err := pair.WritePrivate(&private); err != nil {
		return err
	}
	publicTo := os.Stdout
	if out == "-" {
		publicTo = os.Stderr
	} else if err := files.create(out, private.Bytes(), 0o600); err != nil {
		return err
	}
	if publicFile != "" {
		err = files.create(publicFile, public, 0o644)
	} else {
		_, err = publicTo.Write(public)
	}
	if err != nil || out != "-" {
		return err
	}
	_, err = os.Stdout.Write(private.Bytes())
	return err
}
