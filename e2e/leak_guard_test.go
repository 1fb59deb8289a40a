package e2e

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// notSecret are the fields of the configuration that hold no secret. Every other
// field of text must be a canary in the leak test: add a new one here or there.
var notSecret = strings.Fields(`
	Config.name Config.upstream Config.client_headers Match.methods Match.paths
	OAuth2.token_url OAuth2.algorithm OAuth2.auth_style OAuth2.scopes Param.name
	TokenEndpoint.url TokenEndpoint.token TokenEndpoint.expires_at TokenEndpoint.expires_in
	Header.name Header.op
	CaptureCall.method CaptureCall.path CaptureID.name CaptureID.pointer Capture.token Capture.expires_at
	CaptureCheck.pointer CaptureCheck.name CaptureSend.header CaptureSend.methods CaptureSend.paths
	JSONField.pointer Retry.body_has
	IdempotencyKey.header IdempotencyKey.methods IdempotencyKey.format IdempotencyKey.from_header IdempotencyKey.from_body
	IdempotencyKey.response_header ContentDigest.algorithms ContentDigest.key_name
	Signature.label Signature.key_format Signature.algorithm Signature.components Signature.parameters
	Signature.ecdsa_encoding Signature.byte_encoding Signature.header_names Signature.existing
	DfnsCredential.client_token
	ClientAuth.header Connect.partners Connect.tunnels Connect.ca
	Guard.partner Guard.upstream Guard.client_users Guard.client_groups Guard.client_certificates Guard.browsers Guard.client_hosts
	Verifier.partner`)

// notSecretByName are names, which may come from the environment or from files as
// secrets do. The audit log has some of them, and partners tell them.
var notSecretByName = strings.Fields(`Signature.key_id DfnsAuth.app_id DfnsCredential.id`)

// checkLeakCoverage checks that a configuration has a canary in every field that can
// hold a secret.
func checkLeakCoverage(t *testing.T, configuration, dir string) {
	t.Helper()
	var root struct{ Apps map[string]any }
	if err := json.Unmarshal([]byte(configuration), &root); err != nil {
		t.Fatal(err)
	}
	covered, fields := map[string]bool{}, map[string]bool{}
	modules := ourModules(t)
	for _, typ := range modules {
		eachField(reflect.New(typ).Elem(), true, func(name, _ string) { fields[name] = true })
	}
	eachModule(root.Apps, modules, func(v reflect.Value) {
		eachField(v, false, func(name, text string) {
			if strings.Contains(text, "{env.LEAK_") || strings.Contains(text, dir+"/") {
				covered[name] = true
			}
		})
	})
	for name := range fields {
		if harmless := slices.Contains(notSecret, name) || slices.Contains(notSecretByName, name); covered[name] == harmless {
			t.Errorf("%s has a canary: %t, holds no secret: %t; give it a canary in leakSite or list it as notSecret", name, covered[name], harmless)
		}
	}
	for _, name := range slices.Concat(notSecret, notSecretByName) {
		if !fields[name] {
			t.Errorf("%s is listed as not secret, and is no field any more", name)
		}
	}
	for _, name := range documentedSecrets(t) {
		if slices.Contains(notSecret, name) {
			t.Errorf("%s may be {env.NAME}, and is listed as not secret", name)
		}
	}
}

// ourModules are the types of partnersign's modules, by the last part of their ids.
func ourModules(t *testing.T) map[string]reflect.Type {
	t.Helper()
	modules := map[string]reflect.Type{}
	for _, id := range caddy.Modules() {
		if strings.Contains(id, "partnersign") {
			module, err := caddy.GetModule(id)
			if err != nil {
				t.Fatal(err)
			}
			modules[id[strings.LastIndexByte(id, '.')+1:]+kindOf(id)] = reflect.TypeOf(module.New()).Elem()
		}
	}
	return modules
}

// kindOf tells modules of one name apart.
func kindOf(id string) string {
	switch {
	case strings.HasPrefix(id, "http.handlers."):
		return " handler"
	case strings.HasPrefix(id, "http.reverse_proxy.transport."):
		return " protocol"
	}
	return ""
}

// eachModule finds the modules in a configuration.
func eachModule(v any, modules map[string]reflect.Type, found func(reflect.Value)) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			eachModule(item, modules, found)
		}
	case map[string]any:
		for name, item := range v {
			text, _ := item.(string)
			if typ, ok := modules[text+" "+name]; ok {
				found(decoded(v, typ))
			}
			if typ, ok := modules[name]; ok {
				found(decoded(item, typ))
			}
			eachModule(item, modules, found)
		}
	}
}

func decoded(v any, typ reflect.Type) reflect.Value {
	text, _ := json.Marshal(v)
	value := reflect.New(typ)
	_ = json.Unmarshal(text, value.Interface())
	return value.Elem()
}

// eachField finds the fields of text of our types, as Type.json_name; of a type
// also those that are not set.
func eachField(v reflect.Value, ofType bool, found func(name, text string)) {
	typ := v.Type()
	if typ.Kind() != reflect.Struct || !strings.HasPrefix(typ.PkgPath(), "github.com/partnersign/") {
		return
	}
	for i := range typ.NumField() {
		field, value := typ.Field(i), v.Field(i)
		tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if tag == "" && !field.Anonymous {
			continue
		}
		each(value, ofType, func(v reflect.Value) {
			if v.Kind() == reflect.String {
				found(typ.Name()+"."+tag, v.String())
			}
			eachField(v, ofType, found)
		})
	}
}

// each looks behind pointers and into slices and maps.
func each(v reflect.Value, ofType bool, found func(reflect.Value)) {
	switch kind := v.Kind(); {
	case kind != reflect.Pointer && kind != reflect.Slice && kind != reflect.Map:
		found(v)
	case ofType:
		each(reflect.New(v.Type().Elem()).Elem(), ofType, found)
	case kind == reflect.Pointer && !v.IsNil():
		each(v.Elem(), ofType, found)
	case kind == reflect.Slice:
		for i := range v.Len() {
			each(v.Index(i), ofType, found)
		}
	case kind == reflect.Map:
		for _, key := range v.MapKeys() {
			each(v.MapIndex(key), ofType, found)
		}
	}
}

// documentedSecrets are the fields whose comments say that they may be {env.NAME}.
func documentedSecrets(t *testing.T) (names []string) {
	t.Helper()
	for _, dir := range []string{"../signer/config", "../caddymodule"} {
		paths, err := filepath.Glob(dir + "/*.go")
		if err != nil || len(paths) == 0 {
			t.Fatalf("no source in %s: %v", dir, err)
		}
		for _, path := range paths {
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				typ, ok := n.(*ast.TypeSpec)
				if !ok {
					return true
				}
				structure, ok := typ.Type.(*ast.StructType)
				if !ok {
					return true
				}
				for _, field := range structure.Fields.List {
					if field.Tag != nil && strings.Contains(field.Doc.Text(), "{env.NAME}") {
						tag := reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("json")
						name, _, _ := strings.Cut(tag, ",")
						names = append(names, typ.Name.Name+"."+name)
					}
				}
				return true
			})
		}
	}
	if len(names) < 10 {
		t.Errorf("only %q are documented as secrets: how is it written?", names)
	}
	return names
}
