package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"
)

// A soakClient is an application. It sends a request again only if its
// connection has ended before anything of an answer came: on a reload the server
// closes connections that are idle (RFC 9112, section 9.5) and, rarely, one of
// which it has read nothing yet. No partner may have seen the request then.
type soakClient struct {
	http      *http.Client
	keepAlive bool // else each request has a connection of its own
	load      *soakLoad
}

// A soakLoad is what all clients have been answered.
type soakLoad struct {
	mu       sync.Mutex
	answers  map[string]int // by kind of client and answer
	accepted map[string]int // 2xx by target
	idle     int            // connections that ended unasked after they were used
	unread   int            // those that ended before
	reloads  int
	wrong    []string
}

func newSoakLoad() *soakLoad { return &soakLoad{answers: map[string]int{}, accepted: map[string]int{}} }

func (l *soakLoad) complain(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrong = append(l.wrong, fmt.Sprintf(format, args...))
}

// client makes one for the socket of the site.
func (l *soakLoad) client(socket string, keepAlive bool) *soakClient {
	return &soakClient{keepAlive: keepAlive, load: l, http: &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}}
}

// An outcome is the one answer of a request.
type outcome struct {
	status     int
	kind, text string // kind: of a problem of the proxy's own
	begin, end time.Time
}

func (o outcome) ok() bool { return o.status/100 == 2 && o.kind == "" }

// ask sends a request and counts its answer. It returns false when there is none.
func (c *soakClient) ask(kind, method, target, body string, headers ...string) (o outcome, ok bool) {
	o.begin = time.Now()
	for try := 1; ; try++ {
		var reused bool
		trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { reused = info.Reused }}
		ctx := httptrace.WithClientTrace(context.Background(), trace)
		// Without GetBody, net/http does not send it again by itself.
		req, err := http.NewRequestWithContext(ctx, method, "http://localhost"+target, io.MultiReader(strings.NewReader(body)))
		if err != nil {
			panic(err)
		}
		req.ContentLength = int64(len(body))
		for _, header := range headers {
			name, value, _ := strings.Cut(header, ": ")
			req.Header.Set(name, value)
		}
		if !c.keepAlive {
			c.http.CloseIdleConnections()
		}
		res, err := c.http.Do(req)
		if err != nil && ended(err) && try < 5 {
			c.load.again(reused)
			continue
		}
		var text []byte
		if err == nil {
			text, err = io.ReadAll(res.Body)
			_ = res.Body.Close()
		}
		if err != nil {
			c.load.complain("%s: no answer to %s %s after %s on a connection of its own (%t): %v", kind, method, target, time.Since(o.begin), !reused, err)
			return o, false
		}
		o.status, o.text, o.end = res.StatusCode, string(text), time.Now()
		if strings.HasPrefix(res.Header.Get("Proxy-Status"), "partnersign; error=") {
			_, o.kind, _ = strings.Cut(fmt.Sprint(at(o.text, "type")), "#")
		}
		c.load.count(kind, target, o)
		return o, true
	}
}

func (l *soakLoad) again(reused bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if reused {
		l.idle++
	} else {
		l.unread++
	}
}

// ended tells a connection that had ended before anything of an answer came.
func ended(err error) bool {
	return errors.Is(err, io.EOF) || strings.Contains(err.Error(), "server closed idle connection") ||
		strings.Contains(err.Error(), "connection reset by peer") || strings.Contains(err.Error(), "broken pipe") ||
		strings.Contains(err.Error(), "use of closed network connection") // by net/http, which had just seen the end
}

func (l *soakLoad) count(kind, target string, o outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers[strings.TrimSpace(fmt.Sprint(kind, " ", o.status, " ", o.kind))]++
	if o.ok() {
		l.accepted[target]++
	}
}

// pace is the pause of a client between two requests.
func pace() { time.Sleep(time.Duration(20+rand.IntN(40)) * time.Millisecond) }
