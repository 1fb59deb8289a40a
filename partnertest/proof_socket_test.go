package partnertest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/websocket"
)

// dial opens a socket.
func (c *proofCaller) dial(id, authorization string) (*websocket.Conn, error) {
	c.t.Helper()
	config, err := websocket.NewConfig(strings.Replace(c.URL(), "https", "wss", 1)+"/ws?tx_id="+id, proofOrigin)
	if err != nil {
		c.t.Fatal(err)
	}
	config.TlsConfig = c.authority.clientTLS()
	config.Header = http.Header{"Authorization": {authorization}}
	return websocket.DialConfig(config)
}

// TestProofSocket: a socket tells the state and says back what it is told; closing the
// partner ends it.
func TestProofSocket(t *testing.T) {
	c := newProofCaller(t, ProofOptions{})
	c.session(`{"merchant_transaction_id":"m-1"}`)
	conn, err := c.dial("m-1", "Bearer "+proofToken)
	if err != nil {
		t.Fatal(err, c.Refusals())
	}
	defer conn.Close()
	var message string
	for _, want := range []string{`{"status":"pending","tx_id":"m-1"}`, "hello", strings.Repeat("é", 70000)} {
		if !strings.HasPrefix(want, "{") {
			if err := websocket.Message.Send(conn, want); err != nil {
				t.Fatal(err)
			}
		}
		if err := websocket.Message.Receive(conn, &message); err != nil || message != want {
			t.Fatalf("received %.50q, %v", message, err)
		}
	}
	if c.Sockets() != 1 || c.Last().Target != "/ws?tx_id=m-1" {
		t.Errorf("%d sockets, last %s", c.Sockets(), c.Last().Target)
	}
	c.Close()
	if err := websocket.Message.Receive(conn, &message); err == nil {
		t.Errorf("received %q from a closed partner", message)
	}
}

func TestProofSocketRefuses(t *testing.T) {
	c := newProofCaller(t, ProofOptions{Fail: func(stage ProofStage, n int, _ *Request) Failure {
		if stage == ProofSocketCall && n == 3 {
			return Failure{Status: 503}
		}
		return Failure{}
	}})
	c.session(`{"merchant_transaction_id":"m-1"}`)
	for _, call := range [][2]string{{"m-1", "Bearer other"}, {"m-2", "Bearer " + proofToken}, {"m-1", "Bearer " + proofToken}} {
		if conn, err := c.dial(call[0], call[1]); err == nil {
			conn.Close()
			t.Errorf("a socket was opened for %q", call)
		}
	}
	conn, err := c.dial("m-1", "Bearer "+proofToken)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	for range 200 { // it is counted when the other side has it
		if c.Sockets() == 1 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if len(c.Refusals()) != 2 || c.Sockets() != 1 {
		t.Errorf("%v, %d sockets", c.Refusals(), c.Sockets())
	}
}
