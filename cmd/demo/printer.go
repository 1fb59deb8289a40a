package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/partnersign/partnersign/partnertest"
)

// width is that of a line. Longer ones are broken, with their rest indented.
const width = 96

// ANSI colours.
const (
	bold  = "1"
	faint = "2"
	red   = "31"
	green = "32"
)

// A printer writes the demo for a reader.
type printer struct {
	out    io.Writer
	colour bool
}

// intro shows the configuration of an act.
func (p printer) intro(name, block string) {
	p.title("The Caddyfile's block for " + name)
	for line := range strings.Lines(block) {
		p.line("  ", strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\t", "    "), "")
	}
}

// exchange shows one request as it was sent, all that was received because of it, and the
// verdict.
func (p printer) exchange(e *exchange, said []string, ok bool) {
	head, body, _ := strings.Cut(e.sent, "\r\n\r\n")
	method, _, _ := strings.Cut(head, " ")
	p.title("What the application sent: " + method)
	p.message(head, body, nil)
	for i, received := range e.received {
		if len(e.received) == 1 {
			p.title("What the partner received")
		} else {
			p.title(fmt.Sprintf("What the partner received, %d of %d", i+1, len(e.received)))
		}
		p.message(partnertest.MaskHead(received.Head()), string(received.Body), fieldNames(head))
	}
	p.verdict(e.received, said, ok)
	if !ok {
		p.line("  ", "The application was answered: "+e.answer, "")
	}
}

// outro says what to do next.
func (p printer) outro() {
	fmt.Fprintln(p.out)
	p.line("", "Next: caddy.Caddyfile.example has the blocks to start from, README.md has the rest.", bold)
}

// message shows a request. Of its fields, those that are not among known are new.
func (p printer) message(head, body string, known map[string]bool) {
	for i, line := range strings.Split(head, "\r\n") {
		if name := fieldName(line); known == nil || i == 0 || known[name] {
			p.line("  ", line, "")
		} else {
			p.line("+ ", line, green)
		}
	}
	if body != "" {
		fmt.Fprintln(p.out)
		p.line("  ", body, "")
	}
}

func (p printer) verdict(received []*partnertest.Request, said []string, ok bool) {
	if ok {
		p.title("The partner's verdict: " + p.paint("verified", green))
	} else {
		p.title("The partner's verdict: " + p.paint("not verified", red))
	}
	for _, text := range said {
		p.line("  ", text, "")
	}
	row := func(name, value string) {
		if value != "" {
			p.line("  ", fmt.Sprintf("%-22s%s", name, value), "")
		}
	}
	for _, r := range received {
		for _, problem := range r.Verdict.Problems {
			p.line("  ", problem, red)
		}
		row("Idempotency-Key", r.Verdict.IdempotencyKey)
		for _, s := range r.Verdict.Signatures {
			row("signature", s.Label)
			row("key", s.KeyID+" ("+s.Algorithm+")")
			row("httpsign", s.HTTPSign)
			row("independent rebuild", s.Rebuilt)
			fmt.Fprintf(p.out, "  %s\n", p.paint("signature base, rebuilt from what was received:", faint))
			for line := range strings.Lines(partnertest.MaskBase(s.Base)) {
				p.line("    ", strings.TrimSuffix(line, "\n"), "")
			}
		}
	}
}

// title starts a section.
func (p printer) title(text string) { fmt.Fprintf(p.out, "\n%s\n\n", p.paint(text, bold)) }

// line writes a line, broken where it is too long.
func (p printer) line(margin, text, colour string) {
	for _, part := range wrap(text, width-len(margin)) {
		fmt.Fprintln(p.out, strings.TrimRight(p.paint(margin+part, colour), " "))
		margin = strings.Repeat(" ", len(margin))
	}
}

// paint colours text, on terminals.
func (p printer) paint(text, colour string) string {
	if !p.colour || colour == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// wrap breaks text after a space or a semicolon, or anywhere if that is too far back,
// into parts of at most size bytes. The parts after the first are indented.
func wrap(text string, size int) []string {
	const indent = "    "
	var parts []string
	for len(text) > size {
		end := 1 + strings.LastIndexAny(text[:size], " ;")
		if end < size/2 {
			end = size
		}
		parts = append(parts, text[:end])
		text = indent + strings.TrimLeft(text[end:], " ")
	}
	return append(parts, text)
}

// fieldNames are the names of a head's fields, in lower case.
func fieldNames(head string) map[string]bool {
	names := map[string]bool{}
	for line := range strings.SplitSeq(head, "\r\n") {
		names[fieldName(line)] = true
	}
	return names
}

func fieldName(line string) string {
	name, _, _ := strings.Cut(line, ":")
	return strings.ToLower(name)
}
