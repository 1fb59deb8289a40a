// Package httpsig makes HTTP message signatures (RFC 9421) and digests
// (RFC 9530) for requests, as steps of package signer.
//
// [Signature] is one signature: [ParseComponent] reads what it covers,
// [ParseParameter] its parameters. It is built for the RFC's letter; what
// partners want beyond it is an option of its own.
//
// The signature base is made from what goes out: the upstream's authority and
// scheme, the path and query as they are sent, and headers as they will be
// written. Values come from clients, so a value that could add or change a line
// of the base is refused, never escaped.
//
// [Digest] makes the Content-Digest field.
package httpsig
