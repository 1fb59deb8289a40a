package capture

import (
	"errors"
	"fmt"
	"strings"

	"github.com/partnersign/partnersign/signer"
)

// An id is one part of what names a flow.
type id struct {
	name    string
	pointer pointer // to it in the answer; nil: it is in the path
}

// A flow is what a token belongs to.
type flow struct {
	key  string // no two flows have the same
	name string // for the log
}

// A scope is whose flows are meant.
type scope struct{ upstream, client string }

func (c *Capture) scope(r *signer.Request) (scope, error) {
	s := scope{upstream: r.Scheme + "://" + r.Authority}
	switch {
	case !c.perClient:
	case r.Client.Identity != "":
		s.client = "identity " + r.Client.Identity
	case r.Client.Addr.IsValid():
		s.client = "address " + r.Client.Addr.Unmap().String()
	default:
		return s, errors.New("per_client needs an identity or an address of the client, and there is neither")
	}
	return s, nil
}

// flow is the one with these ids. Those that are not known yet are left out.
func (c *Capture) flow(s scope, v values) flow {
	var key, name strings.Builder
	part := func(s string) { fmt.Fprintf(&key, "%d:%s", len(s), s) }
	part(s.upstream)
	part(c.kind)
	part(s.client)
	for _, id := range c.ids {
		value, known := v[id.name]
		part(value)
		if known {
			if name.Len() > 0 {
				name.WriteByte(' ')
			}
			name.WriteString(id.name + "=" + value)
		}
	}
	return flow{key.String(), name.String()}
}
