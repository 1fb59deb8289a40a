package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strings"

	"github.com/partnersign/partnersign/partnertest"
)

// An act shows one kind of partner: the block for it, plain requests, what the
// partner received, and its verdict.
type act struct {
	name    string // of the partner, and of the path that leads to it
	partner *partnertest.Partner
	block   string            // partner_proxy, in which DIR stands for the directory of the files
	files   map[string][]byte // by name
	plain   []plain
	// learn finds in an answer what stands in the paths of the requests that
	// follow instead of a word. Nil: nothing.
	learn func(answer []byte) (word, value string)
	// judge says what the partner makes of the last request and of what came
	// before it.
	judge func() (said []string, ok bool)
}

// A plain request is what an application sends.
type plain struct{ method, path, body string }

// acts make an act each, in the order in which they are played.
var acts = []struct {
	name string
	make func() (*act, error)
}{
	{"acme", newAcme},
	{"dfns", newDfns},
	{"offblocks", newOffBlocks},
	{"dynamic", newDynamic},
	{"proof", newProof},
}

func newActs(names []string) ([]*act, error) {
	var made []*act
	for _, name := range names {
		a, err := newAct(name)
		if err != nil {
			for _, a := range made {
				a.partner.Close()
			}
			return nil, err
		}
		made = append(made, a)
	}
	return made, nil
}

func newAct(name string) (*act, error) {
	for _, a := range acts {
		if a.name == name {
			return a.make()
		}
	}
	return nil, fmt.Errorf("there is no partner %q in this demo: choose of %s", name, strings.Join(actNames(), ", "))
}

func actNames() []string {
	var names []string
	for _, a := range acts {
		names = append(names, a.name)
	}
	return names
}

// An exchange is a request as it was sent, what reached the partner because of it, and
// what was answered.
type exchange struct {
	sent     string
	received []*partnertest.Request
	answer   string
}

// play sends a request as any application would.
func (a *act) play(ctx context.Context, proxyAddress string, r plain) (*exchange, error) {
	a.partner.Reset()
	var content io.Reader
	if r.body != "" {
		content = strings.NewReader(r.body)
	}
	request, err := http.NewRequestWithContext(ctx, r.method, "http://"+proxyAddress+"/"+a.name+r.path, content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "my-application")
	if r.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	sent, err := httputil.DumpRequestOut(request, true)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return nil, err
	}
	e := &exchange{string(sent), a.partner.Requests(), res.Status + "\n" + string(answer)}
	if a.learn != nil {
		if word, value := a.learn(answer); word != "" {
			for i := range a.plain {
				a.plain[i].path = strings.ReplaceAll(a.plain[i].path, word, value)
			}
		}
	}
	if len(e.received) == 0 {
		return nil, fmt.Errorf("the partner received nothing; the proxy answered %s: %s", res.Status, answer)
	}
	return e, nil
}
