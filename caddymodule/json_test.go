package caddymodule_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/partnersign/partnersign/caddymodule"
	"github.com/partnersign/partnersign/signer/config"
)

// fill sets everything in v to something.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0))
		fill(v.Index(1))
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1500000000)
	default:
		panic("what is a " + v.Type().String() + "?")
	}
}

// TestJSONRoundTrip has every field of a partner, of a guard and of the app.
func TestJSONRoundTrip(t *testing.T) {
	var partner config.Config
	fill(reflect.ValueOf(&partner).Elem())
	for _, want := range []any{
		&caddymodule.Transport{Config: partner, HTTPTransport: new(reverseproxy.HTTPTransport)},
		func() any { g := new(caddymodule.Guard); fill(reflect.ValueOf(g).Elem()); return g }(),
		func() any { a := new(caddymodule.App); fill(reflect.ValueOf(a).Elem()); return a }(),
		&partner,
	} {
		marshalled, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got := reflect.New(reflect.TypeOf(want).Elem()).Interface()
		if transport, ok := got.(*caddymodule.Transport); ok {
			transport.HTTPTransport = new(reverseproxy.HTTPTransport) // as New does
		}
		if err := caddy.StrictUnmarshalJSON(marshalled, got); err != nil {
			t.Errorf("%T: %v", want, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%T came back as %+v", want, got)
		}
		if strings.Contains(string(marshalled), "null") || strings.Contains(string(marshalled), `""`) {
			t.Errorf("%T: a field is missing in %s", want, marshalled)
		}
		empty, err := json.Marshal(reflect.New(reflect.TypeOf(want).Elem()).Interface())
		if err != nil || string(empty) != "{}" {
			t.Errorf("%T that is empty is %s, %v", want, empty, err)
		}
	}
}

// TestJSONNames keeps a partner's fields apart from those of Caddy's HTTP
// transport, which are in the same object, and from the module's name.
func TestJSONNames(t *testing.T) {
	ours, theirs := jsonNames(reflect.TypeFor[config.Config]()), jsonNames(reflect.TypeFor[reverseproxy.HTTPTransport]())
	for _, name := range ours {
		if slices.Contains(theirs, name) || name == "protocol" {
			t.Errorf("%q is the name of two fields", name)
		}
	}
	if len(ours) < 10 || len(theirs) < 10 {
		t.Errorf("there are too few names: %v, %v", ours, theirs)
	}
}

func jsonNames(of reflect.Type) (names []string) {
	for i := range of.NumField() {
		if name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// TestJSONDocumentation sees to a comment on every field: Caddy's website and
// editors show them.
func TestJSONDocumentation(t *testing.T) {
	documented := map[string]int{}
	for _, dir := range []string{".", "../signer/config"} {
		paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			maps.Copy(documented, documentation(t, file))
		}
	}
	for _, of := range []reflect.Type{reflect.TypeFor[config.Config](), reflect.TypeFor[caddymodule.Guard](), reflect.TypeFor[caddymodule.App](), reflect.TypeFor[caddymodule.ClientAuth](), reflect.TypeFor[config.Signature]()} {
		if documented[of.Name()] == 0 {
			t.Errorf("%v was not looked at", of)
		}
	}
}

// documentation complains about fields with a JSON name and without a comment,
// and counts the others by type.
func documentation(t *testing.T, file *ast.File) map[string]int {
	documented := map[string]int{}
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.TypeSpec)
		if !ok {
			return true
		}
		fields, ok := spec.Type.(*ast.StructType)
		if !ok {
			return false
		}
		for _, field := range fields.Fields.List {
			if field.Tag == nil || !strings.Contains(field.Tag.Value, "json:") {
				continue
			}
			if comment := strings.TrimSpace(field.Doc.Text()); !strings.HasSuffix(comment, ".") {
				t.Errorf("%s.%s has no comment that is a sentence: %q", spec.Name, field.Names[0], comment)
			}
			documented[spec.Name.Name]++
		}
		return false
	})
	return documented
}
