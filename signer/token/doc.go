// Package token puts credentials into the Authorization header, as steps of
// package signer: bearer tokens (RFC 6750) and Basic credentials (RFC 7617).
//
// # Where tokens come from
//
// A [Bearer] has a fixed token, which may be a secret in a file, or a [Cache]
// of tokens that are asked for when they are needed. Two sources give them:
// [OAuth2] by client credentials (RFC 6749 section 4.4), with a client secret or
// with a private key (RFC 7523), and [Endpoint] by a partner's own call.
//
// # How they are kept
//
// Tokens are kept for the whole process, by everything that distinguishes them:
// the endpoint, the client, its secret as it is now, what is asked for. So they
// outlive a configuration reload, and a changed secret has tokens of its own.
//
// One request for a token serves all who need it. It is made early, while the
// old token is still good, and beside the request that noticed; only when there
// is no token do requests wait, each as long as its client does. It carries
// nothing of the client's request and does not end with it.
//
// # When there is none
//
// A source that fails is asked again after a pause that grows. Until then
// requests that need a token get a [signer.CredentialUnavailable] at once, which
// says whose token is missing and why, in words of our own: nothing is sent
// without. A token that the partner refuses with 401 is forgotten, and the
// request is sent once more with another.
package token
