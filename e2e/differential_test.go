package e2e

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	differentialRequests = flag.Int("differential", 4000, "random requests of the differential test")
	differentialTime     = flag.Duration("differential.time", 0, "how long the differential test runs, instead of a number of requests")
	differentialSeed     = flag.Uint64("differential.seed", 0, "seed of the differential test's blocks and requests; 0: a new one")
	differentialOnly     = flag.Int("differential.only", -1, "send this one request of the seed")
	differentialBlocks   = flag.Int("differential.blocks", 48, "partner_proxy blocks of the differential test")
)

// Random requests go through random blocks of one Caddy. What a partner received,
// byte for byte, is judged by a program that has its own reading of RFC 9421,
// RFC 9651 and RFC 9530 and of what partner_proxy documents: it says what must
// arrive, or that nothing must and why, rebuilds each signature base from the
// bytes and verifies it with OpenSSL. Nothing may differ.
func TestDifferential(t *testing.T) {
	needsCommand(t, "node") // which runs the judge
	d := startDifferential(t)
	if i := *differentialOnly; i >= 0 {
		g, block := d.request(i)
		kind, mismatch, x := d.judged(t, g, i, block)
		t.Logf("%s%s\n%s\nsent\n%s\nreceived\n%s", kind, mismatch, d.blocks[block].caddyfile(""), x.sent, x.received)
		if mismatch != "" {
			t.Fail()
		}
		return
	}
	begin := time.Now()
	kinds, verified, mismatches := d.all(t)
	took := time.Since(begin)
	for _, i := range mismatches {
		d.report(t, i)
	}
	total := 0
	for _, n := range kinds {
		total += n
	}
	t.Logf("seed %d: %d requests in %s, %.0f/s: %d verified, %d mismatches", d.seed, total, took.Round(time.Second),
		float64(total)/took.Seconds(), kinds["verified"], len(mismatches))
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		t.Logf("%8d %s", kinds[kind], kind)
	}
	// Refusing everything is no agreement.
	if kinds["verified"] < total*6/10 {
		t.Errorf("only %d of %d requests passed", kinds["verified"], total)
	}
	for block, n := range verified {
		if total > 50*len(verified) && n == 0 {
			t.Errorf("nothing passed block %d\n%s", block, d.blocks[block].caddyfile(""))
		}
	}
	d.partner.received.Range(func(seq, raw any) bool {
		t.Errorf("the partner received what nobody sent as %q:\n%.500s", seq, raw)
		return true
	})
}

func startDifferential(t *testing.T) *diffRun {
	t.Helper()
	d := &diffRun{seed: *differentialSeed, partner: startRawPartner(t)}
	for d.seed == 0 {
		d.seed = rand.Uint64N(1 << 32)
	}
	r := rand.New(rand.NewPCG(d.seed, 0))
	var site strings.Builder
	for i := range *differentialBlocks {
		d.blocks = append(d.blocks, randomBlock(r, d.partner.upstreams))
		fmt.Fprintf(&site, "@b%d header X-Block %d\n%s", i, i, d.blocks[i].caddyfile(fmt.Sprintf("@b%d", i)))
	}
	keys, files := diffKeys(t)
	files["ca.pem"] = d.partner.ca
	caddy := startCaddy(t, caddyfile{Site: "respond 204", Files: files, Env: []string{"TOKEN=token"}})
	d.address = strings.TrimPrefix(caddy.URL, "http://")
	loadQuiet(t, caddy, site.String())
	d.judge = startJudge(t, d.blocks, keys)
	return d
}

// loadQuiet gives a Caddy a site that answers to every host and logs errors only.
func loadQuiet(t *testing.T, caddy *process, site string) {
	t.Helper()
	text := caddy.expand(`{
	admin unix/DIR/admin.sock
	auto_https off
	grace_period 5s
	log {
		level ERROR
		output file DIR/caddy.log
	}
}
http://:PORT {
	bind 127.0.0.1
` + site + "}\n")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", caddy.path("admin.sock"))
	}}}
	res, err := client.Post("http://127.0.0.1/load", "text/caddyfile", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		answer := new(strings.Builder)
		_ = res.Write(answer)
		t.Fatalf("%s\n%s", answer, text)
	}
}

// all sends the requests on a few connections, until enough of them differ.
func (d *diffRun) all(t *testing.T) (kinds map[string]int, verified []int, mismatches []int) {
	kinds, verified = map[string]int{}, make([]int, len(d.blocks))
	var mu sync.Mutex // of the results
	var next atomic.Int64
	var clients, asked sync.WaitGroup
	deadline := time.Now().Add(*differentialTime)
	timeout, _ := t.Deadline()
	over := func(i int) bool {
		mu.Lock()
		defer mu.Unlock()
		if len(mismatches) >= 3 || !timeout.IsZero() && time.Until(timeout) < time.Minute {
			return true
		}
		if *differentialTime > 0 {
			return time.Now().After(deadline)
		}
		return i >= *differentialRequests
	}
	for range 8 {
		clients.Go(func() {
			c := diffClient{run: d}
			defer c.close()
			for {
				i := int(next.Add(1)) - 1
				if over(i) {
					return
				}
				g, block := d.request(i)
				x, err := c.exchange(g, i, block)
				if err != nil {
					t.Errorf("request %d: %v", i, err)
					mu.Lock()
					mismatches = append(mismatches, i)
					mu.Unlock()
					continue
				}
				asked.Add(1)
				d.judge.ask(x, func(kind, mismatch string) {
					defer asked.Done()
					mu.Lock()
					defer mu.Unlock()
					if mismatch != "" {
						mismatches = append(mismatches, i)
						return
					}
					kinds[kind]++
					if kind == "verified" {
						verified[block]++
					}
				})
			}
		})
	}
	clients.Wait()
	d.judge.finish()
	asked.Wait()
	return kinds, verified, mismatches
}

// report sends a request again that did not do as it must, in its shortest form.
func (d *diffRun) report(t *testing.T, i int) {
	t.Helper()
	g, block := d.request(i)
	if _, mismatch, _ := d.judged(t, g, i, block); mismatch == "" {
		t.Errorf("seed %d, request %d: a mismatch that did not come again", d.seed, i)
		return
	}
	least, mismatch, x := d.shrunk(t, g, i, block)
	t.Errorf("seed %d, request %d: %s\nagain: go test ./e2e -run TestDifferential -differential.seed %d -differential.only %d -v\n%s\nsent, at its shortest\n%s\nstatus %d, received\n%s\n%s",
		d.seed, i, mismatch, d.seed, i, d.blocks[block].caddyfile(""), least.bytes(least.host), x.status, x.received, x.answer)
}
