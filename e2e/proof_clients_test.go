package e2e

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/websocket"
)

// Scripts that know neither the token nor the origin make a session, ask for its
// state and listen at its socket.
func TestProofClients(t *testing.T) {
	for name, command := range map[string][]string{
		"Python": {"python3", "testdata/proof/session.py"},
		"Node":   {"node", "--experimental-websocket", "testdata/proof/session.mjs"},
	} {
		t.Run(name, func(t *testing.T) {
			needsCommand(t, command[0])
			p := proofSetup{Site: "handle_path /proof/* {\nBLOCK}\n"}.start(t)
			output, err := exec.Command(command[0], append(command[1:], p.URL+"/proof")...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			sessions := p.Sessions()
			if len(sessions) != 1 || sessions[0].ClientIP != "203.0.113.7" || at(string(output), "session") != string(sessions[0].Answer) {
				t.Fatalf("%s %v", output, sessions)
			}
			if err := p.Redeem(sessions[0].InitToken); err != nil {
				t.Error(err)
			}
			if at(string(output), "status") != "pending" || at(string(output), "said", 1) != "ping" || p.Sockets() != 1 {
				t.Errorf("%s, %d sockets", output, p.Sockets())
			}
			p.inOrder(t)
		})
	}
}

// curl does the same, with its upgrade as far as the answer's first message.
func TestProofCurl(t *testing.T) {
	needsCommand(t, "curl")
	p := proofSetup{}.start(t)
	curl := func(args ...string) string {
		t.Helper()
		output, err := exec.Command("curl", append([]string{"-sS"}, args...)...).Output()
		if err != nil && !strings.Contains(fmt.Sprint(args), "Upgrade") { // which curl has to give up
			t.Fatalf("%v\n%s", err, output)
		}
		return string(output)
	}
	session := curl(p.URL+"/widget/session", "-H", endUser, "--json", `{"merchant_transaction_id": "m-1"}`)
	if sessions := p.Sessions(); len(sessions) != 1 || session != string(sessions[0].Answer) || sessions[0].ClientIP != "203.0.113.7" {
		t.Errorf("%q %v", session, sessions)
	}
	if status := curl(p.URL + "/widget/transactions/m-1"); at(status, "status") != "pending" {
		t.Error(status)
	}
	socket := curl("-i", "-m", "2", "-H", "Connection: Upgrade", "-H", "Upgrade: websocket", "-H", "Sec-WebSocket-Version: 13",
		"-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", p.URL+"/ws?tx_id=m-1")
	if !strings.HasPrefix(socket, "HTTP/1.1 101 ") || !strings.Contains(socket, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") || !strings.Contains(socket, `"status":"pending"`) {
		t.Errorf("%q", socket)
	}
	p.inOrder(t)
}

// A socket of the partner's lives as long as both sides want, and a refused
// upgrade is an answer.
func TestProofSocket(t *testing.T) {
	p := proofSetup{}.start(t)
	p.session(`{"merchant_transaction_id":"m-1"}`).ok(t)
	conn, err := websocket.Dial(strings.Replace(p.URL, "http", "ws", 1)+"/ws?tx_id=m-1", "", "http://localhost")
	if err == nil {
		conn.Close()
		t.Error("a page in a browser has a socket")
	}
	config, err := websocket.NewConfig(strings.Replace(p.URL, "http", "ws", 1)+"/ws?tx_id=m-1", "http://localhost")
	if err != nil {
		t.Fatal(err)
	}
	p = proofSetup{Lines: "browsers http://localhost"}.start(t)
	p.session(`{"merchant_transaction_id":"m-1"}`).ok(t)
	config.Location.Host = strings.TrimPrefix(p.URL, "http://")
	if conn, err = websocket.DialConfig(config); err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for i := range 100 {
		var message string
		if err := websocket.Message.Receive(conn, &message); err != nil {
			t.Fatal(err)
		}
		if i > 0 && message != fmt.Sprint("message ", i) {
			t.Errorf("%d: %q", i, message)
		}
		if err := websocket.Message.Send(conn, fmt.Sprint("message ", i+1)); err != nil {
			t.Fatal(err)
		}
	}
	upgrade := p.Last()
	if got := upgrade.Header.Values("Authorization"); !slices.Equal(got, []string{"Bearer " + proofToken}) {
		t.Errorf("the upgrade has Authorization %q", got)
	}
	if got := upgrade.Header.Values("Origin"); !slices.Equal(got, []string{proofOrigin}) {
		t.Errorf("the upgrade has Origin %q", got)
	}
	if res := p.send("GET", "/ws?tx_id=other", nil, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="); res.StatusCode != 404 || at(res.Text, "code") != "not_found" {
		t.Errorf("%d %s", res.StatusCode, res.Text)
	}
}
