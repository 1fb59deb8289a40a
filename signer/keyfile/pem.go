package keyfile

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"time"
)

var pemBegin = []byte("-----BEGIN ")

// readPEM describes the blocks of a file.
func readPEM(text []byte) (items []Item) {
	blocks, private := 0, 0
	for rest := text; ; blocks++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch block.Type {
		case "PUBLIC KEY":
			items = append(items, publicBlock(block.Bytes, "SPKI"))
		case "RSA PUBLIC KEY":
			items = append(items, publicBlock(block.Bytes, "PKCS #1"))
		case "CERTIFICATE":
			items = append(items, certificate(block.Bytes))
		case "EC PARAMETERS": // the key names its curve itself
		default:
			i := privateBlock(block)
			if private++; private > 1 && i.Problem == "" {
				i.Problem = "it is not the only private key in the file: leave the one to use"
			}
			items = append(items, i)
		}
	}
	switch {
	case blocks < bytes.Count(text, pemBegin): // pem.Decode skips what it cannot read
		items = append(items, Item{Kind: Damaged, Problem: `the PEM is malformed: it must be copied as a whole, its line breaks must be real ones and not written out as \n`})
	case len(items) == 0:
		items = []Item{{Kind: Nothing, Problem: "there is no key in the PEM: add it"}}
	}
	return items
}

var privateFormats = map[string]string{
	"PRIVATE KEY":           "PKCS #8",
	"ENCRYPTED PRIVATE KEY": "PKCS #8",
	"RSA PRIVATE KEY":       "PKCS #1",
	"EC PRIVATE KEY":        "SEC 1",
	"OPENSSH PRIVATE KEY":   "OpenSSH",
}

// privateBlock describes a private key, or what the server would refuse beside
// one.
func privateBlock(block *pem.Block) Item {
	i := Item{Kind: PrivateKey, Format: privateFormats[block.Type]}
	switch {
	case i.Format == "":
		i.Kind = Opaque
	case block.Type == "ENCRYPTED PRIVATE KEY", strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
		i.Kind = EncryptedKey
	}
	i.ofPrivate(pem.EncodeToMemory(block))
	return i
}

func publicBlock(der []byte, format string) Item {
	i := Item{Kind: PublicKey, Format: format}
	public, err := parsePublic(der)
	if err != nil {
		i.Problem = err.Error()
		return i
	}
	i.ofPublic(public)
	return i
}

func parsePublic(der []byte) (crypto.PublicKey, error) {
	if public, err := x509.ParsePKIXPublicKey(der); err == nil {
		return public, nil
	}
	if public, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return public, nil
	}
	return parseSecp256k1SPKI(der)
}

func certificate(der []byte) Item {
	i := Item{Kind: Certificate, Format: "X.509"}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		i.Problem = "the certificate is damaged: copy it again as a whole"
		return i
	}
	i.ofPublic(c.PublicKey)
	i.Problem = "" // keys of every type may be certified
	i.Issuer, i.Subject = Printable(c.Issuer.String()), Printable(c.Subject.String())
	i.NotBefore, i.Expires = at(c.NotBefore), at(c.NotAfter)
	return i
}

func at(t time.Time) *time.Time {
	t = t.UTC().Truncate(time.Second)
	return &t
}
