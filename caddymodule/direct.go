package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// A direct way leads past a reverse_proxy of which nothing is used but that it
// forwards. For its features it makes a logger, fills a replacer and copies
// request and headers several times for each request, features in use or not,
// and that costs more than most signatures.
type direct struct {
	transport *Transport
	log       *zap.Logger // reverse_proxy's own
	dial      string
	requests  atomic.Int64 // on their way now
}

// wayPast is the direct way past the reverse_proxy that t belongs to, or nil.
func (t *Transport) wayPast(ctx caddy.Context) *direct {
	modules := ctx.Modules()
	if len(modules) < 2 {
		return nil
	}
	handler, ok := modules[len(modules)-2].(*reverseproxy.Handler)
	if !ok || !onlyForwards(handler) || !t.dialsByURL() {
		return nil
	}
	return &direct{transport: t, log: ctx.Logger(handler), dial: handler.Upstreams[0].Dial}
}

// onlyForwards reports whether h is configured with one upstream, its transport
// and nothing else, whatever else there is to configure.
func onlyForwards(h *reverseproxy.Handler) bool {
	text, err := json.Marshal(h)
	var settings map[string]json.RawMessage
	if err != nil || json.Unmarshal(text, &settings) != nil {
		return false
	}
	delete(settings, "transport")
	delete(settings, "upstreams")
	return len(settings) == 0 && len(h.Upstreams) == 1 && h.Upstreams[0].MaxRequests == 0 && isHostPort(h.Upstreams[0].Dial)
}

// isHostPort reports whether net/http understands a dial address as Caddy does.
func isHostPort(dial string) bool {
	at, err := caddy.ParseNetworkAddress(dial)
	return err == nil && at.Network == "tcp" && at.PortRangeSize() == 1 && at.JoinHostPort(0) == dial && !strings.Contains(dial, "{")
}

// dialsByURL reports whether t needs nothing that only reverse_proxy tells it.
func (t *Transport) dialsByURL() bool {
	return t.ProxyProtocol == "" && t.Resolver == nil && !slices.Contains(t.Versions, "3") &&
		len(t.ClientHeaders) == 0 && // reverse_proxy's own X-Forwarded-For, where it is kept
		!strings.HasPrefix(t.upstream.DialAddress(), "unix/")
}

// serves reports whether r can take the direct way. One for another protocol,
// such as a websocket, needs to be known to Caddy when it ends. Of early data
// reverse_proxy tells, and of HTTP/3 it can end an answer half way.
func (d *direct) serves(r *http.Request) bool {
	return d != nil && r.ProtoMajor < 3 && (r.TLS == nil || r.TLS.HandshakeComplete) && r.Method != http.MethodConnect && r.Header["Upgrade"] == nil && r.Header["Incremental"] == nil
}

// A forwarding is a request on the direct way. Of it the placeholders tell.
type forwarding struct {
	direct     *direct
	request    http.Request
	url        url.URL
	interim    interim
	beside     int // other requests on their way when it began
	begin, end time.Time
	latency    time.Duration // to the answer's headers
	answer     *http.Response
	copied     time.Duration // to its end
}

// serve forwards r, and does as reverse_proxy would.
func (d *direct) serve(w http.ResponseWriter, r *http.Request, v *visit) error {
	f := &forwarding{direct: d, request: *r, begin: time.Now(), beside: int(d.requests.Add(1)) - 1}
	defer func() {
		d.requests.Add(-1)
		f.end = time.Now()
	}()
	v.setForwarding(f)
	err := d.send(f, w)
	switch {
	case err == nil:
		d.answer(w, f)
		return nil
	case errors.Is(err, context.Canceled):
		w.WriteHeader(499) // the client has left
		return nil
	}
	return caddyhttp.Error(http.StatusBadGateway, err)
}

// send sends the request to the address to dial. What of its header concerns
// the client's connection alone, an exchange removes.
func (d *direct) send(f *forwarding, w http.ResponseWriter) error {
	f.url = *f.request.URL
	f.url.Host = d.dial
	f.request.URL = &f.url
	if f.request.ContentLength == 0 {
		f.request.Body = nil // Caddy has it wrapped, and then it looks like one
	}
	f.interim.client = w
	res, err := d.transport.RoundTrip(&f.request)
	f.interim.end()
	if err == nil && res.StatusCode == http.StatusSwitchingProtocols {
		_ = res.Body.Close()
		err = errors.New("the partner has switched to a protocol that nobody has asked for")
	}
	f.latency = time.Since(f.begin)
	d.tell(f, res, err)
	if err == nil {
		f.answer = res
	}
	return err
}

// tell logs what reverse_proxy would.
func (d *direct) tell(f *forwarding, res *http.Response, err error) {
	c := d.log.Check(zapcore.DebugLevel, "upstream roundtrip")
	switch {
	case c == nil:
	case err != nil:
		c.Write(f.fields(zap.Error(err))...)
	default:
		headers := caddyhttp.LoggableHTTPHeader{Header: res.Header, ShouldLogCredentials: logsCredentials(&f.request)}
		c.Write(f.fields(zap.Object("headers", headers), zap.Int("status", res.StatusCode))...)
	}
}

// fields are what log lines tell of f, and more.
func (f *forwarding) fields(more ...zap.Field) []zap.Field {
	return append([]zap.Field{
		zap.String("upstream", f.direct.dial),
		zap.Duration("duration", f.latency),
		zap.Object("request", caddyhttp.LoggableHTTPRequest{Request: &f.request, ShouldLogCredentials: logsCredentials(&f.request)}),
	}, more...)
}

// logsCredentials reports whether the site's logs shall have them.
func logsCredentials(r *http.Request) bool {
	server, ok := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	return ok && server.Logs != nil && server.Logs.ShouldLogCredentials
}
