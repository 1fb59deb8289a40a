// Package paint marks text for terminals.
package paint

// A Paint colours text, or leaves it as it is when it is false.
type Paint bool

// Bold is for headings.
func (p Paint) Bold(s string) string { return p.in("1", s) }

// Dim is for what matters less.
func (p Paint) Dim(s string) string { return p.in("2", s) }

// Good is for what is right or added.
func (p Paint) Good(s string) string { return p.in("32", s) }

// Bad is for what is wrong or removed.
func (p Paint) Bad(s string) string { return p.in("31", s) }

func (p Paint) in(code, s string) string {
	if !p || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}
