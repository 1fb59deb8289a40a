package e2e

import (
	"fmt"
	"os/exec"
	"slices"
	"testing"
)

// Scripts of a few lines take a flow from its creation to the end, and know of no
// session token.
func TestDynamicClients(t *testing.T) {
	for name, command := range map[string][]string{
		"Python": {"python3", "testdata/dynamic/flow.py"},
		"Node":   {"node", "testdata/dynamic/flow.mjs"},
	} {
		for _, strip := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " strip ", strip), func(t *testing.T) {
				needsCommand(t, command[0])
				lines := ""
				if strip {
					lines = "strip_session"
				}
				p := dynamicSetup{Lines: lines, Site: "handle_path /dynamic/* {\nBLOCK}\n"}.start(t)
				output, err := exec.Command(command[0], command[1], p.URL+"/dynamic", dynamicEnv).CombinedOutput()
				if err != nil {
					t.Fatalf("%v\n%s", err, output)
				}
				p.inOrder(t)
				p.saw(t, "POST payment", "POST source", "POST quote", "POST prepare", "POST broadcast")
				if states := fmt.Sprint(at(string(output), "states")); states != "[source_attached quoted signing broadcasted]" {
					t.Errorf("%s", output)
				}
				if token := at(string(output), "token"); (token == nil) != strip {
					t.Errorf("the client was told the token %v", token)
				}
			})
		}
	}
}

// curl takes one flow to its end and cancels another, and does the same in the
// form before flows.
func TestDynamicCurl(t *testing.T) {
	needsCommand(t, "curl")
	p := dynamicSetup{}.start(t)
	curl := func(path string) string {
		t.Helper()
		output, err := exec.Command("curl", "-sS", "--fail-with-body", p.URL+"/api/v0"+path, "--json", "{}").CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", path, err, output)
		}
		return string(output)
	}
	flow := func() string {
		id := at(curl("/server/"+dynamicEnv+"/flow/deposit"), "id")
		path := fmt.Sprintf("/sdk/%s/flow/%s/", dynamicEnv, id)
		curl(path + "source")
		return path
	}
	transaction := func() string {
		id := at(curl("/sdk/"+dynamicEnv+"/checkouts/co-1/transactions"), "transaction", "id")
		path := fmt.Sprintf("/sdk/%s/transactions/%s/", dynamicEnv, id)
		curl(path + "source")
		return path
	}
	for form, begin := range map[string]func() string{"flow": flow, "transaction": transaction} {
		for end, steps := range map[string][]string{
			"broadcasted": {"quote", "prepare", "broadcast"},
			"cancelled":   {"quote", "cancel"},
		} {
			path, answer := begin(), ""
			for _, step := range steps {
				answer = curl(path + step)
			}
			if at(answer, "executionState") != end {
				t.Errorf("%s: %s, want %s", form, answer, end)
			}
		}
	}
	p.inOrder(t)
	if p.Flows() != 4 || p.Sessions() != 4 || p.captured("stored") != 4 || p.captured("dropped") != 2 {
		t.Errorf("%d flows, %d sessions, %v stored, %v dropped", p.Flows(), p.Sessions(), p.captured("stored"), p.captured("dropped"))
	}
}

// Each kind of call has the credential that is documented for it, and no other.
func TestDynamicCredentials(t *testing.T) {
	const own = "Bearer end-user's-jwt"
	for _, test := range []struct {
		name, lines string
		client      []string // headers
		sdk         []string // Authorization on /sdk
	}{
		{"no token of the client's", "", nil, nil},
		{"the client's token", "", []string{"Authorization: " + own}, []string{own}},
		{"sdk_token", "sdk_token {env.SDK_TOKEN}", nil, []string{"Bearer sdk-token"}},
		{"sdk_token and the client's", "sdk_token {env.SDK_TOKEN}", []string{"Authorization: " + own}, []string{"Bearer sdk-token"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := dynamicSetup{Lines: test.lines, Env: []string{"SDK_TOKEN=sdk-token"}}.start(t)
			f := p.create()
			for _, step := range []string{"source", "quote", "cancel"} {
				f.goes(step, 200, test.client...)
			}
			p.ask("GET", f.path(), test.client...)
			p.ask("GET", "/server/"+dynamicEnv+"/flow/"+f.id, test.client...)
			p.ask("GET", "/environments/"+dynamicEnv+"/chains", test.client...)
			p.ask("GET", "/other", test.client...)
			server := []string{"Bearer " + dynamicToken}
			other := slices.DeleteFunc([]string{own}, func(string) bool { return test.client == nil || test.lines != "" })
			want := [][]string{server, test.sdk, test.sdk, test.sdk, test.sdk, server, server, other}
			for i, r := range p.Requests() {
				if got := r.Header.Values("Authorization"); i >= len(want) || !slices.Equal(got, want[i]) {
					t.Errorf("%s %s has Authorization %q", r.Method, r.Target, got)
				}
			}
			if n := len(p.Requests()); n != len(want) {
				t.Errorf("%d calls, want %d", n, len(want))
			}
		})
	}
}
