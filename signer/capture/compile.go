package capture

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/partnersign/partnersign/signer"
)

// CheckOptions says what is wrong with options in themselves, without a store.
func CheckOptions(o Options) error {
	_, err := compile(o)
	return err
}

func compile(o Options) (_ *Capture, err error) {
	c := &Capture{
		method:      o.Mint.Method,
		ids:         make([]id, len(o.ID)),
		checkName:   o.Check.Name,
		defaultLife: cmp.Or(o.Life, DefaultLife),
		strip:       o.Strip,
		perClient:   o.PerClient,
		store:       o.Store,
		observe:     o.Observe,
	}
	if c.observe == nil {
		c.observe = func(Event) {}
	}
	if c.defaultLife < 0 {
		return nil, errors.New("the life of a token must be positive")
	}
	if c.mint, err = parseCall(o.Mint); err != nil {
		return nil, fmt.Errorf("mint: %w", err)
	}
	if c.token, err = parsePointer(o.Token); err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	if o.ExpiresAt != "" {
		if c.expiresAt, err = parsePointer(o.ExpiresAt); err != nil {
			return nil, fmt.Errorf("expires_at: %w", err)
		}
	}
	if o.Check != (Check{}) {
		if c.check, err = parsePointer(o.Check.Pointer); err != nil {
			return nil, fmt.Errorf("check: %w", err)
		}
		if !c.mint.has(o.Check.Name) {
			return nil, fmt.Errorf("check: the path of the mint has no :%s", o.Check.Name)
		}
	}
	if err := c.compileIDs(o.ID); err != nil {
		return nil, fmt.Errorf("id: %w", err)
	}
	if err := c.compileSends(o.Send); err != nil {
		return nil, fmt.Errorf("send: %w", err)
	}
	if err := c.compileDrops(o.Drop); err != nil {
		return nil, fmt.Errorf("drop: %w", err)
	}
	c.kind = strings.Join([]string{c.method, c.mint.anonymous(), o.Token}, " ")
	return c, nil
}

func parseCall(call Call) (pattern, error) {
	if _, err := signer.ParseMatch(call.Method); err != nil || call.Method == "*" || strings.Contains(call.Method, ",") {
		return pattern{}, errors.New("expected a method in upper case, such as POST, and a path")
	}
	if call.Method == "HEAD" {
		return pattern{}, errors.New("answers to HEAD have no body")
	}
	return parsePattern(call.Path)
}

func (c *Capture) compileIDs(ids []ID) (err error) {
	if len(ids) == 0 {
		return errors.New("name what belongs to one flow, such as :flow")
	}
	for i, o := range ids {
		c.ids[i].name = o.Name
		switch {
		case slices.ContainsFunc(ids[:i], func(other ID) bool { return other.Name == o.Name }):
			return fmt.Errorf(":%s is there twice", o.Name)
		case !isName(o.Name):
			return errors.New("a name is of letters, digits and _")
		case o.Pointer == "" && !c.mint.has(o.Name):
			return fmt.Errorf("the path of the mint has no :%s", o.Name)
		case o.Pointer != "" && c.mint.has(o.Name):
			return fmt.Errorf(":%s is in the path of the mint: leave out where the answer has it, or check it", o.Name)
		case o.Pointer != "":
			if c.ids[i].pointer, err = parsePointer(o.Pointer); err != nil {
				return err
			}
			c.late = true
		}
	}
	return nil
}
