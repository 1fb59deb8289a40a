package capture

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// A minting is a call whose answer tells a token.
type minting struct {
	call
	ctx    context.Context // of the request
	now    time.Time
	values values
}

// applyMint holds the flow until the call is answered: nothing is sent whose
// answer could not be kept.
func (c *Capture) applyMint(ctx context.Context, r *signer.Request, v values) error {
	r.Set("Accept-Encoding", "identity")
	k, err := c.call(r, v)
	if err != nil {
		return err
	}
	m := &minting{call: *k, ctx: ctx, now: r.Now, values: v}
	if c.late { // the flow is yet to be made: all that matters is that the store is there
		_, err = c.store.Load(ctx, m.flow.key)
	} else {
		m.lock, err = c.lock(ctx, r, m.flow)
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return c.failed(ctx, m.flow, err)
	}
	r.OnAnswer(m.answered)
	r.Detach() // or a client that leaves would take the only copy with it
	if rule, _ := c.sendRule(r); rule != nil && !c.late {
		return m.send(ctx, r, rule)
	}
	return nil
}

// lock waits for the flow, but leaves the mint as much time as it waits.
func (c *Capture) lock(ctx context.Context, r *signer.Request, f flow) (Locked, error) {
	if !r.Deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(r.Deadline)/2)
		defer cancel()
	}
	return c.store.Lock(ctx, f.key)
}

// answered keeps the token before the client gets the answer.
func (m *minting) answered(res *http.Response) (again bool) {
	if m.lock != nil {
		defer m.lock.Unlock()
	}
	m.dropAfter(res)
	if res == nil || res.StatusCode < 200 || res.StatusCode > 299 || res.StatusCode == 204 || res.StatusCode == 205 {
		return false
	}
	kind, err := m.keep(res)
	m.capture.report(kind, m.flow, err)
	return false
}

func (m *minting) keep(res *http.Response) (Kind, error) {
	c := m.capture
	body, err := readAnswer(res)
	if err != nil {
		return err.kind, err
	}
	if c.check != nil && c.check.findText(body) != decoded(m.values[c.checkName]) {
		return Mismatch, errors.New("the answer is about another flow than the request; its token is not stored")
	}
	token, bad := NewToken(c.token.findText(body))
	if bad != nil {
		return Absent, bad
	}
	if c.late {
		for _, id := range c.ids {
			if id.pointer == nil {
				continue
			}
			value := id.pointer.findText(body)
			if value == "" {
				return Absent, errors.New("the answer does not tell :" + id.name + "; its token is not stored")
			}
			m.values[id.name] = url.PathEscape(value)
		}
		m.flow = c.flow(m.scope, m.values)
	}
	if err := m.save(Entry{token, c.life(body, m.now)}); err != nil {
		return kindOf(err), err
	}
	if c.strip {
		replaceBody(res, c.token.cut(body))
	}
	return Stored, nil
}

// saveWait bounds how long an answer is held back until its token is stored.
const saveWait = 5 * time.Second

// save does its work whether the client has left or not: the token is not told
// twice.
func (m *minting) save(e Entry) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(m.ctx), saveWait)
	defer cancel()
	lock := m.lock
	if lock == nil {
		var err error
		if lock, err = m.capture.store.Lock(ctx, m.flow.key); err != nil {
			return err
		}
		defer lock.Unlock()
	}
	return lock.Save(ctx, e)
}
