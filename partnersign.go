// Package partnersign is a Caddy plugin that authenticates and signs a
// company's outbound API requests. The application sends a plain request;
// partnersign sends the one that the partner accepts: with its token, an
// idempotency key, a digest of the body (RFC 9530) and an HTTP message
// signature (RFC 9421).
//
// Importing this package registers the Caddy modules, so that
//
//	xcaddy build --with github.com/partnersign/partnersign
//
// is all it takes.
//
// # Where things are
//
// Package signer is the engine: an http.RoundTripper that needs no Caddy.
// Packages signer/httpsig, signer/keys and signer/token hold what it signs and
// authenticates with, and signer/config makes a partner from a configuration.
//
// Package caddymodule puts it behind Caddy's reverse_proxy. Package
// partnertest has partners to test against.
package partnersign

import _ "github.com/partnersign/partnersign/caddymodule" // registers the modules
