package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// onceTries is how many marks a call has: one for each time its client sends it.
const onceTries = 4

// A onceCall is what one client wants. Its number says all about it.
type onceCall struct {
	n          int
	profile    *onceProfile
	method     string
	body       []byte
	has        bool // a body, if only an empty one
	streamed   bool // its length is not told
	key, named string
	reference  string
	tries      int // of a client that repeats what has failed
	leaves     time.Duration
}

func newOnceCall(seed uint64, n int) onceCall {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	c := onceCall{n: n, profile: onceProfiles[r.IntN(len(onceProfiles))], tries: 1}
	methods := c.profile.methods
	if methods == nil {
		methods = allMethods
	}
	c.method = methods[r.IntN(len(methods))]
	if c.method != "GET" && c.method != "HEAD" {
		sizes := []int{-1, 0, 100, 100, 100, 20_000, onceMaxBody - 1000, 300_000}
		size := sizes[r.IntN(len(sizes))]
		c.has, c.streamed = size >= 0, r.IntN(2) == 0
		if size > 0 {
			external := ""
			if r.IntN(3) > 0 {
				external = fmt.Sprintf(`"externalId":"e-%d",`, n)
			}
			c.body = fmt.Appendf(nil, `{"call":%d,%s"pad":"`, n, external)
			c.body = append(append(c.body, bytes.Repeat([]byte("x"), size)...), `"}`...)
		}
	}
	id, _ := uuid.NewRandomFromReader(rand.NewChaCha8([32]byte{byte(seed), byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}))
	switch r.IntN(6) {
	case 0:
		c.key, c.named = id.String(), "Idempotency-Key"
	case 1:
		c.key, c.named = id.String(), "X-Idempotency-Key"
	}
	if c.profile.from && r.IntN(4) > 0 {
		c.reference = id.String()
	}
	switch r.IntN(12) {
	case 0, 1, 2:
		c.tries = 3
	case 3:
		c.leaves = time.Duration(r.IntN(20_000)) * time.Microsecond
	}
	return c
}

// ruled reports whether a rule repeats the call after this status.
func (c onceCall) ruled(status int) bool {
	if c.profile.preset == "dfns" && c.method == "GET" {
		return status == 500 || status == 503
	}
	found := false
	for _, s := range c.profile.statuses {
		found = found || s == status
	}
	return found && (!c.safe() || c.profile.keyed) && (!c.profile.reference || bytes.Contains(c.body, []byte("externalId")))
}

func (c onceCall) attempts() int {
	if c.profile.preset == "dfns" {
		return 3
	}
	return max(c.profile.attempts, 1)
}

func (c onceCall) safe() bool { return c.method == "GET" || c.method == "HEAD" }

func (c onceCall) target(mark int) string {
	path := c.profile.path
	switch {
	case c.profile.session:
		path = fmt.Sprintf("/api/v0/sdk/env/flow/flow-%d/%s", c.n, []string{"source", "quote", "prepare", "broadcast"}[mark%onceTries])
	case path == "":
		path = "/v1/calls"
	}
	return fmt.Sprintf("/%s%s?m=%d.", c.profile.name, path, mark)
}

// A told is what a client was told about one mark.
type told struct {
	call   onceCall
	sends  int // of net/http, which may repeat a request itself
	left   bool
	err    error
	status int
	text   string
	kind   string // of a problem
	detail string
	bare   bool // an answer of Caddy's own
}

func (o told) String() string {
	c := o.call
	return fmt.Sprintf("%s %s with %d bytes (streamed %t), key %q: answered %d %.200s %v", c.method, c.target(c.n*onceTries), len(c.body), c.streamed, c.named, o.status, o.text, o.err)
}

// ask sends a call once.
func (c onceCall) ask(client *http.Client, url string, mark int) (o told) {
	o.call = c
	var sends atomic.Int32
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{WroteHeaders: func() { sends.Add(1) }})
	if c.leaves > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.leaves)
		defer cancel()
		o.left = true
	}
	var body io.Reader
	if c.has {
		body = bytes.NewReader(c.body)
		if c.streamed {
			body = struct{ io.Reader }{body}
		}
	}
	req, err := http.NewRequestWithContext(ctx, c.method, url+c.target(mark), body)
	if err != nil {
		o.err = err
		return o
	}
	req.Header.Set("Content-Type", "application/json")
	if c.key != "" {
		req.Header.Set(c.named, c.key)
	}
	if c.reference != "" {
		req.Header.Set("X-Reference", c.reference)
	}
	res, err := client.Do(req)
	if o.sends = int(sends.Load()); err != nil {
		o.err = err
		return o
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	o.status, o.text, o.err = res.StatusCode, string(text), err
	if c.method == "HEAD" {
		o.bare = res.Header.Get("Content-Type") == ""
	} else {
		o.bare = len(text) == 0 && err == nil
	}
	if res.Header.Get("Content-Type") == "application/problem+json" {
		var problem struct{ Type, Detail string }
		_ = json.Unmarshal(text, &problem)
		_, o.kind, _ = strings.Cut(problem.Type, "#")
		o.detail = problem.Detail
		if c.method == "HEAD" {
			o.kind = "unread"
		}
	}
	return o
}
