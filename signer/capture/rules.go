package capture

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/partnersign/partnersign/signer"
)

// A sendRule is a Send for one path.
type sendRule struct {
	header string // canonical
	method signer.Match
	path   pattern
}

// A dropRule is a Drop.
type dropRule struct {
	status []int
	any    bool // call
	method string
	path   pattern
}

func (c *Capture) compileSends(sends []Send) error {
	if len(sends) == 0 {
		return errors.New("name the calls that carry the token")
	}
	for _, s := range sends {
		h, err := signer.NewHeader(signer.HeaderSet, s.Header, nil)
		if err != nil {
			return err
		}
		method := signer.Match{}
		if s.Methods != nil {
			if method, err = signer.ParseMatch(strings.Join(s.Methods, ",")); err != nil {
				return err
			}
		}
		if len(s.Paths) == 0 {
			return fmt.Errorf("%s needs the paths of the calls that carry it", h.Name)
		}
		for _, text := range s.Paths {
			p, err := parsePattern(text)
			if err != nil {
				return err
			}
			for _, id := range c.ids {
				if !p.has(id.name) {
					return fmt.Errorf("the path %s has no :%s, so its flow is not known", text, id.name)
				}
			}
			c.sends = append(c.sends, sendRule{h.Name, method, p})
		}
	}
	return nil
}

func (c *Capture) compileDrops(drops []Drop) (err error) {
	for _, d := range drops {
		rule := dropRule{status: slices.Clone(d.Status), any: d.Call == Call{}, method: d.Call.Method}
		if len(d.Status) == 0 || slices.ContainsFunc(d.Status, func(status int) bool { return !isStatus(status) }) {
			return errStatus
		}
		if !rule.any {
			if rule.path, err = parseCall(d.Call); err != nil {
				return err
			}
			if !slices.ContainsFunc(c.sends, func(s sendRule) bool {
				return s.method.Matches(d.Call.Method, "") && s.path.overlaps(rule.path)
			}) {
				return fmt.Errorf("%s %s does not carry the token: name one of the calls that do", d.Call.Method, d.Call.Path)
			}
		}
		c.drops = append(c.drops, rule)
	}
	return nil
}
