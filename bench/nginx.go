package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

var (
	//go:embed nginx/nginx.conf
	nginxConf string
	//go:embed nginx/sign.lua
	nginxLua []byte
	//go:embed nginx/sign.js
	nginxJS []byte
)

const nginxModules = "/usr/lib/nginx/modules/" // Debian's

// nginx is the command; it is not on everybody's PATH.
func nginx() string {
	if path, err := exec.LookPath("nginx"); err == nil {
		return path
	}
	return "/usr/sbin/nginx"
}

func missingModule(file, install string) string {
	if _, err := os.Stat(nginx()); err != nil {
		return install
	}
	if _, err := os.Stat(nginxModules + file); err != nil {
		return install
	}
	return ""
}

func missingLua() string {
	return missingModule("ngx_http_lua_module.so", "apt-get install nginx libnginx-mod-http-lua")
}

func missingNJS() string {
	return missingModule("ngx_http_js_module.so", "apt-get install nginx libnginx-mod-http-js")
}

// startLua signs ed25519 with libcrypto, called through LuaJIT's FFI.
func startLua(ctx context.Context, l *lab, t target) (*process, error) {
	script := filepath.Join(l.dir, "sign.lua")
	if err := os.WriteFile(script, nginxLua, 0o644); err != nil {
		return nil, err
	}
	return startNginx(ctx, l, t, []string{"ndk_http_module.so", "ngx_http_lua_module.so"}, fmt.Sprintf(
		"lua_package_path '%s/?.lua;/usr/share/lua/5.1/?.lua;;';\n"+
			"init_by_lua_block { sign = require('sign').new('%s', '%s') }", l.dir, l.keys.file(ed), l.partner.Plain),
		"access_by_lua_block { sign() }")
}

// startNJS signs hmac-sha256 with njs' own crypto module.
func startNJS(ctx context.Context, l *lab, t target) (*process, error) {
	if err := os.WriteFile(filepath.Join(l.dir, "sign.js"), nginxJS, 0o644); err != nil {
		return nil, err
	}
	var http, location strings.Builder
	fmt.Fprintf(&http, "js_path %s;\njs_import sign from sign.js;\njs_var $upstream %s;\n", l.dir, l.partner.Plain)
	for _, header := range [][2]string{
		{"Content-Digest", "digest"}, {"Idempotency-Key", "idempotency"}, {"Signature-Input", "input"}, {"Signature", "signature"},
	} {
		fmt.Fprintf(&http, "js_set $signed_%[1]s sign.%[1]s;\n", header[1])
		fmt.Fprintf(&location, "proxy_set_header %s $signed_%s;\n", header[0], header[1])
	}
	fmt.Fprintf(&location, "proxy_set_header Authorization 'Bearer %s';\n", token)
	return startNginx(ctx, l, t, []string{"ngx_http_js_module.so"}, http.String(), location.String())
}

// startNginx starts nginx with lines of our own in its http and location blocks.
func startNginx(ctx context.Context, l *lab, t target, modules []string, http, location string) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	var load strings.Builder
	for _, module := range modules {
		fmt.Fprintf(&load, "load_module %s%s;\n", nginxModules, module)
	}
	dir := filepath.Join(l.dir, t.Name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	text := strings.NewReplacer(
		"MODULES", load.String(), "WORKERS", fmt.Sprint(l.pin.Cores), "HTTP", http, "LOCATION", location,
		"DIR", dir, "ADDRESS", address, "UPSTREAM", strings.TrimPrefix(l.partner.Plain, "http://"),
	).Replace(nginxConf)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	return startProcess(ctx, l, t.Name, "http://"+address, "/", nginx(), "-p", dir, "-c", file, "-e", "stderr")
}
