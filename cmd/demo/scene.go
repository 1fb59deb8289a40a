package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
)

// A scene is what a proxy needs for some acts: a directory with its files.
type scene struct {
	acts         []*act
	dir          string
	caddyfile    string // its text
	proxyAddress string
}

func newScene(acts []*act) (*scene, error) {
	s := &scene{acts: acts}
	if err := s.write(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// write writes keys, tokens, the partners' authorities and the Caddyfile.
func (s *scene) write() error {
	var err error
	if s.dir, err = os.MkdirTemp("", "partnersign-demo-"); err != nil {
		return err
	}
	if s.proxyAddress, err = freeAddress(); err != nil {
		return err
	}
	s.caddyfile = "{\n\tadmin off\n\tpersist_config off\n\tauto_https off\n}\n\n" +
		"http://" + s.proxyAddress + " {\n\tbind 127.0.0.1\n"
	for _, a := range s.acts {
		s.caddyfile += "\n" + indent("handle_path /"+a.name+"/* {\n"+indent(s.block(a))+"}\n")
		if err := a.partner.WriteCA(s.file(a.name + "-ca.pem")); err != nil {
			return err
		}
		for name, content := range a.files {
			if err := os.WriteFile(s.file(name), content, 0o600); err != nil {
				return err
			}
		}
	}
	s.caddyfile += "}\n"
	return os.WriteFile(s.file("Caddyfile"), []byte(s.caddyfile), 0o600)
}

// block is an act's part of the Caddyfile.
func (s *scene) block(a *act) string {
	trust := "transport http {\n\ttls_trust_pool file DIR/" + a.name + "-ca.pem\n}\n"
	return strings.ReplaceAll(a.block+indent(trust)+"}\n", "DIR", s.dir)
}

func indent(text string) string {
	return "\t" + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n\t") + "\n"
}

func (s *scene) file(name string) string { return filepath.Join(s.dir, name) }

func (s *scene) close() {
	for _, a := range s.acts {
		a.partner.Close()
	}
	if s.dir != "" {
		os.RemoveAll(s.dir)
	}
}

// freeAddress returns an address of 127.0.0.1 that nobody listened on a moment ago.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}
