package signer

import (
	"io"
	"net/http"
	"strings"
)

// An unquoted is an error of net/http less what it quotes: what a partner has sent
// where an answer or its end should be, which may repeat what the partner was sent.
type unquoted struct{ error }

// unquote returns err itself if it quotes nothing.
func unquote(err error) error {
	if !strings.Contains(err.Error(), `"`) {
		return err
	}
	return unquoted{err}
}

// Error is the text up to the quotation.
func (e unquoted) Error() string {
	text, _, _ := strings.Cut(e.error.Error(), `"`)
	return text + "…"
}

// Unwrap returns the error with what it quotes.
func (e unquoted) Unwrap() error { return e.error }

// unquoteBody has reading the answer fail without quotations: who passes it on
// logs the error. The body of an upgrade is a connection, and stays as it is.
func unquoteBody(res *http.Response) {
	if res.StatusCode != http.StatusSwitchingProtocols && res.Body != nil && res.Body != http.NoBody {
		res.Body = unquotedBody{res.Body}
	}
}

type unquotedBody struct{ io.ReadCloser }

// Read implements io.Reader.
func (b unquotedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = unquote(err)
	}
	return n, err
}
