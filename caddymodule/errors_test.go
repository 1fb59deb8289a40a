package caddymodule_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestErrors has a Caddyfile with one mistake in each file, in the line that
// ends in "# wrong" or follows "# wrong below". Whatever could be a secret in it is, or holds, "canary".
func TestErrors(t *testing.T) {
	t.Setenv("CANARY", "sk_live_canary")
	for name, test := range readCaddyfiletests(t, "errors") {
		t.Run(name, func(t *testing.T) {
			_, err := adapt(t, test.Caddyfile)
			if err == nil {
				t.Fatal("there is no error")
			}
			test.compare(t, err.Error())
			before, after, _ := strings.Cut(test.Caddyfile, "# wrong")
			line := 1 + strings.Count(before, "\n")
			if strings.HasPrefix(after, " below") {
				line++
			}
			place := fmt.Sprintf(", at Caddyfile:%d", line)
			if first := regexp.MustCompile(`, at Caddyfile:\d+`).FindString(err.Error()); first != place {
				t.Errorf("the mistake is%s, the error says%s", place, first)
			}
			if strings.Contains(strings.ToLower(err.Error()), "canary") {
				t.Errorf("the error repeats what could be a secret: %v", err)
			}
			if !saysWhatToDo.MatchString(err.Error()) {
				t.Errorf("the error does not say what to do: %v", err)
			}
		})
	}
}

var saysWhatToDo = regexp.MustCompile(`\b(expected|takes?|remove|use|put|give|write|must|such as|or|is|are|cannot|begins with|stand for|has neither|has no|not a|not the) `)
