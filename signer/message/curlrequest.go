package message

import (
	"bytes"
	"errors"
	"strings"
)

// finish puts together what the options have said, with what curl adds itself.
func (c *curl) finish() (*Request, error) {
	r := c.request
	if c.url == "" {
		return nil, errors.New("curl's arguments have no URL")
	}
	if !strings.Contains(c.url, "://") && !strings.HasPrefix(c.url, "/") {
		c.url = "http://" + c.url
	}
	if err := r.SetURL(c.url); err != nil {
		return nil, err
	}
	separator := []byte("&")
	if c.json {
		separator = nil
	}
	r.Body = bytes.Join(c.data, separator)
	switch {
	case c.method != "":
		r.Method = c.method
	case c.head:
		r.Method = "HEAD"
	case c.data != nil && !c.get:
		r.Method = "POST"
	default:
		r.Method = "GET"
	}
	if c.get && c.data != nil {
		joint := "?"
		if strings.Contains(r.Target, "?") {
			joint = "&"
		}
		r.Target, r.Body = r.Target+joint+string(r.Body), nil
	}
	return r, c.headers()
}

// headers adds the fields: a name without a value takes one of curl's own away.
func (c *curl) headers() error {
	defaults := []string{"User-Agent: curl/8", "Accept: */*"}
	if c.json {
		defaults = []string{"User-Agent: curl/8", "Content-Type: application/json", "Accept: application/json"}
	} else if c.data != nil && !c.get {
		defaults = append(defaults, "Content-Type: application/x-www-form-urlencoded")
	}
	given := map[string]bool{}
	for _, line := range c.plain {
		name, _, _ := strings.Cut(strings.TrimSuffix(line, ";"), ":")
		given[strings.ToLower(name)] = true
	}
	for _, line := range defaults {
		if name, _, _ := strings.Cut(line, ":"); !given[strings.ToLower(name)] {
			c.plain = append(c.plain, line)
		}
	}
	for _, line := range c.plain {
		name, value, ok := strings.Cut(line, ":")
		switch {
		case !ok && strings.HasSuffix(line, ";"):
			line = strings.TrimSuffix(line, ";") + ":"
		case strings.TrimSpace(value) == "":
			continue
		case strings.EqualFold(name, "Host"):
			c.request.Authority = strings.TrimSpace(value)
			continue
		}
		if err := c.request.AddLine(line); err != nil {
			return err
		}
	}
	return nil
}
