package config

import (
	"reflect"
	"slices"
	"testing"
)

// full has something in every field.
func full(t *testing.T) Config {
	t.Helper()
	var c Config
	fill(t, reflect.ValueOf(&c).Elem())
	return c
}

func fill(t *testing.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	default:
		t.Fatalf("what is a %s?", v.Type())
	}
}

// Whatever a user has written is there in the end, and nothing of it is lost
// where the preset has nothing.
func TestOverrideTakesEveryField(t *testing.T) {
	own := full(t)
	for name, c := range map[string]Config{"nothing": {}, "the same": full(t)} {
		c.Override(own)
		got, want := reflect.ValueOf(c), reflect.ValueOf(own)
		for i := range want.NumField() {
			field := want.Type().Field(i).Name
			if slices.Contains([]string{"Allow", "Guarded", "Unguarded"}, field) { // all of them count
				if got.Field(i).Len() == 0 {
					t.Errorf("over %s: %s is lost", name, field)
				}
				continue
			}
			if !reflect.DeepEqual(got.Field(i).Interface(), want.Field(i).Interface()) {
				t.Errorf("over %s: %s is %v", name, field, got.Field(i))
			}
		}
	}
}

// What the user is silent about stays as the preset has it.
func TestOverrideKeepsTheRest(t *testing.T) {
	c := full(t)
	c.Override(Config{})
	if !reflect.DeepEqual(c, full(t)) {
		t.Errorf("got %+v", c)
	}
}

// Parts of which there are several are replaced by label, name or pattern.
func TestOverrideReplacesTheSameOne(t *testing.T) {
	wallets, keys := &Match{Paths: []string{"/wallets/**"}}, &Match{Paths: []string{"/keys/**"}}
	preset := func() Config {
		return Config{
			Bearer:     []Bearer{{Token: "preset", On: wallets}, {Token: "preset"}},
			Headers:    []Header{{Name: "Origin", Value: "preset"}, {Name: "X-B", Value: "preset"}},
			Signatures: []Signature{{Key: "preset"}, {Label: "sig2", Key: "preset"}},
			Retries:    []Retry{{On: wallets, Attempts: 9}, {On: keys, Attempts: 9}},
		}
	}
	c := preset()
	c.Override(Config{
		Bearer:     []Bearer{{Token: "own", On: &Match{Paths: []string{"/wallets/**"}}}, {Token: "own", On: keys}},
		Headers:    []Header{{Name: "origin", Value: "own"}},
		Signatures: []Signature{{Label: "sig1", Key: "own"}},
		Retries:    []Retry{{On: keys, Attempts: 2}},
	})
	want := Config{
		Bearer:     []Bearer{{Token: "own", On: wallets}, {Token: "own", On: keys}, {Token: "preset"}},
		Headers:    []Header{{Name: "origin", Value: "own"}, {Name: "X-B", Value: "preset"}},
		Signatures: []Signature{{Label: "sig1", Key: "own"}, {Label: "sig2", Key: "preset"}},
		Retries:    []Retry{{On: keys, Attempts: 2}, {On: wallets, Attempts: 9}},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v\nwant %+v", c, want)
	}
}

func TestRemove(t *testing.T) {
	for name := range removals {
		c := full(t)
		if !c.Remove(name) || reflect.DeepEqual(c, full(t)) {
			t.Errorf("%s is not removed", name)
		}
		if c.Remove(name) {
			t.Errorf("%s is removed twice", name)
		}
	}
	c := full(t)
	for _, name := range []string{"upstream", "allow", "canary", ""} {
		if c.Remove(name) || !reflect.DeepEqual(c, full(t)) {
			t.Errorf("%q is removed", name)
		}
	}
}
