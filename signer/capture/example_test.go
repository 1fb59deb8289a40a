package capture_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/capture"
)

// A partner tells a session's key once; later calls of the session carry it.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/open") {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"id": "s1", "key": "once-only"}`)
			return
		}
		fmt.Println(r.URL.Path, r.Header.Get("X-Session-Key"))
	}))
	defer server.Close()

	step, err := capture.New(capture.Options{
		Mint:  capture.Call{Method: "POST", Path: "/sessions/:session/open"},
		ID:    []capture.ID{{Name: "session"}},
		Token: "/key",
		Check: capture.Check{Pointer: "/id", Name: "session"},
		Send:  []capture.Send{{Header: "X-Session-Key", Paths: []string{"/sessions/:session/*"}}},
		Drop:  []capture.Drop{{Status: []int{401}}},
		Strip: true,
		Store: capture.NewMemory(capture.MemoryOptions{}),
	})
	if err != nil {
		panic(err)
	}
	upstream, _ := signer.ParseUpstream(server.URL)
	partner, err := signer.New(signer.Options{Upstream: upstream, Steps: []signer.Step{step}})
	if err != nil {
		panic(err)
	}
	client := &http.Client{Transport: partner.Transport(http.DefaultTransport)}

	res, err := client.Post(server.URL+"/sessions/s1/open", "application/json", nil)
	if err != nil {
		panic(err)
	}
	body, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	fmt.Printf("%s\n", body)
	if res, err = client.Post(server.URL+"/sessions/s1/use", "application/json", nil); err == nil {
		_ = res.Body.Close()
	}
	// Output:
	// {"id": "s1"}
	// /sessions/s1/use once-only
}
