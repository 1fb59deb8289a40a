package caddymodule

import (
	"errors"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/partnersign/partnersign/signer/message"
)

// requestFlags are those by which commands are given a request in parts or as a
// file.
func requestFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringP("request", "r", "", "The request as a file of raw HTTP, or an HTTP archive (HAR); - is the standard input")
	flags.StringP("method", "X", "", "The method. Default: GET, or POST with a body")
	flags.String("url", "", "The URL, or a path alone. With --request: only the scheme and host it was sent to")
	flags.StringArrayP("header", "H", nil, "A header, 'Name: value'; repeatable")
	flags.StringP("data", "d", "", "The body; @file is read as it is")
}

// requestOf is the request that the flags, or the arguments of curl, give.
func requestOf(cmd *cobra.Command, args []string) (requests []*message.Request, err error) {
	flags := cmd.Flags()
	file, _ := flags.GetString("request")
	url, _ := flags.GetString("url")
	switch {
	case len(args) > 0 && args[0] == "curl":
		if file != "" || url != "" {
			return nil, usage(errors.New("the request is given twice: by curl's arguments and by a flag"))
		}
		m, err := message.ParseCurl(args[1:])
		return []*message.Request{m}, usage(err)
	case len(args) > 0:
		return nil, usage(errors.New("arguments are those of curl, behind --: -- curl -X POST https://…"))
	case file != "":
		return requestFile(cmd, file)
	case url == "":
		return nil, usage(errors.New("give the request: with --request, with --url, or as -- curl …"))
	}
	m := new(message.Request)
	if err := m.SetURL(url); err != nil {
		return nil, usage(err)
	}
	m.Method, _ = flags.GetString("method")
	if m.Body, err = bodyOf(cmd); err != nil {
		return nil, err
	}
	switch {
	case m.Method != "":
	case flags.Changed("data"):
		m.Method = "POST"
	default:
		m.Method = "GET"
	}
	lines, _ := flags.GetStringArray("header")
	for _, line := range lines {
		if name, value, _ := strings.Cut(line, ":"); strings.EqualFold(name, "Host") {
			m.Authority = strings.TrimSpace(value)
		} else if err := m.AddLine(line); err != nil {
			return nil, usage(err)
		}
	}
	return []*message.Request{m}, nil
}

// requestFile reads a file of raw HTTP or an archive. A URL beside it says what
// a raw request cannot: the scheme.
func requestFile(cmd *cobra.Command, file string) ([]*message.Request, error) {
	data, err := readAll(file)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(strings.TrimSpace(string(data)), "{") {
		return message.ParseHAR(data)
	}
	m, err := message.ParseRaw(data)
	if err != nil {
		return nil, err
	}
	if cmd.Flags().Changed("data") {
		if m.Body, err = bodyOf(cmd); err != nil {
			return nil, err
		}
		m.Notes = nil
	}
	if url, _ := cmd.Flags().GetString("url"); url != "" {
		whole := new(message.Request)
		if err := whole.SetURL(url); err != nil {
			return nil, usage(err)
		}
		m.Scheme, m.Authority = whole.Scheme, whole.Authority
	}
	return []*message.Request{m}, nil
}

func bodyOf(cmd *cobra.Command) ([]byte, error) {
	data, _ := cmd.Flags().GetString("data")
	if file, ok := strings.CutPrefix(data, "@"); ok {
		return readAll(file)
	}
	return []byte(data), nil
}

func readAll(file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(file)
}
