package caddymodule

import (
	"fmt"
	"strings"

	"github.com/partnersign/partnersign/internal/paint"
)

// text is what was found, for people.
func (d *doctor) text(colours bool) string {
	var b strings.Builder
	p := paint.Paint(colours)
	findings := d.sorted()
	width, about := 0, "-"
	for _, f := range findings {
		width = max(width, len(f.Check))
	}
	for _, f := range findings {
		if f.Partner != about {
			if about = f.Partner; b.Len() > 0 {
				b.WriteByte('\n')
			}
			heading := about
			if heading == "" {
				heading = "this machine"
			}
			b.WriteString(p.Bold(heading) + "\n")
		}
		fmt.Fprintf(&b, "  %s  %-*s  %s\n", f.Level.text(p), width, f.Check, f.Found)
		if f.Do != "" {
			fmt.Fprintf(&b, "  %*s  %s\n", len("problem")+2+width, "", p.Dim("→ "+f.Do))
		}
	}
	fmt.Fprintf(&b, "\n%s, %s\n", plural(d.count(levelProblem), "problem"), plural(d.count(levelWarning), "warning"))
	return b.String()
}

func (l level) text(p paint.Paint) string {
	text := fmt.Sprintf("%-7s", l)
	switch l {
	case levelProblem:
		return p.Bad(text)
	case levelWarning:
		return p.Warn(text)
	}
	return p.Good(text)
}
