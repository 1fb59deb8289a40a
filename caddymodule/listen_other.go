//go:build !unix

package caddymodule

// isOpenSocket is not asked where processes are not handed sockets.
func isOpenSocket(int) bool { return true }
