package keys_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
)

// traces returns the ways in which the canary may show.
func traces() []string {
	numbers := strings.Trim(fmt.Sprint([]byte(canary)), "[]")
	return []string{
		canary[7:], strings.ToUpper(canary[7:]),
		hex.EncodeToString([]byte(canary))[:16], strings.ToUpper(hex.EncodeToString([]byte(canary)))[:16],
		base64.StdEncoding.EncodeToString([]byte(canary))[:12],
		numbers[:12], strings.ReplaceAll(numbers, " ", ", ")[:12], strings.ReplaceAll(numbers, " ", ",")[:12],
		fmt.Sprintf("%#v", []byte(canary))[10:30], fmt.Sprintf("% x", canary)[:12],
	}
}

// canaries holds a canary in everything that can hold one: as exported and
// hidden fields, values and pointers, in maps, slices, arrays and interfaces.
type canaries struct {
	Secret  *keys.Secret
	Text    *keys.Text
	Key     *keys.Key
	secret  keys.Secret
	text    keys.Text
	key     keys.Key
	secretP *keys.Secret
	textP   *keys.Text
	keyP    *keys.Key
	list    []keys.Secret
	array   [1]keys.Key
	byName  map[string]keys.Secret
	byKey   map[*keys.Key]*keys.Text
	any     []any
	nested  *canaries
}

// embedded has the key's methods, and two of some.
type embedded struct {
	*keys.Key
	keys.Secret
}

func newCanaries(t *testing.T) *canaries {
	path := tempFile(t, canary)
	seed := []byte((canary + canary)[:ed25519.SeedSize])
	keyPath := tempFile(t, pkcs8(ed25519.NewKeyFromSeed(seed)))
	t.Setenv("TEST_SECRET", canary)
	loader := new(keys.Loader)
	build := func(secret *keys.Secret, text *keys.Text, key *keys.Key) *canaries {
		if _, err := key.Sign(nil, nil, time.Now(), keys.Raw); err != nil {
			t.Fatal(err) // fills the pool, too
		}
		return &canaries{
			secret, text, key, *secret, *text, *key, secret, text, key,
			[]keys.Secret{*secret}, [1]keys.Key{*key}, map[string]keys.Secret{"a": *secret},
			map[*keys.Key]*keys.Text{key: text}, []any{secret, *text, key, *key}, nil,
		}
	}
	c := build(keys.FixedSecret(canary), must(loader.Text(canary)), must(keys.NewHMACKey([]byte(canary))))
	c.nested = build(must(loader.Secret("{file."+path+"}")), must(loader.Text("Bearer {env.TEST_SECRET}")), must(loader.Key(keyPath, keys.KeyOptions{})))
	return c
}

func TestNothingPrintsSecrets(t *testing.T) {
	c := newCanaries(t)
	values := []any{
		c, *c, c.nested, *c.nested, []*canaries{c}, map[string]canaries{"a": *c},
		c.Secret, *c.Secret, &c.Secret, c.Text, *c.Text, c.Key, *c.Key, &c.Key,
		c.list, c.array, c.byName, c.byKey, c.any, embedded{c.Key, *c.Secret},
	}
	var out bytes.Buffer
	for _, value := range values {
		for _, verb := range "vsqxXdeEfFgGbcotTpU" {
			for _, flags := range []string{"", "+", "#", " ", "0", "-20", "+#", ".3"} {
				fmt.Fprintf(&out, "%"+flags+string(verb)+"\n", value)
			}
		}
		fmt.Fprintln(&out, value, fmt.Errorf("wrapped: %v", value))
		encoded, err := json.Marshal(value)
		fmt.Fprintln(&out, string(encoded), err)
		encoded, err = xml.Marshal(value)
		fmt.Fprintln(&out, string(encoded), err)
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "value", value)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "value", value)
		_ = template.Must(template.New("").Parse("{{.}}")).Execute(&out, value)
		walk(&out, reflect.ValueOf(value), map[uintptr]bool{})
	}
	for _, trace := range traces() {
		if i := strings.Index(out.String(), trace); i >= 0 {
			t.Errorf("%q shows in …%s…", trace, out.String()[max(0, i-100):i+len(trace)])
		}
	}
}

// walk prints all that reflection reaches, through pointers and hidden fields.
func walk(out *bytes.Buffer, v reflect.Value, seen map[uintptr]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || seen[v.Pointer()] {
			return
		}
		seen[v.Pointer()] = true
		walk(out, v.Elem(), seen)
	case reflect.Interface:
		if !v.IsNil() {
			walk(out, v.Elem(), seen)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			walk(out, v.Field(i), seen)
		}
	case reflect.Slice, reflect.Array:
		fmt.Fprintln(out, v)
		for i := range v.Len() {
			walk(out, v.Index(i), seen)
		}
	case reflect.Map:
		for iter := v.MapRange(); iter.Next(); {
			walk(out, iter.Key(), seen)
			walk(out, iter.Value(), seen)
		}
	default:
		fmt.Fprintln(out, v)
	}
}

// The canary is findable: the test above would see it.
func TestTracesAreFound(t *testing.T) {
	type open struct{ secret string }
	var out bytes.Buffer
	walk(&out, reflect.ValueOf(&open{canary}), map[uintptr]bool{})
	fmt.Fprintf(&out, "%x %X %v %#v % x %v", canary, canary, []byte(canary), []byte(canary), canary, base64.StdEncoding.EncodeToString([]byte(canary)))
	fmt.Fprint(&out, strings.ToUpper(canary), string(must(json.Marshal([]int{99, 97, 110, 97, 114, 121}))), strings.ReplaceAll(fmt.Sprint([]byte(canary)), " ", ", "))
	for _, trace := range traces() {
		if !strings.Contains(out.String(), trace) {
			t.Errorf("%q is not found", trace)
		}
	}
}

func TestPrinted(t *testing.T) {
	c := newCanaries(t)
	tests := []struct {
		value any
		want  string
	}{{c.Secret, "[secret]"}, {*c.Secret, "[secret]"}, {c.Text, "[text]"}, {*c.Text, "[text]"}, {c.Key, "[key]"}, {*c.Key, "[key]"}}
	for _, tt := range tests {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if got := fmt.Sprintf(verb, tt.value); got != tt.want {
				t.Errorf("%T with %s: %s", tt.value, verb, got)
			}
		}
		if got := tt.value.(fmt.Stringer).String() + tt.value.(fmt.GoStringer).GoString(); got != tt.want+tt.want {
			t.Errorf("%T: %s", tt.value, got)
		}
		if got := string(must(json.Marshal(tt.value))); got != `"`+tt.want+`"` {
			t.Errorf("%T in JSON: %s", tt.value, got)
		}
		if got := slog.AnyValue(tt.value).Resolve().String(); got != tt.want {
			t.Errorf("%T in slog: %s", tt.value, got)
		}
	}
	if got := fmt.Sprint((*keys.Secret)(nil), (*keys.Key)(nil)); got != "<nil> <nil>" {
		t.Errorf("nil prints as %s", got)
	}
}
