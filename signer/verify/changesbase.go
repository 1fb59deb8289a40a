package verify

import (
	"strings"

	"github.com/partnersign/partnersign/signer"
)

// baseChanges are mistakes that signers make with the base itself.
func baseChanges(r *signer.Request) (all []change) {
	add := func(says string, base func(string) string) {
		all = append(all, change{cause: "base", says: "the signer has made the base in another way than RFC 9421 section 2.5 says: " + says, base: base})
	}
	add("it ends in a line break", func(base string) string { return base + "\n" })
	add("its lines end in CR LF", func(base string) string { return strings.ReplaceAll(base, "\n", "\r\n") })
	add("the names are not in quotes", func(base string) string {
		var lines []string
		for line := range strings.SplitSeq(base, "\n") {
			id, value, _ := strings.Cut(line, ": ")
			lines = append(lines, strings.ReplaceAll(id, `"`, "")+": "+value)
		}
		return strings.Join(lines, "\n")
	})
	add("the line @signature-params is missing", func(base string) string {
		before, _, _ := strings.Cut(base, "\n"+`"@signature-params"`)
		return before
	})
	add("@query lacks its ?", replaceLine("@query", func(value string) string { return strings.TrimPrefix(value, "?") }))
	target := r.Target()
	add("@path has the query", replaceLine("@path", func(string) string { return target }))
	add("@target-uri is only path and query", replaceLine("@target-uri", func(string) string { return target }))
	add("@target-uri has no query", replaceLine("@target-uri", func(value string) string {
		value, _, _ = strings.Cut(value, "?")
		return value
	}))
	return append(all, orders()...)
}

// replaceLine gives the line of a component another value.
func replaceLine(name string, to func(string) string) func(string) string {
	prefix := `"` + name + `": `
	return func(base string) string {
		lines := strings.Split(base, "\n")
		for i, line := range lines {
			if value, ok := strings.CutPrefix(line, prefix); ok {
				lines[i] = prefix + to(value)
			}
		}
		return strings.Join(lines, "\n")
	}
}

// orders are those of up to five lines, by the numbers of their permutations.
func orders() (all []change) {
	const most = 120
	for n := 1; n < most; n++ {
		all = append(all, change{cause: "base-order", says: "the signer has put the lines of the base into another order than Signature-Input lists them",
			base: func(base string) string {
				lines := strings.Split(base, "\n")
				last := len(lines) - 1
				var found string
				i := 0
				permute(lines[:last], func(order []string) {
					if i == n {
						found = strings.Join(order, "\n") + "\n" + lines[last]
					}
					i++
				})
				return found
			}})
	}
	return all
}
