package token

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 1 << 20

// A poster posts to the one URL of a source.
type poster struct {
	url    string
	host   string
	client *http.Client
}

// newPoster does not repeat the URL in an error: it may hold a secret.
func newPoster(rawURL string, client *http.Client) (*poster, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("expected the URL of the token endpoint, such as https://auth.partner.example/oauth/token")
	}
	if u.Scheme == "http" && !signer.IsLoopback(strings.ToLower(u.Hostname())) {
		return nil, errors.New("a token endpoint with http:// must be on localhost or a loopback address: secrets would travel unprotected; use https://")
	}
	own := http.Client{}
	if client != nil {
		own = *client
	}
	own.Jar = nil
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &poster{url: u.String(), host: strings.ToLower(u.Host), client: &own}, nil
}

// fetch posts and takes the token from the answer.
func (p *poster) fetch(ctx context.Context, now time.Time, header http.Header, body []byte, l *layout) (Token, error) {
	answer, err := p.post(ctx, now, header, body)
	if err != nil {
		return Token{}, err
	}
	t, err := l.read(answer, now)
	if err != nil {
		return Token{}, p.problem("%v", err) // which read has put in words of our own
	}
	return t, nil
}

// post returns the body of an answer that is a success. now is for a
// Retry-After that is a date.
func (p *poster) post(ctx context.Context, now time.Time, header http.Header, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return nil, p.problem("its URL cannot be used")
	}
	req.Header = http.Header{"Accept": {"application/json"}, "User-Agent": {"partnersign"}}
	maps.Copy(req.Header, header)
	res, err := p.client.Do(req)
	if err != nil {
		return nil, p.unanswered(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case res.StatusCode < 200 || res.StatusCode > 299:
		return nil, p.refused(res, answer, now)
	case err != nil:
		return nil, p.unanswered(err)
	case len(answer) > maxAnswer:
		return nil, p.problem("its answer is longer than 1 MiB")
	}
	return answer, nil
}
