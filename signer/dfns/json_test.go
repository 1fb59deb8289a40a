package dfns

import (
	"encoding/json"
	"testing"
)

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "plain", "\"\\/\b\f\n\r\t\x00\x1f\x7f", "<>&\u2028\u2029", "é€😀", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		quoted := appendString(nil, s)
		if string(appendString([]byte("x"), []byte(s))) != "x"+string(quoted) {
			t.Error("a string and bytes differ")
		}
		var back string
		if err := json.Unmarshal(quoted, &back); err != nil || back != string([]rune(s)) {
			t.Errorf("%q became %s, which is %q, %v", s, quoted, back, err)
		}
	})
}
