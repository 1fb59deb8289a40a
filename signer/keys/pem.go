package keys

import (
	"bytes"
	"encoding/pem"
	"errors"
	"strings"
)

var pemBegin = []byte("-----BEGIN ")

var errEncryptedPEM = errors.New("the PEM key is encrypted: decrypt it with `openssl pkey -in KEY -out NEW` and protect the new file by its mode")

// parsePEM reads the one private key in a PEM file. Certificates and public
// keys may stand beside it.
func parsePEM(text []byte) (privateKey, error) {
	var (
		der    []byte
		parse  func([]byte) (privateKey, error)
		public bool
		blocks int
	)
	for rest := text; ; blocks++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
			return privateKey{}, errEncryptedPEM
		}
		p := parsePKCS8
		switch block.Type {
		case "PRIVATE KEY":
		case "RSA PRIVATE KEY":
			p = parsePKCS1
		case "EC PRIVATE KEY":
			p = parseSEC1
		case "EC PARAMETERS": // the key names its curve itself
			continue
		case "CERTIFICATE", "PUBLIC KEY", "RSA PUBLIC KEY":
			public = true
			continue
		case "ENCRYPTED PRIVATE KEY":
			return privateKey{}, errEncryptedPEM
		case "OPENSSH PRIVATE KEY":
			return privateKey{}, errors.New("the key is in OpenSSH's own format: convert a copy of it with `ssh-keygen -p -m PKCS8 -f COPY`")
		default:
			return privateKey{}, errors.New("the PEM holds something else than a private key: use PKCS #8, PKCS #1 or SEC 1")
		}
		if parse != nil {
			return privateKey{}, errors.New("the file holds several private keys: leave the one to use")
		}
		der, parse = block.Bytes, p
	}
	switch {
	case blocks < bytes.Count(text, pemBegin): // pem.Decode skips what it cannot read
		return privateKey{}, errors.New(`the PEM is malformed: it must be copied as a whole, its line breaks must be real ones and not written out as \n`)
	case parse != nil:
		return parse(der)
	case public:
		return privateKey{}, errPublic
	}
	return privateKey{}, errors.New("there is no private key in the PEM: add it")
}

var errPublic = errors.New("this is a public key or a certificate: give the private key that belongs to it")
