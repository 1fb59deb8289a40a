//go:build unix

package caddymodule

import (
	"net/netip"
	"syscall"
)

// isOpenSocket reports whether a descriptor that somebody handed to this
// process, such as systemd, listens for others than this machine. Where there
// is none, as for `caddy validate`, Caddy could not listen either.
func isOpenSocket(fd int) bool {
	address, err := syscall.Getsockname(fd)
	if err != nil {
		return false
	}
	switch address := address.(type) {
	case *syscall.SockaddrInet4:
		return !netip.AddrFrom4(address.Addr).IsLoopback()
	case *syscall.SockaddrInet6:
		return !netip.AddrFrom16(address.Addr).Unmap().IsLoopback()
	}
	return false
}
