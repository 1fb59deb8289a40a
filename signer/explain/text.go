package explain

import (
	"fmt"
	"io"
	"strings"

	"github.com/partnersign/partnersign/internal/paint"
)

// WriteText writes e for people, in colours if the reader is a terminal.
func (e *Explanation) WriteText(w io.Writer, colours bool) error {
	t := &text{paint: paint.Paint(colours)}
	t.line(t.paint.Bold(e.Input.Method + " " + e.Input.URL))
	if e.Partner != "" {
		t.line("for " + e.recipient() + ", at " + e.Input.Now)
	}
	for i, s := range e.Steps {
		t.line("")
		t.step(i+1, &s)
	}
	t.line("")
	switch {
	case e.Refused != nil:
		t.line(t.paint.Bad(strings.TrimSpace(fmt.Sprintf("not sent: %d %s", e.Refused.Status, e.Refused.Type))))
		t.line("  " + e.Refused.Detail)
		if e.Refused.Cause != "" {
			t.line("  " + t.paint.Dim("because "+e.Refused.Cause))
		}
	case e.Sent != nil:
		t.line(t.paint.Bold("would be sent"))
		t.sent(e.Sent, "  ")
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

// recipient is the upstream, with the partner's name unless that is its host.
func (e *Explanation) recipient() string {
	if strings.HasSuffix(e.Upstream, "//"+e.Partner) {
		return e.Upstream
	}
	return strings.TrimSpace(e.Partner + " " + e.Upstream)
}

type text struct {
	b     strings.Builder
	paint paint.Paint
}

func (t *text) line(s string) { t.b.WriteString(strings.TrimRight(s, " ") + "\n") }

func (t *text) step(n int, s *Step) {
	t.line(t.paint.Bold(fmt.Sprintf("%d %s", n, s.Name)))
	if len(s.Changes)+len(s.Calls)+len(s.Base) == 0 {
		t.line("  " + t.paint.Dim("nothing to do"))
	}
	for i := range s.Calls {
		t.line("  calls the partner first")
		t.sent(&s.Calls[i], "    ")
	}
	width := 0
	for _, c := range s.Changes {
		width = max(width, len(c.What))
	}
	for _, c := range s.Changes {
		if c.Value == nil {
			t.line("  " + t.paint.Bad("- "+c.What))
			continue
		}
		t.line(fmt.Sprintf("  %s  %s", t.paint.Good(fmt.Sprintf("+ %-*s", width, c.What)), shortened(*c.Value)))
	}
	if len(s.Base) > 0 {
		t.line("  signs")
		for _, line := range s.Base {
			t.line("    " + line)
		}
	}
	if s.Note != "" {
		t.line("  " + t.paint.Dim("note: "+s.Note))
	}
}

func (t *text) sent(s *Sent, indent string) {
	t.line(indent + s.Line)
	for _, field := range s.Headers {
		t.line(indent + field[0] + ": " + field[1])
	}
	body := s.Body.Text
	if s.Body.Base64 != "" {
		body = "(" + s.Body.Base64 + " in base64)"
	}
	if body != "" {
		t.line("")
		for line := range strings.SplitSeq(strings.TrimRight(shortened(body), "\r\n"), "\n") {
			t.line(indent + strings.TrimRight(line, "\r"))
		}
	}
}

// shortened keeps long bodies from hiding the rest; JSON has all of them.
func shortened(s string) string {
	const most = 2000
	if len(s) <= most {
		return s
	}
	return fmt.Sprintf("%s… (%d bytes in all)", strings.ToValidUTF8(s[:most], ""), len(s))
}
