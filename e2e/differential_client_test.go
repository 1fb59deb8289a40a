package e2e

import (
	"bufio"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"testing"
	"time"
)

// A diffRun is a Caddy with the blocks of a seed, its partner and the judge.
type diffRun struct {
	seed    uint64
	blocks  []diffBlock
	address string
	partner *rawPartner
	judge   *diffJudge
}

// request makes request number i of the run: the same seed gives the same.
func (d *diffRun) request(i int) (g generated, block int) {
	r := rand.New(rand.NewPCG(d.seed, uint64(i)+1))
	block = r.IntN(len(d.blocks))
	return wildRequest(r, i, block), block
}

// A diffClient sends requests on one connection after the other.
type diffClient struct {
	run  *diffRun
	conn net.Conn
	in   *bufio.Reader
}

// exchange sends a request and takes what the partner received of it.
func (c *diffClient) exchange(g generated, i, block int) (diffExchange, error) {
	x := diffExchange{block: block, sent: []byte(g.bytes(g.host))}
	reused := c.conn != nil
	err := c.send(&x, g.method)
	if err != nil && reused { // a connection that had ended
		err = c.send(&x, g.method)
	}
	x.received = c.run.partner.take(i)
	return x, err
}

func (c *diffClient) send(x *diffExchange, method string) (err error) {
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if c.conn == nil {
		if c.conn, err = net.Dial("tcp", c.run.address); err != nil {
			return err
		}
		c.in = bufio.NewReader(c.conn)
	}
	_ = c.conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err = c.conn.Write(x.sent); err != nil {
		return err
	}
	res, err := http.ReadResponse(c.in, &http.Request{Method: method})
	if err != nil {
		return err
	}
	x.status = res.StatusCode
	if x.answer, err = io.ReadAll(res.Body); err == nil && res.Close {
		c.close()
	}
	return err
}

func (c *diffClient) close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}

// judged sends request g and waits for the verdict.
func (d *diffRun) judged(t *testing.T, g generated, i, block int) (kind, mismatch string, x diffExchange) {
	t.Helper()
	c := diffClient{run: d}
	defer c.close()
	x, err := c.exchange(g, i, block)
	if err != nil {
		return "", "no answer: " + err.Error(), x
	}
	kind, mismatch = d.judge.now(x)
	return kind, mismatch, x
}

// shrunk takes out of a request whatever the mismatch does not need.
func (d *diffRun) shrunk(t *testing.T, g generated, i, block int) (least generated, mismatch string, x diffExchange) {
	t.Helper()
	_, mismatch, x = d.judged(t, g, i, block)
	try := func(smaller generated) bool {
		_, m, y := d.judged(t, smaller, i, block)
		if m == "" {
			return false
		}
		g, mismatch, x = smaller, m, y
		return true
	}
	for at := 0; at < len(g.headers); {
		smaller := g
		smaller.headers = append(append([]string(nil), g.headers[:at]...), g.headers[at+1:]...)
		if name := g.headers[at][:4]; name == "X-Se" || name == "X-Bl" || !try(smaller) {
			at++
		}
	}
	for _, simpler := range []func(*generated){
		func(g *generated) { g.body, g.chunked = "", false },
		func(g *generated) { g.chunked = false },
		func(g *generated) { g.target = "/" },
		func(g *generated) { g.method = "GET" },
		func(g *generated) { g.host = "localhost" },
	} {
		smaller := g
		simpler(&smaller)
		try(smaller)
	}
	return g, mismatch, x
}
