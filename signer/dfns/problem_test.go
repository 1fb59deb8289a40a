package dfns

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/signer"
)

// Kinds have names of their own, each with a section in docs/problems.md, where
// the type of a problem points to.
func TestKinds(t *testing.T) {
	page := string(must(os.ReadFile("../../docs/problems.md")))
	names := map[string]bool{}
	for _, kind := range append(signer.Kinds(), Kinds()...) {
		if names[kind.Name] || kind.Title == "" || kind.ProxyError == "" || kind.Status < 400 {
			t.Errorf("%+v", kind)
		}
		names[kind.Name] = true
		section := fmt.Sprintf("\n## %s\n%d", kind.Name, kind.Status)
		if !strings.Contains(page, section+".") && !strings.Contains(page, section+",") {
			t.Errorf("docs/problems.md does not explain %s", kind.Name)
		}
	}
}
