package partnertest

import (
	"strings"
	"testing"
	"time"
)

// TestDynamicSession: a step needs the one token that is alive of its flow.
func TestDynamicSession(t *testing.T) {
	c := newDynamicCaller(t, DynamicOptions{})
	path, id := c.flow()
	first := c.attach(path)
	otherPath, _ := c.flow()
	other := c.attach(otherPath)
	for _, step := range []string{"quote", "prepare", "broadcast", "cancel"} {
		target := path + "/" + step
		refusedWith(t, c.Refusals, c.call("POST", target, `{}`), 401, "0 "+flowHeader)
		refusedWith(t, c.Refusals, c.call("POST", target, `{}`, flowHeader, other), 401, "not the token that is alive")
		refusedWith(t, c.Refusals, c.call("POST", target, `{}`, flowHeader, first, flowHeader, first), 401, "2 "+flowHeader)
		refusedWith(t, c.Refusals, c.call("POST", target, `{}`, oldHeader, first), 400, oldHeader+" is on")
	}
	refusedWith(t, c.Refusals, c.call("POST", path+"/source", `{}`), 401, "0 "+flowHeader)
	refusedWith(t, c.Refusals, c.call("POST", path+"/source", `{}`, flowHeader, other), 401, "not the token that is alive")
	if c.SessionToken(id) != first {
		t.Error("a refused call changed the token")
	}
	second := c.attach(path, flowHeader, first)
	if second == first || c.Sessions() != 3 {
		t.Errorf("%q, then %q; %d minted", first, second, c.Sessions())
	}
	refusedWith(t, c.Refusals, c.call("POST", path+"/quote", `{}`, flowHeader, first), 401, "not the token that is alive")
	answeredWith(t, c.call("POST", path+"/quote", `{}`, flowHeader, second), 200)
	refusedWith(t, c.Refusals, c.call("GET", path, "", flowHeader, second), 400, "is on GET")
	elsewhere := strings.Replace(path, dynamicEnv, "/other-env", 1)
	refusedWith(t, c.Refusals, c.call("POST", elsewhere+"/quote", `{}`, flowHeader, second), 404, `in the environment "other-env"`)
}

// TestDynamicSessionDies: on cancel, after a broadcast, and at its expiry.
func TestDynamicSessionDies(t *testing.T) {
	now := time.Unix(1800000000, 0)
	c := newDynamicCaller(t, DynamicOptions{Options: Options{Now: func() time.Time { return now }}, SessionLife: time.Minute})
	for _, steps := range [][]string{{"cancel"}, {"quote", "cancel"}, {"quote", "prepare", "cancel"}, {"quote", "prepare", "broadcast"}} {
		path, id := c.flow()
		token := c.attach(path)
		for _, step := range steps {
			answeredWith(t, c.call("POST", path+"/"+step, `{}`, flowHeader, token), 200)
		}
		refusedWith(t, c.Refusals, c.call("POST", path+"/cancel", `{}`, flowHeader, token), 401, "none is alive")
		refusedWith(t, c.Refusals, c.call("POST", path+"/source", `{}`), 409, "from which there is no mint")
		if c.SessionToken(id) != "" {
			t.Errorf("after %s a token is alive", steps)
		}
	}
	path, _ := c.flow()
	token := c.attach(path)
	now = now.Add(time.Minute - time.Second)
	answeredWith(t, c.call("POST", path+"/quote", `{}`, flowHeader, token), 200)
	now = now.Add(time.Second)
	refusedWith(t, c.Refusals, c.call("POST", path+"/prepare", `{}`, flowHeader, token), 401, "none is alive")
	refusedWith(t, c.Refusals, c.call("POST", path+"/source", `{}`, flowHeader, token), 401, "none is alive")
	c.attach(path)
}

// TestDynamicStates: steps have their order, and while a flow is signing no token is
// minted again.
func TestDynamicStates(t *testing.T) {
	now := time.Unix(1800000000, 0)
	c := newDynamicCaller(t, DynamicOptions{Options: Options{Now: func() time.Time { return now }}})
	path, _ := c.flow()
	refusedWith(t, c.Refusals, c.call("POST", path+"/quote", `{}`), 401, "0 "+flowHeader)
	token := c.attach(path)
	refusedWith(t, c.Refusals, c.call("POST", path+"/prepare", `{}`, flowHeader, token), 409, "source_attached, from which there is no prepare")
	answeredWith(t, c.call("POST", path+"/quote", `{}`, flowHeader, token), 200)
	refusedWith(t, c.Refusals, c.call("POST", path+"/broadcast", `{}`, flowHeader, token), 409, "quoted, from which there is no broadcast")
	answeredWith(t, c.call("POST", path+"/prepare", `{}`, flowHeader, token), 200)
	refusedWith(t, c.Refusals, c.call("POST", path+"/source", `{}`, flowHeader, token), 409, "signing")
	now = now.Add(time.Hour)
	refusedWith(t, c.Refusals, c.call("POST", path+"/source", `{}`), 409, "signing")
	if c.Sessions() != 1 {
		t.Errorf("%d sessions", c.Sessions())
	}
}
