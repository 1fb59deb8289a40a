// Package signer turns a plain HTTP request into the one that a partner
// accepts: with its credentials, an idempotency key, a digest of its body and
// signatures over what goes out.
//
// It knows nothing of Caddy. A [Partner] is made once from [Options] and is
// used as the transport of an ordinary client:
//
//	partner, err := signer.New(signer.Options{
//		Name:     "acme",
//		Upstream: upstream, // from signer.ParseUpstream("https://api.acme.example")
//		Steps:    []signer.Step{…},
//	})
//	client := &http.Client{Transport: partner.Transport(http.DefaultTransport)}
//
// Package config makes a Partner from a configuration, and the packages
// httpsig and token hold the steps that most partners need.
//
// # One attempt
//
// [Exchange.RoundTrip] is one attempt to have a request answered. It never
// touches the request it is given, and does this, in this order:
//
//  1. admit: the path and the method are checked against the rules;
//  2. strip: headers that a step owns, the client's own credentials and what
//     browsers and proxies add are left out of the copy;
//  3. body: it is read once, within bounds, if a step needs it;
//  4. steps: they shape the copy, by [Phase], the signature last;
//  5. pin: Host, Content-Length, Accept-Encoding and User-Agent are settled
//     before anything is signed, so that what was signed is what is sent;
//  6. send: the base transport takes it to the upstream, and nowhere else;
//  7. observe: a connection that had died while idle gets one more attempt,
//     signed afresh.
//
// # Exchanges
//
// An [Exchange] holds what all attempts of one client request share: the body,
// its digests and the idempotency key. Signatures, nonces and times belong to
// an attempt and are never used twice.
//
// # Failing
//
// Whatever stops a request before it is sent is a [Problem], and the client
// gets it as an answer; nothing is ever sent unsigned because signing failed.
// Only a client that left and a connection that could not be made come back as
// errors, because callers treat these two differently.
package signer
