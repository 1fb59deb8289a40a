package verify

import (
	"net/textproto"
	"strconv"
	"strings"

	"github.com/partnersign/partnersign/signer"
)

// fieldChanges undo what is done to covered header fields.
func (t *trial) fieldChanges() (all []change) {
	seen := map[string]bool{}
	for _, c := range t.input.Components() {
		name, _, _ := strings.Cut(strings.TrimPrefix(c.String(), `"`), `"`)
		if name = textproto.CanonicalMIMEHeaderKey(name); !strings.HasPrefix(name, "@") && !seen[name] {
			seen[name] = true
			f := &field{name: name, hidden: t.v.isCredential(name), lines: t.v.r.Header[name]}
			f.find(t.v)
			all = append(all, f.changes...)
		}
	}
	return all
}

// A field is a header field that is covered.
type field struct {
	name    string
	hidden  bool     // its value is not shown
	lines   []string // as received
	changes []change
}

func (f *field) add(cause, says string, lines ...string) {
	if f.hidden {
		says = "valid if " + f.name + " were another: " + says
	} else {
		says = "valid if " + f.name + " were " + strings.Join(lines, ", ") + ": " + says
	}
	f.changes = append(f.changes, change{cause: cause, says: says, apply: func(r *signer.Request) { r.Header[f.name] = lines }})
}

func (f *field) find(v *verification) {
	for i, line := range f.lines {
		if len(f.lines) > 1 {
			f.add("header-added", "something on the way has added a second line", f.lines[i])
		}
		if parts := strings.Split(line, ","); len(parts) > 1 {
			f.add("header-added", "something on the way has added to its value", strings.TrimSpace(strings.Join(parts[:len(parts)-1], ",")))
			f.add("header-added", "something on the way has added to its value", strings.TrimSpace(strings.Join(parts[1:], ",")))
		}
		f.add("header-spelling", "something on the way has changed its white space", strings.Join(strings.Fields(line), " "))
		f.add("header-spelling", "something on the way has changed its white space", strings.ReplaceAll(line, ", ", ","))
		f.add("header-spelling", "something on the way has changed its white space", strings.ReplaceAll(line, "; ", ";"))
		f.add("header-spelling", "something on the way has changed its white space", strings.ReplaceAll(line, ";", "; "))
		f.add("header-spelling", "something on the way has changed its letter case", strings.ToLower(line))
		f.add("header-spelling", "something on the way has put it in quotes", strings.Trim(line, `"`))
		f.add("header-spelling", "something on the way has taken its quotes away", `"`+line+`"`)
	}
	if len(f.lines) > 1 {
		f.add("header-order", "something on the way has put its lines into another order", reversed(f.lines)...)
	}
	switch f.name {
	case "Content-Type":
		f.contentType()
	case "Content-Length":
		f.add("body-length", "that is the length of the body as captured", strconv.Itoa(len(v.m.Body)))
		for _, b := range bodies(v.m.Body) {
			f.add(b.cause, b.says, strconv.Itoa(len(b.data)))
		}
	case "Content-Digest":
		f.contentDigest(v)
	case "Accept-Encoding":
		for _, value := range []string{"identity", "gzip", "gzip, deflate", "gzip, deflate, br"} {
			f.add("header-changed", "something on the way asks for another encoding", value)
		}
	case "Authorization":
		if len(f.lines) == 1 {
			_, token, _ := strings.Cut(f.lines[0], " ")
			f.add("header-changed", "the scheme has been added or respelled", token)
			f.add("header-changed", "the scheme has been added or respelled", "Bearer "+token)
			f.add("header-changed", "the scheme has been added or respelled", "bearer "+token)
		}
	}
}

func (f *field) contentType() {
	const changed = "something on the way has changed its parameters"
	kind := "application/json"
	if len(f.lines) > 0 {
		kind, _, _ = strings.Cut(f.lines[0], ";")
		kind = strings.TrimSpace(kind)
	}
	for _, suffix := range []string{"", "; charset=utf-8", ";charset=utf-8", "; charset=UTF-8", ";charset=UTF-8"} {
		f.add("header-changed", changed, kind+suffix)
	}
}

// contentDigest takes it that the digest was made anew on the way, of a body
// that had been changed.
func (f *field) contentDigest(v *verification) {
	names := []string{"sha-256", "sha-512"}
	if digests, err := members(f.lines); err == nil && len(digests) > 0 {
		names = nil
		for _, d := range digests {
			names = append(names, d.label)
		}
	}
	variants := append([]bodyVariant{{"body-digest", "that is the digest of the body as captured", v.m.Body}}, bodies(v.m.Body)...)
	for _, b := range variants {
		for _, list := range append([][]string{names}, each(names)...) {
			if value, ok := digestsOf(list, b.data); ok {
				f.add(b.cause, b.says+", and made the digest anew or removed it", value)
			}
		}
	}
}

func each(names []string) (all [][]string) {
	for _, name := range names {
		all = append(all, []string{name})
	}
	return all
}

func reversed(lines []string) []string {
	turned := make([]string, len(lines))
	for i, line := range lines {
		turned[len(lines)-1-i] = line
	}
	return turned
}
