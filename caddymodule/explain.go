package caddymodule

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/explain"
	"github.com/partnersign/partnersign/signer/message"
)

// explaining takes the place of whatever transports send by, and of every
// secret, when a configuration is provisioned to be explained. It is set by the
// command alone and nil in a server.
var explaining *explain.Recorder

// An explainer runs requests through a configuration that does not serve.
type explainer struct {
	recorder    *explain.Recorder
	servers     map[string]*caddyhttp.Server
	partners    []string // names of the servers that lead to one
	credentials []string // headers by which callers prove who they are
	dir         string
}

// newExplainer provisions a configuration as `caddy validate` does, without
// listeners, logs and storage of its own, and with nothing that could send.
func newExplainer(config []byte, standIns bool) (_ *explainer, err error) {
	e := &explainer{recorder: explain.NewRecorder(explain.Options{StandIns: standIns})}
	if e.dir, err = os.MkdirTemp("", "partnersign-explain"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	config, e.partners, e.credentials, err = offline(config, e.dir)
	if err != nil {
		return nil, err
	}
	var c caddy.Config
	if err := caddy.StrictUnmarshalJSON(config, &c); err != nil {
		return nil, err
	}
	explaining = e.recorder
	ctx, err := caddy.ProvisionContext(&c)
	if err != nil && !standIns {
		return nil, fmt.Errorf("%w\n(--stand-ins explains without secrets and keys)", err)
	}
	if err != nil {
		return nil, err
	}
	app, err := ctx.App("http")
	if err != nil {
		return nil, err
	}
	e.servers = app.(*caddyhttp.App).Servers
	return e, nil
}

func (e *explainer) close() { _ = os.RemoveAll(e.dir) }

// complete gives a request of a path alone the name and port of a server.
func (e *explainer) complete(m *message.Request) error {
	if m.Authority != "" {
		return nil
	}
	if len(e.partners) != 1 {
		return usage(errors.New("several servers, or none, lead to partners: give the whole URL"))
	}
	ports := portsOf(e.servers[e.partners[0]])
	if len(ports) == 0 {
		m.Authority = "localhost"
		return nil
	}
	m.Authority = net.JoinHostPort("localhost", ports[0])
	if ports[0] == "443" && m.Scheme == "" {
		m.Scheme, m.Authority = "https", "localhost"
	}
	return nil
}

func portsOf(s *caddyhttp.Server) (ports []string) {
	for _, address := range s.Listen {
		if at, err := caddy.ParseNetworkAddress(address); err == nil && !at.IsUnixNetwork() && !at.IsFdNetwork() {
			for port := at.StartPort; port <= at.EndPort; port++ {
				ports = append(ports, fmt.Sprint(port))
			}
		}
	}
	return ports
}

// server is the one that a request comes to: by its port, or else the only one
// that leads to partners, as clients may come through a proxy or an override of
// names.
func (e *explainer) server(scheme, authority string) (*caddyhttp.Server, error) {
	_, port, err := net.SplitHostPort(authority)
	if err != nil {
		port = map[string]string{"https": "443"}[scheme]
		if port == "" {
			port = "80"
		}
	}
	var found []*caddyhttp.Server
	for _, s := range e.servers {
		if slices.Contains(portsOf(s), port) {
			found = append(found, s)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(e.partners) == 1:
		return e.servers[e.partners[0]], nil
	}
	return nil, fmt.Errorf("no server of the configuration listens on port %s, and it has not just one that leads to partners", port)
}

// explain runs one request.
func (e *explainer) explain(in explain.Input) (*explain.Explanation, error) {
	m, err := in.Request()
	if err != nil {
		return nil, err
	}
	s, err := e.server(m.Scheme, m.Authority)
	if err != nil {
		return nil, err
	}
	req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(m.Wire())))
	if err != nil {
		return nil, fmt.Errorf("no server would read this request: %w", err)
	}
	address := in.Client
	if address == "" {
		address = "127.0.0.1"
	}
	req.RemoteAddr = net.JoinHostPort(address, "1")
	if m.Scheme == "https" {
		req.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: hostOf(m.Authority)}
	}
	if err := e.recorder.Begin(in); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, req.WithContext(ctx))
	explanation := e.recorder.Explanation()
	if explanation.Sent == nil && explanation.Refused == nil {
		explanation.Refused = refusal(answer)
	}
	return explanation, nil
}

// refusal is why a request did not get as far as a partner.
func refusal(answer *httptest.ResponseRecorder) *explain.Refusal {
	var problem struct{ Type, Detail string }
	if answer.Header().Get("Content-Type") == "application/problem+json" && json.Unmarshal(answer.Body.Bytes(), &problem) == nil {
		return &explain.Refusal{Status: answer.Code, Type: strings.TrimPrefix(problem.Type, signer.ProblemBase), Detail: problem.Detail}
	}
	detail := "no route of the configuration leads to a partner; the site answers by itself"
	switch {
	case answer.Header().Get(elsewhere) != "":
		detail = "its route leads to a reverse_proxy that is no partner's; where it goes is not shown"
	case answer.Header().Get("Location") != "":
		detail = "the site redirects to " + answer.Header().Get("Location")
	}
	return &explain.Refusal{Status: answer.Code, Detail: detail}
}
