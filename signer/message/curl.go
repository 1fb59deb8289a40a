package message

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
)

// ParseCurl reads the arguments of curl, without its name, as far as they shape
// the request: what curl prints, and how it connects, is passed over. A file
// that they name is read.
func ParseCurl(args []string) (*Request, error) {
	c := &curl{request: new(Request)}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		var err error
		switch {
		case strings.HasPrefix(arg, "--"):
			args, err = c.long(arg[2:], args)
		case strings.HasPrefix(arg, "-") && arg != "-":
			args, err = c.short(arg[1:], args)
		default:
			c.url = arg
		}
		if err != nil {
			return nil, err
		}
	}
	return c.finish()
}

type curl struct {
	request *Request
	method  string
	url     string
	data    [][]byte
	json    bool
	head    bool
	get     bool
	plain   []string // header lines
}

// shorts are the options of one letter by their long name; those with a value
// end in "=".
var shorts = map[byte]string{
	'X': "request=", 'H': "header=", 'd': "data=", 'u': "user=", 'A': "user-agent=", 'e': "referer=", 'b': "cookie=",
	'o': "output=", 'w': "write-out=", 'x': "proxy=", 'm': "max-time=", 'c': "cookie-jar=", 'E': "cert=",
	's': "silent", 'S': "show-error", 'v': "verbose", 'i': "include", 'k': "insecure", 'L': "location", 'f': "fail",
	'I': "head", 'G': "get", 'N': "no-buffer", 'O': "remote-name", '0': "http1.0", '#': "progress-bar", 'g': "globoff",
}

// passed are long options that do not shape the request.
var passed = map[string]bool{
	"output=": true, "write-out=": true, "proxy=": true, "max-time=": true, "cookie-jar=": true, "cert=": true, "key=": true,
	"cacert=": true, "capath=": true, "connect-timeout=": true, "retry=": true, "resolve=": true, "connect-to=": true,
	"unix-socket=": true, "proxy-header=": true, "noproxy=": true, "silent": true, "show-error": true, "verbose": true, "include": true,
	"insecure": true, "location": true, "fail": true, "fail-with-body": true, "no-buffer": true, "http1.1": true, "http2": true,
	"http3": true, "no-progress-meter": true, "progress-bar": true, "globoff": true, "path-as-is": true, "remote-name": true,
}

func (c *curl) short(letters string, rest []string) ([]string, error) {
	for i := 0; i < len(letters); i++ {
		name, ok := shorts[letters[i]]
		if !ok {
			return nil, unknownOption("-" + letters[i:i+1])
		}
		if !strings.HasSuffix(name, "=") {
			if err := c.option(name, ""); err != nil {
				return nil, err
			}
			continue
		}
		value := letters[i+1:]
		if value == "" {
			if len(rest) == 0 {
				return nil, fmt.Errorf("curl's option -%c lacks its value", letters[i])
			}
			value, rest = rest[0], rest[1:]
		}
		return rest, c.option(name, value)
	}
	return rest, nil
}

func (c *curl) long(name string, rest []string) ([]string, error) {
	err := c.option(name, "")
	if err == nil || !errors.As(err, new(unknownOption)) {
		return rest, err
	}
	if len(rest) == 0 {
		return nil, unknownOption("--" + name)
	}
	return rest[1:], c.option(name+"=", rest[0])
}

type unknownOption string

func (o unknownOption) Error() string {
	return fmt.Sprintf("curl's option %s is not known here: leave it out if it does not change the request, or give the request as a file", string(o))
}

func (c *curl) option(name, value string) error {
	switch name {
	case "request=":
		c.method = value
	case "url=":
		c.url = value
	case "header=":
		c.plain = append(c.plain, value)
	case "user-agent=":
		c.plain = append(c.plain, "User-Agent: "+value)
	case "referer=":
		c.plain = append(c.plain, "Referer: "+value)
	case "cookie=":
		c.plain = append(c.plain, "Cookie: "+value)
	case "user=":
		c.plain = append(c.plain, "Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte(value)))
	case "oauth2-bearer=":
		c.plain = append(c.plain, "Authorization: Bearer "+value)
	case "compressed":
		c.plain = append(c.plain, "Accept-Encoding: deflate, gzip, br, zstd")
	case "head":
		c.head = true
	case "get":
		c.get = true
	case "json=":
		c.json = true
		return c.body(value, true, false)
	case "data=", "data-ascii=":
		return c.body(value, true, true)
	case "data-binary=":
		return c.body(value, true, false)
	case "data-raw=":
		return c.body(value, false, false)
	default:
		if !passed[name] {
			return unknownOption("--" + strings.TrimSuffix(name, "="))
		}
	}
	return nil
}

// body adds to the body, of a file if value begins with @.
func (c *curl) body(value string, files, trim bool) error {
	data := []byte(value)
	if name, ok := strings.CutPrefix(value, "@"); ok && files {
		var err error
		if data, err = os.ReadFile(name); err != nil {
			return err
		}
		if trim {
			for _, c := range []string{"\r", "\n", "\x00"} {
				data = bytes.ReplaceAll(data, []byte(c), nil)
			}
		}
	}
	c.data = append(c.data, data)
	return nil
}
