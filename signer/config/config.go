package config

// Config describes one partner.
type Config struct {
	// The partner's name in answers, metrics and logs. Default: the host of
	// the upstream.
	Name string `json:"name,omitempty"`

	// Whom requests are for: `https://host[:port]`, without a path. `http://`
	// is for localhost and loopback addresses, `unix//path.sock` for a socket.
	// It alone decides on the Host that is sent, on what is signed as
	// `@authority` and on the name that TLS must prove. Required.
	Upstream string `json:"upstream,omitempty"`

	// What may pass. When given, the rest is refused with status 403.
	// Default: everything but guarded calls.
	Allow []Allow `json:"allow,omitempty"`

	// Calls that make, change or reveal credentials, users, permissions,
	// policies or exported keys. They pass only by an `allow` that is guarded.
	Guarded []Match `json:"guarded,omitempty"`

	// Calls that `guarded` matches and that are not meant, in their one exact
	// spelling.
	Unguarded []Match `json:"unguarded,omitempty"`

	// How long a body may be, in bytes, that a step needs whole; more is
	// refused with status 413. Other bodies are streamed at any size.
	// Default: 10485760 (10 MiB).
	MaxBody int64 `json:"max_body,omitempty"`

	// What one client request may take, with retries, until the answer
	// begins; then it is refused with status 504. Default: `60s`.
	Timeout Duration `json:"timeout,omitempty"`

	// How far the partner's clock may be from this machine's before the log
	// warns of it, at least a second. Default: `5s`.
	ClockSkewWarning Duration `json:"clock_skew_warning,omitempty"`

	// Client headers that are stripped by default and shall pass: any of
	// Authorization, Cookie, Referer, Origin, Sec-*, Proxy-*, X-Forwarded-*,
	// X-Real-IP, Forwarded, Via, Early-Data, Expect, the headers by which
	// clients override the method or the path, and those of traces, such as
	// Traceparent, Tracestate and Baggage.
	ClientHeaders []string `json:"client_headers,omitempty"`

	// Tokens for `Authorization: Bearer`. The first that is for a request is used.
	Bearer []Bearer `json:"bearer,omitempty"`

	// Credentials for `Authorization: Basic`.
	BasicAuth *BasicAuth `json:"basic_auth,omitempty"`

	// Headers that are set or removed.
	Headers []Header `json:"headers,omitempty"`

	// Tokens that the partner tells once.
	Captures []Capture `json:"captures,omitempty"`

	// Fields that are put into JSON bodies.
	JSONFields []JSONField `json:"json_fields,omitempty"`

	// What Dfns asks for. Default: nothing.
	Dfns *DfnsAuth `json:"dfns,omitempty"`

	// The idempotency key of writes. Default: none.
	IdempotencyKey *IdempotencyKey `json:"idempotency_key,omitempty"`

	// The Content-Digest of bodies (RFC 9530). Default: none.
	ContentDigest *ContentDigest `json:"content_digest,omitempty"`

	// HTTP message signatures (RFC 9421), in the order in which they are made.
	Signatures []Signature `json:"signatures,omitempty"`

	// What is sent again after which answers. Default: nothing.
	Retries []Retry `json:"retries,omitempty"`
}

// Match selects requests.
type Match struct {
	// Methods in upper case; GET includes HEAD. Default: any.
	Methods []string `json:"methods,omitempty"`

	// Path globs: `*` is one segment, `**` the rest. They match the path as it
	// is sent, percent-encoding kept. Default: any.
	Paths []string `json:"paths,omitempty"`
}

// Allow lets requests pass.
type Allow struct {
	Match

	// Lets guarded calls pass, too.
	Guarded bool `json:"guarded,omitempty"`

	// Lets paths with `%2F` and `//` pass.
	EncodedSlash bool `json:"encoded_slash,omitempty"`
}

// BasicAuth is a user and a password (RFC 7617).
type BasicAuth struct {
	// The user: text, in which `{env.NAME}` and `{file./absolute/path}` may stand.
	User string `json:"user,omitempty"`

	// The password: `{env.NAME}` or `{file./absolute/path}`.
	Password string `json:"password,omitempty"`
}

// Header sets or removes one header.
type Header struct {
	// The header's name.
	Name string `json:"name,omitempty"`

	// What is done: `set` (default), `set_absent` or `remove`.
	Op string `json:"op,omitempty"`

	// Text in which `{env.NAME}`, `{file./absolute/path}` and the time of the
	// signature may stand: `{time.now.http}`, `{time.now.rfc3339}`,
	// `{time.now.unix}` and `{time.now.unix_ms}`.
	Value string `json:"value,omitempty"`
}

// IdempotencyKey gives each client request a key that is the same at every
// attempt. A client's own key wins and is left as it is.
type IdempotencyKey struct {
	// The request header. Default: `Idempotency-Key`.
	Header string `json:"header,omitempty"`

	// The methods that get a key. Default: POST, PUT, PATCH, DELETE.
	Methods []string `json:"methods,omitempty"`

	// `raw` (default), or `quoted` for a structured-field string.
	Format string `json:"format,omitempty"`

	// Refuse requests that bring neither a key nor what to make it of.
	Require bool `json:"require,omitempty"`

	// Make the key, a UUIDv5, of this header of the client.
	FromHeader string `json:"from_header,omitempty"`

	// Make the key, a UUIDv5, of the value at this JSON pointer of the body.
	FromBody string `json:"from_body,omitempty"`

	// The header that tells the client its key. Default: `Idempotency-Key`.
	ResponseHeader string `json:"response_header,omitempty"`
}

// ContentDigest sets Content-Digest over the bytes that are sent.
type ContentDigest struct {
	// `sha-256`, `sha-512`, or both. Default: `sha-256`.
	Algorithms []string `json:"algorithms,omitempty"`

	// Digest the empty body, too.
	EmptyBody bool `json:"empty_body,omitempty"`

	// Written instead of the algorithm's name, such as `sha256`.
	KeyName string `json:"key_name,omitempty"`
}

// Signature is one HTTP message signature (RFC 9421).
type Signature struct {
	// The label within the message. Default: `sig1`.
	Label string `json:"label,omitempty"`

	// The key: an absolute path, `{file./absolute/path}` or `{env.NAME}`, of
	// PEM, a JWK, a JWK set or a secret. A file that changes is used without
	// a restart. Required.
	Key string `json:"key,omitempty"`

	// How a secret that is neither PEM nor a JWK is written: `base64`
	// (default), `hex` or `text`.
	KeyFormat string `json:"key_format,omitempty"`

	// The partner's name for the key: text, in which `{env.NAME}` and
	// `{file./absolute/path}` may stand, or `{key.thumbprint}` for the
	// thumbprint of RFC 7638. Default: the `kid` of a JWK.
	KeyID string `json:"key_id,omitempty"`

	// One of `ed25519`, `ecdsa-p256-sha256`, `ecdsa-p384-sha384`,
	// `ecdsa-p521-sha512`, `rsa-pss-sha512`, `rsa-v1_5-sha256`, `hmac-sha256`.
	// Default: what the key is for.
	Algorithm string `json:"algorithm,omitempty"`

	// What is covered: `name[;param[=value]]…[?]`; with `?` it is left out of
	// a request that lacks it.
	Components []string `json:"components,omitempty"`

	// `created` or `created=-<duration>`, `expires=<duration>`, `nonce`, `alg`,
	// `keyid`, `tag=<text>`, in the order on the wire. Default:
	// `created keyid alg`.
	Parameters []string `json:"parameters,omitempty"`

	// `raw` (r and s, default) or `der`.
	ECDSAEncoding string `json:"ecdsa_encoding,omitempty"`

	// How the signature and the nonce are written: `base64` (default), or
	// `base64url` without padding.
	ByteEncoding string `json:"byte_encoding,omitempty"`

	// The headers that carry the signature and its input. Default:
	// `Signature` and `Signature-Input`.
	HeaderNames []string `json:"header_names,omitempty"`

	// What happens to a client's own signatures: `replace` (default) or `keep`.
	Existing string `json:"existing,omitempty"`

	// The requests that are signed. Default: all.
	On *Match `json:"on,omitempty"`
}
