package caddymodule

import (
	"net/http"
	"net/textproto"
	"strings"
)

// A directWriter keeps what concerns the partner's connection alone (RFC 9110
// section 7.6.1) out of interim answers: httputil keeps it out of others.
type directWriter struct{ http.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *directWriter) WriteHeader(status int) {
	if status < http.StatusOK {
		h := w.Header()
		for _, value := range h["Connection"] {
			for name := range strings.SplitSeq(value, ",") {
				delete(h, textproto.CanonicalMIMEHeaderKey(textproto.TrimString(name)))
			}
		}
		for _, name := range connectionHeaders {
			delete(h, name)
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *directWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

var connectionHeaders = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}
