package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"maps"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"
	"sync"
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
// headers with every request, features in use or not, and that costs more than
// most signatures; net/http/httputil forwards without.
type direct struct {
	proxy    httputil.ReverseProxy
	log      *zap.Logger // reverse_proxy's own
	dial     string
	requests atomic.Int64 // on their way now
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
	d := &direct{log: ctx.Logger(handler), dial: handler.Upstreams[0].Dial}
	d.proxy = httputil.ReverseProxy{
		Rewrite:        d.rewrite,
		Transport:      directTransport{t},
		ModifyResponse: d.answered,
		ErrorHandler:   d.failed,
		ErrorLog:       log.New(abortLog{d.log}, "", 0),
		BufferPool:     &copyBuffers,
	}
	return d
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
// reverse_proxy tells, and httputil cannot end an answer of HTTP/3 half way.
func (d *direct) serves(r *http.Request) bool {
	return d != nil && r.ProtoMajor < 3 && (r.TLS == nil || r.TLS.HandshakeComplete) && r.Method != http.MethodConnect && r.Header["Upgrade"] == nil && r.Header["Incremental"] == nil
}

// serve forwards r, and does as reverse_proxy would.
func (d *direct) serve(w http.ResponseWriter, r *http.Request, v *visit) error {
	d.requests.Add(1)
	defer d.requests.Add(-1)
	v.begin = time.Now()
	if repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		repl.Map(func(key string) (any, bool) { return d.placeholder(v, key) })
	}
	v.header = w.Header()
	server := v.header["Server"]
	delete(v.header, "Server") // Via tells it
	if len(v.header) > 0 {
		v.own = maps.Clone(v.header)
	}
	v.asked = r.Header
	bare := *r
	bare.Header = nil // httputil would copy it, and the exchange does again
	v.direct = directWriter{w}
	d.forward(&v.direct, &bare)
	v.end = time.Now()
	switch {
	case v.failure == nil:
		return nil
	case errors.Is(v.failure, context.Canceled):
		w.WriteHeader(499) // the client has left
		return nil
	}
	v.header["Server"] = server
	return caddyhttp.Error(http.StatusBadGateway, v.failure)
}

// forward has the client see of an answer that ends half way what there was.
func (d *direct) forward(w http.ResponseWriter, r *http.Request) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			_ = http.NewResponseController(w).Flush()
			fallthrough
		default:
			panic(p)
		}
	}()
	d.proxy.ServeHTTP(w, r)
}

// A directTransport sends what the client has asked, without what concerns its
// connection alone: an exchange removes that.
type directTransport struct{ *Transport }

// RoundTrip implements http.RoundTripper.
func (t directTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	req.Header = visitOf(req).asked
	return t.Transport.RoundTrip(req)
}

// rewrite sets the address to dial. The query stays as the client wrote it.
func (d *direct) rewrite(r *httputil.ProxyRequest) {
	r.Out.URL.Host = d.dial
	r.Out.URL.RawQuery = r.In.URL.RawQuery
	r.Out.Header = noHeader
}

// noHeader keeps httputil from adding one; nobody changes it.
var noHeader = http.Header{"User-Agent": nil}

func (d *direct) answered(res *http.Response) error {
	if res.StatusCode == http.StatusSwitchingProtocols {
		return errors.New("the partner has switched to a protocol that nobody has asked for")
	}
	v := visitOf(res.Request)
	v.answer, v.latency = res, time.Since(v.begin)
	v.restore()
	if c := d.log.Check(zapcore.DebugLevel, "upstream roundtrip"); c != nil {
		c.Write(append(d.told(res.Request, v.latency), zap.Int("status", res.StatusCode),
			zap.Object("headers", caddyhttp.LoggableHTTPHeader{Header: res.Header, ShouldLogCredentials: logsCredentials(res.Request)}))...)
	}
	res.Header["Via"] = append(res.Header["Via"], strings.TrimPrefix(res.Proto, "HTTP/")+" Caddy")
	return nil
}

func (d *direct) failed(_ http.ResponseWriter, r *http.Request, err error) {
	v := visitOf(r)
	v.failure = err
	v.restore()
	if c := d.log.Check(zapcore.DebugLevel, "upstream roundtrip"); c != nil {
		c.Write(append(d.told(r, time.Since(v.begin)), zap.Error(err))...)
	}
}

// restore puts back what other handlers have set of the answer, which httputil
// clears behind an interim one.
func (v *visit) restore() {
	for name, values := range v.own {
		if v.header[name] == nil {
			v.header[name] = values
		}
	}
}

func (d *direct) told(r *http.Request, took time.Duration) []zap.Field {
	return []zap.Field{
		zap.String("upstream", d.dial),
		zap.Duration("duration", took),
		zap.Object("request", caddyhttp.LoggableHTTPRequest{Request: r, ShouldLogCredentials: logsCredentials(r)}),
	}
}

// logsCredentials reports whether the site's logs shall have them.
func logsCredentials(r *http.Request) bool {
	server, ok := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	return ok && server.Logs != nil && server.Logs.ShouldLogCredentials
}

// An abortLog is told of answers that ended half way.
type abortLog struct{ *zap.Logger }

func (l abortLog) Write(p []byte) (int, error) {
	l.Warn("aborting with incomplete response", zap.String("error", strings.TrimSpace(string(p))))
	return len(p), nil
}

// buffers are what answers are copied through.
type buffers struct{ sync.Pool }

var copyBuffers = buffers{sync.Pool{New: func() any { return new([copyBufferSize]byte) }}}

const copyBufferSize = 32 << 10

// Get implements httputil.BufferPool.
func (b *buffers) Get() []byte { return b.Pool.Get().(*[copyBufferSize]byte)[:] }

// Put implements httputil.BufferPool.
func (b *buffers) Put(p []byte) { b.Pool.Put((*[copyBufferSize]byte)(p)) }
