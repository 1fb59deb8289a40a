// Package token puts credentials into the Authorization header, as steps of
// package signer: fixed bearer tokens (RFC 6750) and Basic credentials
// (RFC 7617).
package token
