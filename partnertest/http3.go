package partnertest

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// serveHTTP3 serves HTTP/3 on the UDP port whose number is that of the TCP port.
func serveHTTP3(p *Partner) (*http3Server, error) {
	tcp, ok := p.Addr().(*net.TCPAddr)
	if !ok {
		return nil, fmt.Errorf("partnertest: h3 needs a TCP address, not %s", p.Addr())
	}
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: tcp.IP, Port: tcp.Port, Zone: tcp.Zone})
	if err != nil {
		return nil, err
	}
	config := http3.ConfigureTLSConfig(&tls.Config{Certificates: []tls.Certificate{p.authority.leaf}})
	server := &http3.Server{
		Handler:   http.HandlerFunc(p.serve),
		TLSConfig: config,
		ConnContext: func(ctx context.Context, _ *quic.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, &link{id: int(p.listener.conns.Add(1))})
		},
	}
	p.serving.Go(func() { server.Serve(conn) })
	return &http3Server{server, conn}, nil
}

// An http3Server owns its socket, which an http3.Server leaves open.
type http3Server struct {
	server *http3.Server
	socket *net.UDPConn
}

func (s *http3Server) Close() error {
	err := s.server.Close()
	s.socket.Close()
	return err
}
