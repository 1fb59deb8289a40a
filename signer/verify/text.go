package verify

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/partnersign/partnersign/internal/paint"
)

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// WriteText writes the report for people, in colours if the reader is a
// terminal.
func (r *Report) WriteText(w io.Writer, colours bool) error {
	t := &text{paint: paint.Paint(colours)}
	if r.Valid {
		t.line(t.paint.Good("valid"))
	} else {
		t.line(t.paint.Bad("not valid"))
	}
	t.problems(r.Problems)
	for i := range r.Signatures {
		t.signature(&r.Signatures[i])
	}
	for _, note := range r.Notes {
		t.line(t.paint.Dim("note: " + note))
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

type text struct {
	b     strings.Builder
	paint paint.Paint
}

func (t *text) line(s string) { t.b.WriteString(strings.TrimRight(s, " ") + "\n") }

func (t *text) problems(problems []Problem) {
	for _, p := range problems {
		t.line("  " + t.paint.Bad(p.Cause) + ": " + p.Says)
		for _, d := range p.Differs {
			t.line("    " + d.What)
			t.line("      signed    " + t.paint.Good(d.Signed))
			t.line("      received  " + t.paint.Bad(d.Received))
		}
	}
}

func (t *text) signature(s *Signature) {
	words := []string{"signature " + s.Label}
	if s.KeyID != "" {
		words = append(words, "keyid "+s.KeyID)
	}
	if s.Algorithm != "" {
		words = append(words, s.Algorithm)
	}
	verdict := t.paint.Bad("not valid")
	if s.Valid {
		verdict = t.paint.Good("valid")
	}
	t.line("")
	t.line(t.paint.Bold(strings.Join(words, ", ")) + ": " + verdict)
	t.problems(s.Problems)
	t.line(fmt.Sprintf("  %-13s%s", "httpsign", s.HTTPSign))
	for i, line := range s.Base {
		label := ""
		if i == 0 {
			label = "base"
		}
		t.line(fmt.Sprintf("  %-13s%s", label, line))
	}
	if s.BaseSHA256 != "" {
		t.line(fmt.Sprintf("  %-13s%s", "base_sha256", s.BaseSHA256))
	}
}
