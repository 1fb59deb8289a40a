package e2e

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// wildText is the value of a field that has no structure.
func wildText(r *rand.Rand) string {
	switch r.IntN(12) {
	case 0:
		return strings.Repeat(pick(r, []string{"long ", "a,b, ", "\t"}), r.IntN(400)) + "."
	case 1:
		return "" // and nothing else
	case 2:
		if r.IntN(4) == 0 {
			return pick(r, []string{"caf\xc3\xa9", "\xff\x80", "x\xa0"}) // obs-text: it passes, and cannot be signed as text
		}
	case 3:
		return pick(r, []string{`quo"ted\`, `"a": b`, `"@method": GET`, ":aGk=:", "(1 2);x", "a, b,c", ",", ",,a", "a,", "sig1=()", "%20"})
	}
	b := make([]byte, r.IntN(30))
	for i := range b {
		b[i] = byte(0x20 + r.IntN(0x5f))
		if r.IntN(15) == 0 {
			b[i] = '\t'
		}
	}
	return string(b)
}

// wildBare is a bare item of each type of RFC 9651, in its odd spellings.
func wildBare(r *rand.Rand) string {
	switch r.IntN(9) {
	case 0:
		return pick(r, []string{"0", "-0", "007", "1", "-42", "999999999999999", "-999999999999999"})
	case 1:
		return pick(r, []string{"1.0", "-0.0", "00.100", "1.25", "-1.500", "999999999999.999", "0.001", "123456789012.1"})
	case 2:
		return pick(r, []string{`""`, `"a b"`, `"q\"b\\"`, `"a, b;c=d"`, `"("`, `"'"`})
	case 3:
		return pick(r, []string{"a", "*", "*a", "A/b:c", "text/html", "a!#$%&'*+-.^_`|~"})
	case 4:
		return pick(r, []string{"::", ":aGk=:", ":AA==:", ":+/+/:"})
	case 5:
		return pick(r, []string{"?0", "?1"})
	case 6:
		return pick(r, []string{"@0", "@1659578233", "-1", "@-62135596800", "@253402214400"})
	case 7:
		return pick(r, []string{`%""`, `%"caf%c3%a9"`, `%"a b"`, `%"%25%22"`, `%"%0a%7f"`, `%"%61b"`})
	}
	return fmt.Sprint(r.IntN(1000))
}

func wildParams(r *rand.Rand) string {
	var b strings.Builder
	for r.IntN(3) == 0 {
		b.WriteString(";" + strings.Repeat(" ", r.IntN(3)) + pick(r, []string{"a", "q", "*z", "a-b._*", "a"}))
		if r.IntN(3) > 0 {
			b.WriteString("=" + wildBare(r))
		}
	}
	return b.String()
}

func wildMember(r *rand.Rand) string {
	if r.IntN(4) > 0 {
		return wildBare(r) + wildParams(r)
	}
	items := make([]string, r.IntN(4))
	for i := range items {
		items[i] = wildBare(r) + wildParams(r)
	}
	pad := strings.Repeat(" ", r.IntN(3))
	return "(" + pad + strings.Join(items, pick(r, []string{" ", "  "})) + pad + ")" + wildParams(r)
}

// spoiled makes a few values malformed.
func spoiled(r *rand.Rand, value string) string {
	if r.IntN(60) > 0 {
		return value
	}
	return pick(r, []string{value + ",", value + " b", value + ";", "?2", "1.", "1.2345", "1000000000000000", `"open`, ":a b:", "@1.5", `%"%FF"`, `%"%C3%A9"`, "A=1", "(1", "(1,2)", "(1 2)x", "é"})
}

func wildItem(r *rand.Rand) string { return spoiled(r, wildBare(r)+wildParams(r)) }

func wildList(r *rand.Rand) string {
	members := make([]string, 1+r.IntN(4))
	for i := range members {
		members[i] = wildMember(r)
	}
	return spoiled(r, strings.Join(members, comma(r)))
}

func wildDict(r *rand.Rand) string {
	members := make([]string, 1+r.IntN(5))
	for i := range members {
		members[i] = pick(r, []string{"a", "b", "c", "*d", "a"})
		if r.IntN(4) == 0 {
			members[i] += wildParams(r)
		} else {
			members[i] += "=" + wildMember(r)
		}
	}
	return spoiled(r, strings.Join(members, comma(r)))
}

func comma(r *rand.Rand) string { return pick(r, []string{", ", ",", " ,\t", ",  ", "\t, "}) }
