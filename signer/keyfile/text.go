package keyfile

import (
	"fmt"
	"strings"
	"time"

	"github.com/partnersign/partnersign/internal/paint"
)

// Text describes the item to people, in lines.
func (i *Item) Text(now time.Time, p paint.Paint) string {
	var b strings.Builder
	b.WriteString("  " + string(i.Kind) + "\n")
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "    %s %s\n", p.Dim(fmt.Sprintf("%-11s", name)), value)
		}
	}
	algorithms := make([]string, len(i.Algorithms))
	for n, a := range i.Algorithms {
		algorithms[n] = string(a)
	}
	line("type", i.Type)
	line("format", i.Format)
	line("for", strings.Join(algorithms, ", "))
	line("key id", i.KeyID)
	line("thumbprint", i.Thumbprint)
	line("signed with", i.SignedWith)
	line("issuer", i.Issuer)
	line("subject", i.Subject)
	line("audience", strings.Join(i.Audience, ", "))
	line("issued", moment(i.Issued, now))
	line("good from", moment(i.NotBefore, now))
	line("expires", moment(i.Expires, now))
	line("note", i.Note)
	line("problem", p.Bad(i.Problem))
	return b.String()
}

func moment(t *time.Time, now time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339) + ", " + span(t.Sub(now))
}

// span is a distance from now in words: in 3 days, 5 minutes ago.
func span(d time.Duration) string {
	n, unit := int(d.Abs().Hours()/24), "day"
	switch {
	case d.Abs() < 2*time.Minute:
		n, unit = int(d.Abs().Seconds()), "second"
	case d.Abs() < 2*time.Hour:
		n, unit = int(d.Abs().Minutes()), "minute"
	case d.Abs() < 48*time.Hour:
		n, unit = int(d.Abs().Hours()), "hour"
	}
	text := fmt.Sprintf("%d %s", n, unit)
	if n != 1 {
		text += "s"
	}
	if d < 0 {
		return text + " ago"
	}
	return "in " + text
}
